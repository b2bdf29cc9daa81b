/** Hosts that a redirect may lead to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mayFollow } from "../../src/update/uri.ts";

test("where a redirect may lead", () => {
	for (const [from, to, hosts, may] of [
		["updates.example.com", "updates.example.com", [], true],
		["updates.example.com", "cdn.example.com", [], true],
		["example.com", "a.b.example.com", [], true],
		["updates.example.com", "example.com", [], true],
		["updates.example.com", "evilexample.com", [], false],
		["updates.example.com", "example.net", [], false],
		["a.example.co.uk", "b.example.co.uk", [], true],
		["a.example.co.uk", "b.evil.co.uk", [], false],
		// Two letters, three at most before them: nobody can tell these from co.uk without a list.
		["dl.abb.ch", "abb.ch", [], false],
		["dl.abb.ch", "a.dl.abb.ch", [], true],
		["dl.fly.io", "cdn.fly.io", [], false],
		["dl.fly.io", "cdn.fly.io", ["fly.io"], true],
		["abb.ch", "dl.abb.ch", [], false],
		["dl.shop.ch", "cdn.shop.ch", [], true],
		["github.com", "release-assets.githubusercontent.com", [], false],
		["github.com", "release-assets.githubusercontent.com", ["githubusercontent.com"], true],
		["github.com", "githubusercontent.com.evil.net", ["githubusercontent.com"], false],
		["10.0.0.1", "10.0.0.1", [], true],
		["10.0.0.1", "20.0.0.1", [], false],
		["localhost", "localhost", [], true],
	] as const)
		assert.equal(mayFollow(from, to, hosts), may, `${from} to ${to}`);
});
