/** What looks like a key in a message, and what only looks long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { masked } from "../../hw/node/masked.ts";
import { random } from "../support/random.ts";

test("keys of every length with padding, in connection strings, in tokens, in PEM", () => {
	const source = random();
	for (const bytes of Array(20).fill([16, 32, 64]).flat()) {
		const key = Buffer.from(source.bytes(bytes)).toString("base64");
		for (const text of [key, `got ${key}`, `"${key}"`, `--key=${key}`, `HostName=h;SharedAccessKey=${key}`])
			assert.ok(!masked(text).includes(key.slice(0, 12)), text);
		const escaped = encodeURIComponent(key);
		assert.ok(!masked(`SharedAccessSignature sr=h&sig=${escaped}&se=1`).includes(escaped));
		assert.ok(!masked(`https://h/x?code=${escaped}`).includes(escaped));
	}
	assert.ok(!masked("x -----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY----- y").includes("MHcC"));
});

test("names, paths, digests and hosts stay", () => {
	for (const text of [
		"/var/lib/devices/7/.enrollee/demo/device/credential.json: ENOENT",
		"sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"transport: expected auto | tls | ws, got websocket",
		"https://updates.example.com/agent.bin?v=12",
		"n=1 m==2 registrationId=a-device-with-a-rather-long-name-in-it",
	])
		assert.equal(masked(text), text);
});
