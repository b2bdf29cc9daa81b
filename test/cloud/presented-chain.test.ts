/** What a client presents is what is examined, each time; what is remembered of it is bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { startCloud } from "../../cloud/cloud.ts";
import { PresentedChains } from "../../cloud/presented-chain.ts";
import { deriveKey } from "../../cloud/sas.ts";
import { enrol, openHub } from "./cloud-probe.ts";

const PEM = /-----BEGIN[\s\S]+?-----END CERTIFICATE-----\s*/g;

test("a leaf is let in with its issuer only, whatever it came with before", async () => {
	const cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	try {
		const { key, cert } = await enrol(cloud, "dev-001");
		const pems = cert.match(PEM)!;
		const [leaf = "", issuer = ""] = pems;
		const group = Buffer.from(cloud.ready.groupKey, "base64");
		const beside = await enrol(cloud, "dev-002", Buffer.from(deriveKey(group, "dev-002")).toString("base64"));
		const other = beside.cert.match(PEM)![0];
		const connack = async (...chain: string[]): Promise<number | "closed"> => {
			const { probe, connack: code } = await openHub(cloud, "dev-001", { identity: { key, cert: chain.join("") } });
			probe.close();
			return code;
		};
		for (const [chain, expected] of [
			[[leaf], 5],
			[[leaf, issuer], 0],
			[[leaf], 5],
			[[leaf, other], 5],
			[pems, 0],
			[[leaf, issuer], 0],
			[[leaf], 5],
		] as const)
			assert.equal(await connack(...(chain as string[])), expected, `${chain.length}`);
	} finally {
		await cloud.close();
	}
});

/** A client that presents a leaf, and above it one certificate. */
function client(leaf: string, above: string, isResumed = false) {
	const certificate = (name: string) => ({ fingerprint256: name, raw: Buffer.from(name) });
	const issuer = { ...certificate(above) } as PeerCertificate & { issuerCertificate?: unknown };
	issuer.issuerCertificate = issuer;
	let asked = 0;
	const socket = {
		authorizationError: "UNABLE_TO_GET_ISSUER_CERT",
		isSessionReused: () => isResumed,
		getPeerCertificate(detailed = false) {
			if (!detailed) return certificate(leaf);
			asked++;
			return { ...certificate(leaf), issuerCertificate: issuer };
		},
	};
	return { socket: socket as unknown as TLSSocket, asked: () => asked };
}

const names = (chain: readonly Uint8Array[]): string[] => chain.map((bytes) => Buffer.from(bytes).toString());

test("a chain is read once, and known again when the session is resumed", () => {
	const chains = new PresentedChains();
	const [first, again, resumed] = [client("a", "ca"), client("a", "ca"), client("a", "none", true)];
	for (const { socket } of [first, again, resumed]) assert.deepEqual(names(chains.of(socket)), ["a", "ca"]);
	assert.deepEqual([first.asked(), again.asked(), resumed.asked()], [1, 0, 0]);
	assert.throws(() => chains.of(client("b", "ca", true).socket), /not remembered/);
});

test("of chains that strangers make up 100 are remembered, and one that is used stays", () => {
	const chains = new PresentedChains();
	chains.of(client("device", "ca").socket);
	for (let i = 0; i < 300; i++) {
		chains.of(client(`leaf ${i}`, `made up ${i}`).socket);
		const { socket, asked } = client("device", "ca");
		assert.deepEqual(names(chains.of(socket)), ["device", "ca"]);
		assert.equal(asked(), 0);
	}
	assert.throws(() => chains.of(client("leaf 200", "", true).socket), /not remembered/);
	assert.deepEqual(names(chains.of(client("leaf 201", "", true).socket)), ["leaf 201", "made up 201"]);
	assert.deepEqual(names(chains.of(client("leaf 0", "made up 0").socket)), ["leaf 0", "made up 0"]);
});
