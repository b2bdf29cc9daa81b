/**
 * HTTP/1.1 (RFC 9112, RFC 9110), the client's half of one GET: the request, and the response as a state machine on bytes.
 * Answers in HTTP/1.0 are taken, too.
 *
 * A server may send the whole of what it was asked a part of, a shorter part, or one that begins earlier. Refused: responses without
 * Content-Length (chunked by name), content codings, heads that base/http-head.ts refuses, ranges that leave a gap, bytes beyond the length.
 */
import { utf8 } from "../base/bytes.ts";
import { type HeadOptions, HeadReader } from "../base/http-head.ts";
import { Fault } from "../fault.ts";
import { type HttpsUri, MAX_URI } from "./uri.ts";

/** `from` > 0 asks for the rest only, `most` for so many bytes, over a connection that stays; a server may still send everything. */
export function encodeRequest(uri: HttpsUri, from: number, most?: number): Uint8Array {
	const host = uri.port === 443 ? uri.host : `${uri.host}:${uri.port}`;
	const range =
		from > 0 || most !== undefined ? `Range: bytes=${from}-${most === undefined ? "" : from + most - 1}\r\n` : "";
	const close = most === undefined ? "Connection: close\r\n" : "";
	const fields = `Host: ${host}\r\nUser-Agent: enrollee\r\nAccept-Encoding: identity\r\n${close}${range}\r\n`;
	return utf8(`GET ${uri.path} HTTP/1.1\r\n${fields}`);
}

export type Head =
	/** `length` bytes follow, which belong at `start` of the resource's `total`, if the server says that. */
	| { readonly kind: "body"; readonly start: number; readonly length: number; readonly total: number | undefined }
	/** The server has no such range: the whole may still be had. */
	| { readonly kind: "no-range" }
	| { readonly kind: "redirect"; readonly location: string };

const NOTHING = /* @__PURE__ */ new Uint8Array(0);

const HEAD: HeadOptions = /* @__PURE__ */ Object.freeze({
	single: Object.freeze(["content-length", "content-range", "content-encoding", "transfer-encoding", "location"]),
	others: Object.freeze(["connection", "retry-after"]),
	// A Location with the longest address that is followed.
	mostLineBytes: MAX_URI + 64,
	long: "location",
	refusal: (what: string) => new Fault("ota.http", `an answer with ${what}`),
});

export class ResponseReader {
	readonly #from: number;
	readonly #reader = new HeadReader(HEAD);
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
			body = body.subarray(this.#reader.push(body));
			if (!this.#reader.isDone) return NOTHING;
			this.#begin(this.#reader);
		}
		if (this.head.kind !== "body") return NOTHING;
		if (body.length > this.#left)
			throw new Fault("ota.length", `${body.length - this.#left} bytes beyond Content-Length`);
		this.#left -= body.length;
		return body;
	}

	/** A head is there. */
	#begin(reader: HeadReader): void {
		if (reader.status < 200) {
			reader.again();
			return;
		}
		this.head = readHead(reader, this.#from);
		this.keepsAlive = reader.isHttp11 && !/close/i.test(reader.fields.get("connection") ?? "");
		if (this.head.kind === "body") this.#left = this.head.length;
	}
}

function readHead({ status, fields }: HeadReader, from: number): Head {
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
	const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text?.toLowerCase() ?? "") ?? [];
	if (first === undefined || Number(first) > from || Number(last) < from) {
		if (from > 0) return { kind: "no-range" };
		throw new Fault("ota.http", `Content-Range ${text ?? "missing"}, asked for all`);
	}
	if (length !== Number(last) - Number(first) + 1 || (total !== "*" && Number(last) >= Number(total)))
		throw new Fault("ota.length", `Content-Range ${text} with Content-Length ${length}`);
	return { kind: "body", start: Number(first), length, total: total === "*" ? undefined : Number(total) };
}

const REDIRECTS: readonly number[] = /* @__PURE__ */ Object.freeze([301, 302, 303, 307, 308]);
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
