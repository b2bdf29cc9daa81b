/** Hosts and the names of a certificate (RFC 6125 section 6.4): subjectAltName only, whole labels only. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { contextPrimitive, element, sequence } from "../../src/x509/der.ts";
import { matchesHost } from "../../src/x509/host.ts";
import { isFault } from "../support/random.ts";

const dns = (name: string): Uint8Array => element(contextPrimitive(2), Buffer.from(name));
const address = (...bytes: number[]): Uint8Array => element(contextPrimitive(7), Uint8Array.from(bytes));
const mail = element(contextPrimitive(1), Buffer.from("a@hub.example.net"));
const names = (host: string, ...shown: Uint8Array[]): boolean =>
	matchesHost({ subjectAltName: sequence(...shown) }, host);

test("a name, whatever its case, and none beside it", () => {
	for (const shown of ["hub.example.net", "HUB.Example.NET"])
		assert.ok(names("hub.example.net", mail, dns(shown)), shown);
	assert.ok(names("Hub.Example.Net.", dns("hub.example.net")), "a dot at the end is the root");
	for (const shown of [
		"example.net",
		"a.hub.example.net",
		"hub.example.net.evil",
		"hub.example.netx",
		"hub.example.net.",
		"",
	])
		assert.ok(!names("hub.example.net", dns(shown)), shown);
	assert.ok(!matchesHost({}, "hub.example.net"), "without subjectAltName");
	assert.ok(!names("a@hub.example.net", mail));
});

test("a wildcard is the whole first label, with two labels at least beside it", () => {
	assert.ok(names("hub.example.net", dns("*.example.net")));
	for (const [host, shown] of [
		["a.hub.example.net", "*.example.net"],
		["example.net", "*.example.net"],
		["example.net", "*.net"],
		["localhost", "*"],
		["hub.example.net", "h*.example.net"],
		["hub.example.net", "*b.example.net"],
		["hub.example.net", "hub.*.net"],
		["hub.example.net", "*.*.net"],
		["hub.example.net", "**.example.net"],
		["hubexample.net", "*.example.net"],
		["*.example.net", "*.example.net"],
	] as const)
		assert.ok(!names(host, dns(shown)), `${shown} for ${host}`);
});

test("an address is compared with addresses, as a whole", () => {
	assert.ok(names("192.0.2.1", dns("x"), address(192, 0, 2, 1)));
	assert.ok(!names("192.0.2.2", address(192, 0, 2, 1)));
	assert.ok(!names("192.0.2.1", dns("192.0.2.1")), "written as a name");
	assert.ok(!names("192.0.2.1", dns("*.0.2.1")));
	assert.ok(!names("192.0.2.1", address(...Array(12).fill(0), 192, 0, 2, 1)));
	assert.throws(() => names("192.0.2.1", address(192, 0, 2)), isFault("x509.certificate"));
	assert.throws(() => names("hub.example.net", dns("hub.example.net"), address(1)), isFault("x509.certificate"));
});
