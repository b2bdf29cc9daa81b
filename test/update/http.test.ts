/** HTTP responses: what is read, what is refused by name, in any pieces, mutated and truncated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, utf8, utf8Text } from "../../src/base/bytes.ts";
import type { FaultCode } from "../../src/fault.ts";
import { encodeRequest, type Head, ResponseReader } from "../../src/update/http.ts";
import { MAX_URI, parseHttpsUri } from "../../src/update/uri.ts";
import { mutations } from "../support/mutate.ts";
import { isFault } from "../support/random.ts";

const response = (status: string, fields: readonly string[], body = ""): Uint8Array =>
	utf8(`HTTP/1.1 ${status}\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n${body}`);

function read(
	bytes: Uint8Array,
	from = 0,
	pieces = bytes.length,
): { head: Head | undefined; body: string; done: boolean } {
	const reader = new ResponseReader(from);
	let body: Uint8Array = new Uint8Array(0);
	for (let at = 0; at < bytes.length; at += pieces) body = concat(body, reader.push(bytes.subarray(at, at + pieces)));
	return { head: reader.head, body: utf8Text(body), done: reader.done };
}

test("the request names host, port and range", () => {
	const text = (from: number): string =>
		utf8Text(encodeRequest(parseHttpsUri("https://Example.com:8443/a/b?c=%20d"), from));
	assert.match(text(0), /^GET \/a\/b\?c=%20d HTTP\/1\.1\r\nHost: example\.com:8443\r\n/);
	assert.match(text(0), /\r\n\r\n$/);
	assert.doesNotMatch(text(0), /Range/);
	assert.match(text(65536), /\r\nRange: bytes=65536-\r\n/);
	assert.match(utf8Text(encodeRequest(parseHttpsUri("https://example.com/"), 0)), /\r\nHost: example\.com\r\n/);
});

test("a whole and a partial body are read, in pieces of any size", () => {
	const whole = response("200 OK", ["Server: x", "CONTENT-LENGTH:5  ", "Content-Encoding: Identity"], "hello");
	const part = response("206 Partial Content", ["Content-Range: bytes 2-4/5", "Content-Length: 3"], "llo");
	const early = concat(response("103 Early Hints", ["Link: </x>"]), whole);
	for (let pieces = 1; pieces <= early.length; pieces++) {
		assert.deepEqual(read(whole, 2, pieces), {
			head: { kind: "body", start: 0, length: 5, total: 5 },
			body: "hello",
			done: true,
		});
		assert.deepEqual(read(part, 2, pieces), {
			head: { kind: "body", start: 2, length: 3, total: 5 },
			body: "llo",
			done: true,
		});
		assert.equal(read(early, 2, pieces).body, "hello");
	}
	assert.equal(read(response("200 OK", ["Content-Length: 6"], "hello")).done, false);
	assert.deepEqual(read(response("307 x", ["Location: /y", "Content-Length: 2"], "no")), {
		head: { kind: "redirect", location: "/y" },
		body: "",
		done: false,
	});
});

test("what cannot be used is refused by name", () => {
	const refused = (code: FaultCode, bytes: Uint8Array, from = 0): void =>
		assert.throws(() => read(bytes, from), isFault(code), utf8Text(bytes));
	refused("ota.chunked", response("200 OK", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"));
	refused("ota.chunked", response("200 OK", ["Transfer-Encoding: chunked", "Content-Length: 5"], "hello"));
	refused("ota.http", response("200 OK", [], "hello"));
	refused("ota.http", response("200 OK", ["Content-Encoding: gzip", "Content-Length: 5"], "hello"));
	refused("ota.http", response("200 OK", ["Content-Length: 5", "Content-Length: 5"], "hello"));
	for (const length of ["-1", "+5", "5, 5", "0x5", "1e3", "", "9".repeat(16)])
		refused("ota.http", response("200 OK", [`Content-Length: ${length}`]));
	refused("ota.length", response("200 OK", ["Content-Length: 4"], "hello"));
	refused("ota.http", response("206 x", ["Content-Length: 3", "Content-Range: bytes 2-4/5"], "llo"), 0);
	refused("ota.length", response("206 x", ["Content-Length: 3", "Content-Range: bytes 1-4/5"], "llo"), 2);
	refused("ota.length", response("206 x", ["Content-Length: 4", "Content-Range: bytes 2-5/5"], "llo?"), 2);
	refused("ota.length", response("206 x", ["Content-Length: 2", "Content-Range: bytes 2-4/5"], "ll"), 2);
	for (const line of ["HTTP/2 200", "HTTP/1.1 20 OK", "HTTP/1.1 600 x", "ICY 200 OK", "", "HTTP/1.1 200\u0000"])
		refused("ota.http", utf8(`${line}\r\nContent-Length: 0\r\n\r\n`));
	for (const field of [
		" folded: x",
		"no colon",
		"a b: c",
		": x",
		"Retry-After: \u0001",
		"x : y",
		`${"x".repeat(129)}: y`,
	])
		refused("ota.http", response("200 OK", ["Content-Length: 0", field]));
});

test("every legal answer to Range is of use", () => {
	const part = (range: string, body: string, total: number | undefined, start: number) =>
		assert.deepEqual(
			read(response("206 x", [`Content-Length: ${body.length}`, `Content-Range: bytes ${range}`], body), 2).head,
			{ kind: "body", start, length: body.length, total },
		);
	part("2-4/5", "llo", 5, 2);
	part("2-3/5", "ll", 5, 2);
	part("1-4/5", "ello", 5, 1);
	part("0-4/5", "hello", 5, 0);
	part("2-4/*", "llo", undefined, 2);
	for (const [what, fields] of [
		["206 without Content-Range", ["Content-Length: 3"]],
		["one that begins too late", ["Content-Length: 2", "Content-Range: bytes 3-4/5"]],
		["one that ends too early", ["Content-Length: 2", "Content-Range: bytes 0-1/5"]],
		["several at once", ["Content-Length: 3", "Content-Type: multipart/byteranges; boundary=x"]],
	] as const)
		assert.deepEqual(read(response("206 x", fields, "llo"), 2).head, { kind: "no-range" }, what);
	assert.deepEqual(read(response("416 x", ["Content-Range: bytes */5", "Content-Length: 0"]), 2).head, {
		kind: "no-range",
	});
});

