/**
 * HTTP/1.1 (RFC 9112, RFC 9110), the client's half of one GET: the request, and the response as a state machine on bytes.
 * Answers in HTTP/1.0 are taken, too.
 *
 * A server may send the whole of what it was asked a part of, a shorter part, or one that begins earlier. Refused: responses without
 * Content-Length (chunked by name), content codings, heads beyond 8 KiB, folded or repeated header fields that matter, ranges that
 * leave a gap, bytes beyond the length.
 */
import { fromUnits, utf8 } from "../base/bytes.ts";
import { endOfHead } from "../base/head.ts";
import { Fault } from "../fault.ts";
import type { HttpsUri } from "./uri.ts";

/** `from` > 0 asks for the rest only, `most` for so many bytes, over a connection that stays; a server may still send everything. */
export function encodeRequest(uri: HttpsUri, from: number, most?: number): Uint8Array {
	const host = uri.port === 443 ? uri.host : `${uri.host}:${uri.port}`;
	const lines = [`GET ${uri.path} HTTP/1.1`, `Host: ${host}`, "User-Agent: enrollee", "Accept-Encoding: identity"];
	if (most === undefined) lines.push("Connection: close");
	if (from > 0 || most !== undefined) lines.push(`Range: bytes=${from}-${most === undefined ? "" : from + most - 1}`);
	return utf8(`${lines.join("\r\n")}\r\n\r\n`);
}

export type Head =
	/** `length` bytes follow, which belong at `start` of the resource's `total`, if the server says that. */
	| { readonly kind: "body"; readonly start: number; readonly length: number; readonly total: number | undefined }
	/** The server has no such range: the whole may still be had. */
	| { readonly kind: "no-range" }
	| { readonly kind: "redirect"; readonly location: string };

/** Bounds every head, informational ones included. */
const MAX_HEAD_BYTES = 8192;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

export class ResponseReader {
	readonly #from: number;
	/** The head so far, and room for more of it: bytes may come one by one. */
	#room: Uint8Array = NOTHING;
	#filled = 0;
	#headBytes = 0;
	#left = 0;
	head: Head | undefined;
	/** The server takes another request over this connection (RFC 9112, 9.3); one of HTTP/1.0 is not asked to. */
	keepsAlive = false;

	/** `from`: as in the request. */
	constructor(from: number) {
		this.#from = from;
	}

	/** The whole body has been handed out. */
	get done(): boolean {
		return this.head?.kind === "body" && this.#left === 0;
	}

