/** Where an update may come from, and where a redirect leads: RFC 3986 and RFC 9110. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_URI, parseHttpsUri, resolveLocation } from "../../src/update/uri.ts";
import { isFault, random } from "../support/random.ts";

test("only absolute https URIs without user name and fragment are taken", () => {
	assert.deepEqual(parseHttpsUri("https://a-b.example:65535/x;y=1?z"), {
		host: "a-b.example",
		port: 65535,
		path: "/x;y=1?z",
	});
	assert.deepEqual(parseHttpsUri("HTTPS://127.0.0.1/"), { host: "127.0.0.1", port: 443, path: "/" });
	for (const uri of [
		"http://a/x",
		"https:/a/x",
		"https:///x",
		"https://a:0/x",
		"https://a:65536/x",
		"https://u:p@a/x",
		"https://a/x#f",
		"https://a/x y",
		"https://a/x\r\nHost: b",
		"https://a/\u00e9",
		"https://-a/x",
		"https://a-/x",
		"https://a..b/x",
		"https://a:80:80/x",
		"https://a:/x",
		`https://${"a.".repeat(126)}aa/x`,
		"https://[::1]/x",
		`https://a/${"x".repeat(MAX_URI)}`,
		"https:///",
		"https://a\\b/",
	])
		assert.throws(() => parseHttpsUri(uri), isFault("ota.uri"), uri);
	const base = parseHttpsUri("https://a.example:8443/x/y");
	assert.deepEqual(resolveLocation(base, "/z"), { host: "a.example", port: 8443, path: "/z" });
	assert.deepEqual(resolveLocation(base, "https://b.example/z"), { host: "b.example", port: 443, path: "/z" });
	for (const location of ["", "#f", "http://a.example/z", "ftp://b/z", "//", "https://u@b/z"])
		assert.throws(() => resolveLocation(base, location), isFault("ota.uri"), location);
});

test("relative references resolve as RFC 3986 says, and as Node's URL does", () => {
	const base = "https://a.example:8443/b/c/d;p?q=1/2";
	for (const reference of [
		"g",
		"./g",
		"g/",
		"/g",
		"//g.example",
		"//g.example/h?i",
		"?y",
		"g?y",
		"g?y=a/../b",
		"../g",
		"../",
		"..",
		".",
		"../../g",
		"../../../g",
		"/./g",
		"/../g",
		"g/./h",
		"g/../h",
		"g;x=1/../y",
		"g#s",
		"?y#s",
		"https://h.example/x?sig=a%2Bb&se=1",
	]) {
		const url = new URL(reference, base);
		const expected = { host: url.hostname, port: Number(url.port || 443), path: url.pathname + url.search };
		assert.deepEqual(resolveLocation(parseHttpsUri(base), reference), expected, reference);
	}
});

test("any segments, dots among them, resolve by the steps of RFC 3986, section 5.2.4", () => {
	const { integer, seed } = random();
	const base = parseHttpsUri("https://a.example/b/c/d?q=/../e");
	// Not as Node's URL does, of which some versions (20.20.2) leave the dot in "/a/.b/./c".
	const parts = ["/", "/", "/", ".", "..", "g", "...", "//"];
	for (let round = 0; round < 5000; round++) {
		const path = `/${Array.from({ length: integer(12) }, () => parts[integer(parts.length)]).join("")}`;
		const query = ["", "?", "?x/../y", "?/./?"][integer(4)];
		if (path.startsWith("//")) continue;
		const given = integer(2) === 0 && path[1] ? path.slice(1) : path;
		const expected = withoutDots(given === path ? path : `/b/c${path}`) + query;
		assert.equal(resolveLocation(base, given + query).path, expected, `${given}${query}, seed ${seed}`);
	}
});

/** Word for word. */
function withoutDots(path: string): string {
	let [input, output] = [path, ""];
	while (input !== "") {
		if (/^\/\.(\/|$)/.test(input)) input = `/${input.slice(3)}`;
		else if (/^\/\.\.(\/|$)/.test(input)) {
			input = `/${input.slice(4)}`;
			output = output.slice(0, Math.max(0, output.lastIndexOf("/")));
		} else {
			const [segment] = /^\/?[^/]*/.exec(input)!;
			input = input.slice(segment.length);
			output += segment;
		}
	}
	return output;
}

test("a redirect within a host is held to the length of an address, and has nothing that a path may not have", () => {
	const base = parseHttpsUri("https://a.example/b/c?d");
	const { length } = resolveLocation(base, "r".repeat(MAX_URI - 3)).path;
	assert.equal(length, MAX_URI);
	for (const location of [
		"r".repeat(MAX_URI - 2),
		`/${"r".repeat(MAX_URI)}`,
		`?${"r".repeat(MAX_URI)}`,
		"a b",
		"a\\b",
		"/\u00e9",
		"?\u0001",
	])
		assert.throws(() => resolveLocation(base, location), isFault("ota.uri"), location.slice(0, 20));
});

test("presigned addresses, underscores and long ones; what is too long says the limit", () => {
	const signed = `https://my_bucket.s3.amazonaws.com/agent.bin?X-Amz-Signature=${"a1".repeat(1000)}`;
	assert.equal(parseHttpsUri(signed).host, "my_bucket.s3.amazonaws.com");
	assert.equal(parseHttpsUri("https://a.example?x=1").path, "/?x=1");
	assert.throws(() => parseHttpsUri(`https://a/${"x".repeat(5000)}`), { message: /of 5010 characters, at most 3072/ });
});