test("HTTP/1.0 with a length is taken, without one or in chunks not", () => {
	const old = (fields: string, body = "hello") => read(utf8(`HTTP/1.0 200 OK\r\n${fields}\r\n${body}`));
	assert.deepEqual(old("Server: SimpleHTTP/0.6 Python/3.11\r\nContent-Length: 5\r\n").body, "hello");
	assert.throws(() => old("Server: x\r\n"), isFault("ota.http"));
	assert.throws(() => old("Transfer-Encoding: chunked\r\n"), isFault("ota.chunked"));
});

test("a file that is not there may come, for an hour", () => {
	assert.throws(
		() => read(response("404 x", [])),
		(thrown) => isFault("ota.missing")(thrown) && (thrown as { retryable: boolean }).retryable,
	);
});

test("only faults of the moment may be repeated, and the server's wait is kept", () => {
	for (const status of [400, 401, 403, 410, 412, 416])
		assert.throws(
			() => read(response(`${status} x`, [])),
			(thrown) => isFault("ota.http")(thrown) && !(thrown as { retryable: boolean }).retryable,
		);
	for (const status of [408, 425, 429, 500, 502, 503, 504])
		assert.throws(
			() => read(response(`${status} x`, ["Retry-After: 7"])),
			(thrown) => isFault("ota.http")(thrown) && (thrown as { retryAfterSeconds: number }).retryAfterSeconds === 7,
		);
});

test("a head has a bound, also in small pieces and over several heads", () => {
	const endless = new ResponseReader(0);
	assert.throws(() => {
		endless.push(utf8("HTTP/1.1 200 OK\r\n"));
		for (let n = 0; n < 10_000; n++) endless.push(utf8(`X-${n}: y\r\n`));
	}, isFault("ota.http"));
	const early = new ResponseReader(0);
	assert.throws(() => {
		for (let n = 0; n < 10_000; n++) early.push(response("100 Continue", []));
	}, isFault("ota.http"));
});

test("fields that nobody asks for are passed over, however long; those that are asked for are held to a length", () => {
	const long = response("200 OK", [`X: ${"x".repeat(7000)}`, "Content-Length: 5"], "hello");
	for (const pieces of [1, 64, 1000, long.length]) assert.equal(read(long, 0, pieces).body, "hello");
	const led = (length: number, pieces?: number) =>
		read(response("302 x", ["A: b", `Location: /${"r".repeat(length - 1)}`]), 0, pieces).head;
	for (const pieces of [1, 64, undefined])
		assert.deepEqual(led(MAX_URI, pieces), { kind: "redirect", location: `/${"r".repeat(MAX_URI - 1)}` });
	for (const pieces of [1, 64]) assert.throws(() => led(5000, pieces), isFault("ota.http"));
	assert.throws(() => led(9000), isFault("ota.http"));
});

test("mutated and truncated responses give a body within its length or a Fault", () => {
	const bytes = response(
		"206 Partial Content",
		["Server: test", "Content-Range: bytes 100-104/105", "Content-Length: 5"],
		"hello",
	);
	for (const spoiled of mutations(bytes, 5000)) {
		const reader = new ResponseReader(100);
		try {
			const body = reader.push(spoiled);
			assert.ok(body.length <= 5);
		} catch (thrown) {
			assert.ok(isFault("ota.http", "ota.length", "ota.chunked")(thrown), String(thrown));
		}
	}
});