	/** Gives the bytes of the body among `bytes`. Throws Fault ota.http, ota.chunked, ota.length. */
	push(bytes: Uint8Array): Uint8Array {
		let body = bytes;
		while (this.head === undefined) {
			const from = Math.max(0, this.#filled - 3);
			const held = this.#hold(body);
			const end = endOfHead(held, from);
			if (this.#headBytes + (end < 0 ? held.length : end) > MAX_HEAD_BYTES)
				throw new Fault("ota.http", `head beyond ${MAX_HEAD_BYTES} bytes`);
			if (end < 0) return NOTHING;
			this.#headBytes += end;
			body = held.subarray(end);
			this.#room = NOTHING;
			this.#filled = 0;
			const text = fromUnits(held.subarray(0, end));
			this.head = readHead(text, this.#from);
			this.keepsAlive = text.startsWith("HTTP/1.1") && !/\r\nconnection:[^\r]*close/i.test(text);
			if (this.head?.kind === "body") this.#left = this.head.length;
		}
		if (this.head.kind !== "body") return NOTHING;
		if (body.length > this.#left)
			throw new Fault("ota.length", `${body.length - this.#left} bytes beyond Content-Length`);
		this.#left -= body.length;
		return body;
	}

	#hold(bytes: Uint8Array): Uint8Array {
		const filled = this.#filled + bytes.length;
		if (filled > this.#room.length) {
			const larger = new Uint8Array(Math.max(filled, 2 * this.#room.length));
			larger.set(this.#room.subarray(0, this.#filled));
			this.#room = larger;
		}
		this.#room.set(bytes, this.#filled);
		this.#filled = filled;
		return this.#room.subarray(0, filled);
	}
}

/** Undefined for an informational response (1xx): another head follows. */
function readHead(text: string, from: number): Head | undefined {
	const [statusLine, ...lines] = text.slice(0, -4).split("\r\n");
	const status = Number(/^HTTP\/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(statusLine!)?.[1] ?? 0);
	if (status === 0) throw new Fault("ota.http", "not a response of HTTP/1.0 or 1.1");
	const fields = readFields(lines);
	if (status < 200) return undefined;
	if (REDIRECTS.includes(status)) return { kind: "redirect", location: fields.get("location") ?? "" };
	if (status === 416 && from > 0) return { kind: "no-range" };
	if (status !== 200 && status !== 206) throw refusedStatus(status, fields);
	if (fields.has("transfer-encoding"))
		throw new Fault("ota.chunked", `Transfer-Encoding: ${fields.get("transfer-encoding")}`);
	if ((fields.get("content-encoding") ?? "identity").toLowerCase() !== "identity")
		throw new Fault("ota.http", `Content-Encoding: ${fields.get("content-encoding")}`);
	const length = decimal(fields.get("content-length"), "Content-Length");
	if (status === 200) return { kind: "body", start: 0, length, total: length };
	return readRange(fields.get("content-range"), from, length);
}

/**
 * "bytes first-last/total" or "/*" (RFC 9110 section 14.4). Several parts at once, a range that begins too late and none at all are
 * of no use: then the whole is asked for.
 */
function readRange(text: string | undefined, from: number, length: number): Head {
	const [, first, last, total] = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)$/i.exec(text ?? "") ?? [];
	if (first === undefined || Number(first) > from || Number(last) < from) {
		if (from > 0) return { kind: "no-range" };
		throw new Fault("ota.http", `Content-Range ${text ?? "missing"}, asked for all`);
	}
	if (length !== Number(last) - Number(first) + 1 || (total !== "*" && Number(last) >= Number(total)))
		throw new Fault("ota.length", `Content-Range ${text} with Content-Length ${length}`);
	return { kind: "body", start: Number(first), length, total: total === "*" ? undefined : Number(total) };
}

const REDIRECTS: readonly number[] = /* @__PURE__ */ Object.freeze([301, 302, 303, 307, 308]);
/** Repeating one of these is an attack or a broken proxy. */
const SINGLE: readonly string[] = /* @__PURE__ */ Object.freeze([
	"content-length",
	"content-range",
	"content-encoding",
	"transfer-encoding",
	"location",
]);

function readFields(lines: readonly string[]): Map<string, string> {
	const fields = new Map<string, string>();
	// Once a head: XS would compile it for each line.
	const pattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
	for (const line of lines) {
		const [, name, value] = pattern.exec(line) ?? [];
		if (name === undefined) throw new Fault("ota.http", "malformed header field");
		const key = name.toLowerCase();
		if (SINGLE.includes(key) && fields.has(key)) throw new Fault("ota.http", `${name} repeated`);
		fields.set(key, value!.trimEnd());
	}
	return fields;
}

function refusedStatus(status: number, fields: Map<string, string>): Fault {
	if (status === 404) return new Fault("ota.missing", "status 404");
	const retryable = status >= 500 || status === 408 || status === 425 || status === 429;
	const wait = fields.get("retry-after") ?? "";
	const retryAfterSeconds = /^[0-9]{1,6}$/.test(wait) ? Number(wait) : undefined;
	return new Fault("ota.http", `status ${status}`, { retryable, retryAfterSeconds });
}

function decimal(text: string | undefined, name: string): number {
	if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw new Fault("ota.http", `${name} ${text ?? "missing"}`);
	return Number(text);
}
