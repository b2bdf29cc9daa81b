/**
 * DPS over HTTPS, as its REST reference has it ("Runtime Registration", Microsoft): register, operation status, and the
 * state of a registration. A SAS token in Authorization, or a client certificate.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "./faults.ts";
import { Gathered } from "./gathered.ts";
import type { Answer, Registrations } from "./registrations.ts";

export interface DpsHttpsOptions {
	readonly registrations: Registrations;
	readonly faults: Faults;
	/** Presented by the client: DER, leaf first. */
	readonly chain: readonly Uint8Array[];
}

const PATH = /^\/([^/]+)\/registrations\/([^/]+)(?:\/(register)|\/operations\/([^/]+))?$/;
const MAX_BODY_BYTES = 64 * 1024;

export function isDps(request: IncomingMessage): boolean {
	return PATH.test(pathOf(request));
}

export function answerDps(request: IncomingMessage, response: ServerResponse, options: DpsHttpsOptions): void {
	// A request that breaks off ends its connection.
	answer(request, response, options).catch(() => request.socket.destroy());
}

async function answer(request: IncomingMessage, response: ServerResponse, options: DpsHttpsOptions) {
	const { registrations, faults, chain } = options;
	const [, idScope = "", id = "", register, operationId] = PATH.exec(pathOf(request)) ?? [];
	const method = register !== undefined ? "PUT" : operationId !== undefined ? "GET" : "POST";
	if (request.method !== method) return void response.writeHead(405, { allow: method, "content-length": 0 }).end();
	const body = await read(request);
	if (body === undefined) return void response.writeHead(413, { "content-length": 0, connection: "close" }).end();
	const step = method === "PUT" ? "REGISTER" : "POLL";
	if (faults.strikes("drop-after", step) !== undefined) return void request.socket.destroy();
	const connect = {
		idScope,
		registrationId: decode(id),
		apiVersion: new URLSearchParams(request.url?.split("?")[1]).get("api-version") ?? "",
		password: request.headers.authorization,
		peer: { chain },
	};
	const answered = (given: Answer) => send(request, response, given, faults);
	if (register !== undefined) registrations.register(connect, body, answered);
	else if (operationId !== undefined) registrations.poll(connect, operationId, answered);
	else answered(registrations.lookUp(connect));
}

function send(
	request: IncomingMessage,
	response: ServerResponse,
	{ status, body, retryAfterSeconds, step }: Answer,
	faults: Faults,
): void {
	const text = JSON.stringify(body);
	if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
	response.writeHead(status, {
		"content-type": "application/json; charset=utf-8",
		"content-length": Buffer.byteLength(text),
		"x-ms-request-id": randomUUID(),
		...(status === 202 && { location: `https://${request.headers.host}${pathOf(request)}` }),
	});
	const drops = step !== undefined && faults.strikes("drop-after", step) !== undefined;
	response.end(text, () => drops && request.socket.destroy());
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
	const body = new Gathered();
	for await (const chunk of request) {
		body.add(chunk);
		if (body.length > MAX_BODY_BYTES) return undefined;
	}
	return body.bytes;
}

function pathOf({ url = "" }: IncomingMessage): string {
	return url.split("?")[0]!;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
