/**
 * x509-limbo (C2SP), chains of certificates with everything that can be wrong with one, before the TLS client on XS and the wire on Node.
 * $LIMBO: its limbo.json. What is decided otherwise here is in limbo/expected.json, each with the reason. Left out: chains of
 * clients (we are one), and the part that is BetterTLS.
 */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { skip as noSdk } from "../../hw/simulator/harness.ts";
import { type Case, compare, type Differences, inOrder } from "./paths/cases.ts";
import { connectFromNode, isEc, judgeOnXs } from "./paths/platforms.ts";

const file = process.env.LIMBO || undefined;
const skip = file === undefined ? "SKIPPED: no limbo.json in $LIMBO" : false;
/** Of the middle of 2026; fewer would mean that its form is no longer understood. */
const LEAST_CASES = 190;
const LEAST_WITH_KEY = 130;

interface Testcase {
	readonly id: string;
	readonly validation_kind: "CLIENT" | "SERVER";
	readonly trusted_certs: readonly string[];
	readonly untrusted_intermediates: readonly string[];
	readonly peer_certificate: string;
	readonly peer_certificate_key: string | null;
	/** ISO 8601. */
	readonly validation_time: string | null;
	readonly expected_result: "SUCCESS" | "FAILURE";
	readonly expected_peer_name: { readonly value: string } | null;
}

describe("limbo", { skip }, () => {
	const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
	const cases = skip === false ? (read(file!).testcases as Testcase[]).filter(isOurs).map(parse) : [];
	const differences = read(join(import.meta.dirname, "limbo/expected.json")) as Record<"xs" | "node", Differences>;

	test("on XS", { skip: noSdk }, async () => {
		assert.ok(cases.length >= LEAST_CASES, `${cases.length} cases`);
		compare(cases, await judgeOnXs(cases), differences.xs);
	});

	test("on Node, where the leaf's key is given and its time is now", async () => {
		const signing = cases.filter(({ key, now, host }) => key !== undefined && now === undefined && !isLoopback(host));
		assert.ok(signing.length >= LEAST_WITH_KEY, `${signing.length} cases`);
		compare(signing, await connectFromNode(signing), differences.node);
	});
});

function isOurs({ id, validation_kind, expected_peer_name }: Testcase): boolean {
	return validation_kind === "SERVER" && expected_peer_name !== null && !id.startsWith("bettertls::");
}

function parse(testcase: Testcase): Case & { readonly host: string } {
	const { id, trusted_certs, untrusted_intermediates, peer_certificate, validation_time } = testcase;
	return {
		id,
		chain: inOrder(der(peer_certificate), untrusted_intermediates.map(der)),
		anchors: trusted_certs.map(der),
		host: testcase.expected_peer_name!.value,
		...(validation_time !== null && { now: Date.parse(validation_time) }),
		key: privateKey(testcase),
		isValid: testcase.expected_result === "SUCCESS",
	};
}

/** Never reached through a proxy, as the suite reaches its servers. */
function isLoopback(host: string): boolean {
	return host.startsWith("127.");
}

function der(pem: string): Uint8Array {
	return new Uint8Array(Buffer.from(pem.replace(/-----(BEGIN|END) CERTIFICATE-----/g, ""), "base64"));
}

/** One that TLS's ECDHE suites can sign with. */
function privateKey({ peer_certificate_key: pem }: Testcase) {
	const key = pem === null ? undefined : createPrivateKey(pem);
	return key?.asymmetricKeyType === "rsa" || isEc({ key }) ? key : undefined;
}
