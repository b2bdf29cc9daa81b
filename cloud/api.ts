/**
 * The operator's HTTP API and page on 127.0.0.1: JSON over HTTP/1.1, a bearer token on every call; the page's own files
 * need none, its stream of events has the token in its address (EventSource sends no headers).
 *
 * Refuses other Host names than loopback's (DNS rebinding), foreign origins, bodies over 300 KB, and unknown routes.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "../src/fault.ts";
import { Gathered } from "./gathered.ts";
import { HalfOpen } from "./half-open.ts";
import { parseJson } from "./json.ts";
import { OpenAnswers } from "./open-answers.ts";
import { UnknownDevice } from "./operator.ts";
import { servePage } from "./page.ts";
import { type Context, ROUTES } from "./routes.ts";
import { openStream } from "./stream.ts";

export interface Api {
	readonly url: string;
	readonly token: string;
	close(): Promise<void>;
}

/** 192 bits. */
const TOKEN_CHARACTERS = 32;
const MAX_BODY_BYTES = 300 * 1024;
/** Of all answers that their clients have not read: beyond that nothing more is answered. */
const MOST_UNREAD_BYTES = 128 * 1024 * 1024;
/** Connections that have not shown the token, or wait between requests. */
const MOST_WAITING = 1000;
/** Of no matter: path and query count. */
const ORIGIN = "http://127.0.0.1";

/** `secret`: of the state folder. The token follows from it, so that a page finds the same cloud again after a restart. */
export async function serveApi(port: number, secret: Uint8Array, context: Context): Promise<Api> {
	const token = createHmac("sha256", secret).update("HTTP API").digest("base64url").slice(0, TOKEN_CHARACTERS);
	const halfOpen = new HalfOpen(context.clock, MOST_WAITING);
	const open = new OpenAnswers();
	const unread = new Unread();
	const server = createServer((request, response) => {
		const { socket } = request;
		response.once("close", () => halfOpen.wait(socket));
		const known = () => halfOpen.done(socket);
		open.add(socket, response, () => {
			handle(request, response, { token, known, unread, context }).catch((error: Error) => {
				// A stream that has begun can only end.
				if (response.headersSent) response.destroy();
				else reply(response, ...failure(error));
			});
		});
	});
	server.on("connection", (socket) => halfOpen.door(socket));
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, "127.0.0.1", resolve);
	});
	return {
		url: `http://127.0.0.1:${portOf(server)}`,
		token,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

interface Handling {
	readonly token: string;
	/** Told when the request has shown it. */
	readonly known: () => void;
	readonly unread: Unread;
	readonly context: Context;
}

async function handle(request: IncomingMessage, response: ServerResponse, handling: Handling) {
	const { token, known, unread, context } = handling;
	const { method = "", headers } = request;
	const target = request.url ?? "/";
	if (!URL.canParse(target, ORIGIN)) throw new Problem(400, "the address is malformed");
	const { pathname, searchParams } = new URL(target, ORIGIN);
	if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? "")) throw new Problem(403, "only by a loopback name");
	if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
		throw new Problem(403, "not from other origins");
	if (method === "GET" && (await servePage(pathname, response))) return;
	const isStream = method === "GET" && pathname === "/stream";
	const shown = isStream ? `Bearer ${searchParams.get("token")}` : headers.authorization;
	if (!sameText(shown ?? "", `Bearer ${token}`)) throw new Problem(401, "a bearer token is needed");
	known();
	if (isStream) return openStream(response, context);
	const found = ROUTES.filter((route) => route.path.test(pathname));
	if (found.length === 0) throw new Problem(404, `no such resource: ${pathname}`);
	const route = found.find((candidate) => candidate.method === method);
	if (route === undefined) throw new Problem(405, `only ${found.map((candidate) => candidate.method).join(", ")}`);
	const names = route.path.exec(pathname)!.slice(1).map(decodeURIComponent);
	const body = await readBody(request);
	unread.check();
	const result = route.run({ names, query: searchParams, body, context });
	// What is there at once is sent at once: of requests that come together one answer is in the making.
	unread.add(response, reply(response, 200, result instanceof Promise ? await result : result));
}

/** What all clients have not read. */
class Unread {
	#bytes = 0;

	/** Throws Problem where it is too much for another answer. */
	check(): void {
		if (this.#bytes > MOST_UNREAD_BYTES) throw new Problem(503, "too many answers have not been read");
	}

	add(response: ServerResponse, bytes: number): void {
		this.#bytes += bytes;
		response.once("close", () => {
			this.#bytes -= bytes;
		});
	}
}

class Problem extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

function failure(error: Error): [number, object] {
	if (error instanceof Problem) return [error.status, { error: error.message }];
	if (error instanceof UnknownDevice) return [404, { error: error.message }];
	// A Fault: of a bundle that is none.
	if (error instanceof RangeError || error instanceof URIError || error instanceof Fault)
		return [400, { error: error.message }];
	return [500, { error: error.message }];
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
	const body = new Gathered();
	// Read to its end all the same: a connection that is reset would take the answer with it.
	for await (const chunk of request) if (body.length <= MAX_BODY_BYTES) body.add(chunk);
	if (body.length > MAX_BODY_BYTES) throw new Problem(413, "the body exceeds 300 KB");
	if (body.length === 0) return {};
	let value: unknown;
	try {
		value = parseJson(body.bytes.toString("utf8"));
	} catch (error) {
		throw new Problem(400, `the body is not JSON: ${(error as Error).message}`);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new Problem(400, "the body is not an object");
	return value as Record<string, unknown>;
}

/** Characters of the body. */
function reply(response: ServerResponse, status: number, value: unknown): number {
	const text = `${JSON.stringify(value ?? {})}\n`;
	response.writeHead(status, {
		"content-type": "application/json",
		"cache-control": "no-store",
		"x-content-type-options": "nosniff",
	});
	response.end(text);
	return text.length;
}

function sameText(given: string, expected: string): boolean {
	const [a, b] = [Buffer.from(given), Buffer.from(expected)];
	return a.length === b.length && timingSafeEqual(a, b);
}

function portOf(server: Server): number {
	const address = server.address();
	return typeof address === "object" && address !== null ? address.port : 0;
}
