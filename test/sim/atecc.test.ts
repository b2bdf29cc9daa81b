/** Keys that never leave an ATECC608, simulated from its data sheet, on XS: slots, faults of the bus, and a whole life with the cloud. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";

describe("an ATECC on XS", { skip }, () => {
	let app: App;
	let cloud: Cloud;
	const state = mkdtempSync(join(tmpdir(), "enrollee-atecc-"));
	before(async () => {
		app = await buildForXs({
			name: "atecc",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: {
					"*": [],
					main: "$(ENROLLEE)/test/sim/apps/atecc",
					chip: "$(ENROLLEE)/test/sim/apps/atecc-chip",
					"enrollee/atecc": "$(ENROLLEE)/dist/moddable/atecc",
				},
			},
		});
		cloud = await startCloud({ acceptIssued: true });
	});
	after(async () => {
		await cloud?.close();
		rmSync(state, { recursive: true, force: true });
	});

	test("two slots in turn, signatures that verify, every fault of bus and configuration by its name", async () => {
		const { exitCode, output } = await app.run({ environment: { MODE: "chip" } });
		assert.equal(exitCode, 0, output);
		assert.deepEqual(
			output.split("\n").filter((line) => /^[\w-][\w -]*: /.test(line)),
			[
				"name: ATECC 0123a1b2c3d4e5f6ee",
				"slots: atecc:0 atecc:1",
				"signatures: true",
				"found again: true",
				"both kept: key.locked",
				"P-384: key.curve",
				"empty slot: key.replaced",
				"crc once: true",
				"wake once: true",
				"silent once: true",
				"busy once: true",
				"silent for ever: key.lost",
				"random: true",
				"generator is stuck: key.fault",
				"one slot is locked: key.locked",
				"not configured: key.locked",
				"waits are bounded: true",
			],
		);
	});

	test("enrols, connects by mutual TLS and renews with another slot; a replaced and a lost chip end with their names, without enrolment", async () => {
		const { exitCode, output } = await app.run({
			environment: {
				MODE: "agent",
				ENROLLEE_STATE: state,
				ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
				ENROLLEE_ID_SCOPE: cloud.idScope,
				ENROLLEE_REGISTRATION_ID: cloud.registrationId,
				ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
				ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey,
			},
		});
		assert.equal(exitCode, 0, output);
		assert.match(output, /^proven 2 keys 0,1$/m);
		assert.match(output, /^replaced chip: key\.replaced$/m);
		assert.match(output, /^lost chip: key\.lost$/m);
		assert.equal(cloud.registrations.length, 1);
		const hub = cloud.connections.filter(({ service }) => service === "hub");
		assert.equal(new Set(hub.map(({ serial }) => serial)).size, 2);
		// Nothing in flash is a private key: scalars of the simulated chip are 32 times the same byte.
		for (const name of readdirSync(state))
			for (const byte of [1, 2]) assert.ok(!readFileSync(join(state, name)).includes(Buffer.alloc(32, byte)), name);
		const leaf = cloud.events.flatMap((e) =>
			e.event === "registered" && e.leaf ? [new X509Certificate(e.leaf)] : [],
		)[0]!;
		assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
	});
});
