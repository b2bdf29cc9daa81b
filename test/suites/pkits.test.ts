/**
 * NIST's Public Key Interoperability Test Suite 1.0.1 before the TLS client on XS and the wire on Node. $PKITS: the folder
 * pki/testdata/nist-pkits of BoringSSL's source, NIST's certificates with its table of tests as C++. None of its leaves names a host, so
 * the name is left out. What is decided otherwise here is in pkits/expected.json, each with the reason.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { skip as noSdk } from "../../hw/simulator/harness.ts";
import { noOpenssl } from "../support/openssl.ts";
import { type Case, compare, type Differences, inOrder } from "./paths/cases.ts";
import { judgeByOpenssl, judgeOnXs } from "./paths/platforms.ts";

const folder = process.env.PKITS || undefined;
const skip = folder === undefined ? "SKIPPED: no folder nist-pkits in $PKITS" : false;
const CASES = 249;

describe("PKITS", { skip }, () => {
	const cases = skip === false ? parse(readFileSync(join(folder!, "pkits_testcases-inl.h"), "utf8")) : [];
	const text = readFileSync(join(import.meta.dirname, "pkits/expected.json"), "utf8");
	const differences = JSON.parse(text) as Record<"xs" | "node", Differences>;

	test("on XS", { skip: noSdk }, async () => {
		assert.equal(cases.length, CASES);
		compare(cases, await judgeOnXs(cases), differences.xs);
	});

	test("on Node", { skip: noOpenssl }, () => {
		assert.equal(cases.length, CASES);
		compare(cases, new Map(cases.map((one) => [one.id, judgeByOpenssl(one)])), differences.node);
	});
});

/** Each test as the table has it: the anchor first, the leaf last. */
function parse(table: string): Case[] {
	const tests = table.matchAll(
		/^\/\/ (?<id>[\d.]+ .+)$\s[^{}]*\{\s*const char\* const certs\[\] = \{(?<certificates>[^}]*)\}[\s\S]*?should_validate = (?<verdict>\w+);/gm,
	);
	return [...tests].map(({ groups }) => {
		const { id, certificates, verdict } = groups as Record<"id" | "certificates" | "verdict", string>;
		const names = [...certificates.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
		const ders = names.map((name) => new Uint8Array(readFileSync(join(folder!, "certs", `${name}.crt`))));
		const [anchor, leaf] = [ders.shift()!, ders.pop()!];
		return { id, chain: inOrder(leaf, ders.reverse()), anchors: [anchor], isValid: verdict === "true" };
	});
}
