/** Credentials and records for the journal's tests. */
import { createHash } from "node:crypto";
import type { Credential } from "../../src/identity/record.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { FakeEntropy } from "../support/entropy.ts";
import { random } from "../support/random.ts";

export const source = random();
const entropy = new FakeEntropy(source);
export const keys = [1, 2, 3].map(() => generateKeyPair(entropy));

export const proposal = (number: number): Omit<Credential, "sequence"> => ({
	key: { signer: keys[number]! },
	chain: [source.bytes(310), source.bytes(290)],
	hub: { host: "hub-a.example", port: 8883 },
	deviceId: "dev-001",
	registrationId: "dev-001",
	notBefore: Date.UTC(2026, 0, 1),
	notAfter: Date.UTC(2026, 1, 1),
	unknown: [],
});

export const full: Credential = {
	...proposal(0),
	sequence: 4_000_000_000,
	trustBundle: { etag: '"an etag"', certificates: [source.bytes(100), source.bytes(3)] },
	unknown: [
		{ tag: 200, bytes: source.bytes(7) },
		{ tag: 255, bytes: new Uint8Array(0) },
	],
};

/** By the documented format, as another image would write it. */
export function record(format: number, body = new Uint8Array(0)): Uint8Array {
	const head = Buffer.from("ENRL\0\0\0\0\x05\0\0\0\0", "latin1");
	head[4] = format;
	head.writeUInt32BE(body.length, 9);
	const checked = Buffer.concat([head, body]);
	return new Uint8Array(Buffer.concat([checked, createHash("sha256").update(checked).digest()]));
}
