/**
 * Keys in a PKCS#11 token (SoftHSM2) on Node: made in it and never exported, CSR, mutual TLS with the cloud through libp11's
 * engine, renewal; and what goes wrong with a token, by its name.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import { type Cryptoki, loadCryptoki } from "../../hw/node/cryptoki.ts";
import { openPkcs11, type Pkcs11Options } from "../../hw/node/pkcs11.ts";
import { verify } from "../../src/key/verify.ts";
import type { Keystore } from "../../src/port.ts";
import { encodeCsr } from "../../src/x509/csr.ts";
import { Device, type Run, withCloud } from "../support/device.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const PIN = "73519024";
const LABEL = "dev-001 & its keys";
const TOKEN = "enrollee/test";

const module = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"].find((path) => existsSync(path));
const loaded = await loadCryptoki().catch(() => undefined);
const engine = readdirSync("/usr/lib").some((name) => existsSync(`/usr/lib/${name}/engines-3/pkcs11.so`));
const skip = !module
	? "SKIPPED: no softhsm2"
	: !loaded
		? "SKIPPED: no pkcs11js"
		: !engine
			? "SKIPPED: no libengine-pkcs11-openssl"
			: noOpenssl;

const folder = temporaryFolder({ "the pin %41;é": `${PIN}\n`, "wrong-pin": "00000000" });
const options = {
	module: module ?? "",
	token: TOKEN,
	pinFile: join(folder, "the pin %41;é"),
	label: LABEL,
} satisfies Pkcs11Options;

if (!skip) {
	process.env.SOFTHSM2_CONF = join(temporaryFolder({ conf: `directories.tokendir = ${folder}\n` }), "conf");
	const made = spawnSync(
		"softhsm2-util",
		["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "12345678"],
		{ encoding: "utf8" },
	);
	if (made.status !== 0) throw new Error(made.stderr);
}

const digest = (size: number): Uint8Array => new Uint8Array(size).fill(7);
const faults = ({ steps }: Run): unknown[] =>
	steps.filter(({ step }) => step === "fault").map(({ detail }) => detail.code);

describe("a PKCS#11 token", { skip }, () => {
	test("its keys sign on both curves, and are found again; two stay, others of the same label go", async () => {
		const store = await openPkcs11(options);
		assert.deepEqual(store.curves, ["P-256", "P-384"]);
		for (const [curve, size] of [
			["P-256", 32],
			["P-384", 48],
		] as const) {
			const first = store.generate(curve, []);
			const second = store.generate(curve, [first.reference!]);
			for (const { publicKey, reference } of [first, second]) {
				const again = store.open(reference!);
				assert.deepEqual(again.publicKey, publicKey);
				for (let i = 0; i < 20; i++)
					assert.ok(verify(curve, publicKey, digest(size), again.sign(digest(size))), `${curve} ${i}`);
			}
			const csr = encodeCsr("dev-001", second);
			openssl(["req", "-inform", "DER", "-verify", "-noout"], { input: csr });
			const third = store.generate(curve, [second.reference!]);
			assert.throws(() => store.open(first.reference!), isFault("key.replaced"));
			assert.deepEqual(store.open(second.reference!).publicKey, second.publicKey);
			assert.ok(!("scalar" in third));
		}
	});

	test("another device's label on the same token is left alone", async () => {
		const [one, other] = [await openPkcs11(options), await openPkcs11({ ...options, label: "dev-002" })];
		const { reference, publicKey } = one.generate("P-256", []);
		other.generate("P-256", []);
		assert.deepEqual(one.open(reference!).publicKey, publicKey);
		assert.throws(() => other.open(reference!), isFault("key.replaced"));
	});

	test("the private key is sensitive, was never extractable, and is not given out", async () => {
		const store = await openPkcs11(options);
		store.generate("P-256", []);
		const { cryptoki, session } = await raw();
		cryptoki.C_FindObjectsInit(session, [{ type: 0, value: 3 }]);
		const keys = cryptoki.C_FindObjects(session, 20);
		cryptoki.C_FindObjectsFinal(session);
		assert.ok(keys.length > 0);
		for (const key of keys) {
			// CKA_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_LOCAL; CKA_VALUE.
			const attributes = cryptoki.C_GetAttributeValue(
				session,
				key,
				[0x103, 0x164, 0x163].map((type) => ({ type })),
			);
			assert.deepEqual(
				attributes.map(({ value }) => value[0]),
				[1, 1, 1],
			);
			assert.throws(() => cryptoki.C_GetAttributeValue(session, key, [{ type: 0x11 }]), /CKR_ATTRIBUTE_SENSITIVE/);
		}
	});

	test("a session that the token has ended is opened again", async () => {
		const key = (await openPkcs11(options)).generate("P-256", []);
		const { cryptoki, slot } = await raw();
		(cryptoki as unknown as { C_CloseAllSessions(slot: Buffer): void }).C_CloseAllSessions(slot);
		assert.ok(verify("P-256", key.publicKey, digest(32), key.sign(digest(32))));
	});

	for (const [what, changed, code, text] of [
		["a wrong PIN", { pinFile: join(folder, "wrong-pin") }, "config.invalid", /^config.invalid: pinFile: .*CKR_PIN/],
		["no PIN file", { pinFile: join(folder, "none") }, "config.invalid", /pinFile: cannot read/],
		["no token of that name", { token: "another" }, "key.lost", /no token with the label another/],
		["no module", { module: "/nowhere.so" }, "config.invalid", /module: /],
		["no engine", { engine: "/nowhere/pkcs11.so" }, "config.invalid", /engine: .*\/nowhere/],
	] as const)
		test(`${what}: ${code}, without the PIN`, async () => {
			const { cryptoki, session } = await raw();
			(cryptoki as unknown as { C_Logout(session: Buffer): void }).C_Logout(session);
			await assert.rejects(openPkcs11({ ...options, ...changed }), (thrown) => {
				assert.ok(isFault(code)(thrown));
				assert.match((thrown as Error).message, text);
				assert.doesNotMatch((thrown as Error).message, new RegExp(`${PIN}|00000000`));
				return true;
			});
		});
});

describe("an agent whose key is in a token", { skip }, () => {
	for (const { rule, key, used } of [
		{ rule: "both", key: "auto", used: "prime256v1" },
		{ rule: "p384", key: "auto", used: "secp384r1" },
		{ rule: "both", key: "P-384", used: "secp384r1" },
	] as const)
		test(`a cloud that takes ${rule}, key ${key}: enrols, works with the hub, renews with another key, starts again`, async () => {
			await withCloud({ csrCurves: rule }, async (cloud) => {
				const keystore = await openPkcs11(options);
				const device = new Device(cloud);
				const run = await device.once({ key }, { keystore });
				assert.equal(run.fault, undefined);
				await renew(device, keystore, key);
				assert.equal((await device.once({ key }, { keystore: await openPkcs11(options) })).fault, undefined);
				const shown = hubSerials(cloud);
				assert.deepEqual(shown, [shown[0], shown[0], shown[2], shown[2]]);
				assert.equal(new Set(shown).size, 2);
				const leaves = cloud.events.flatMap((event) =>
					(event.event === "registered" || event.event === "renewal") && "leaf" in event && event.leaf
						? [new X509Certificate(event.leaf)]
						: [],
				);
				assert.ok(leaves.length >= 1);
				for (const { publicKey } of leaves) assert.equal(publicKey.asymmetricKeyDetails?.namedCurve, used);
			});
		});

	test("renewed with the same key where the configuration says so", async () => {
		await withCloud({}, async (cloud) => {
			const keystore = await openPkcs11(options);
			const device = new Device(cloud);
			await device.once({}, { keystore });
			const keyOf = () =>
				new X509Certificate(stored(device, keystore)).publicKey.export({ type: "spki", format: "der" });
			const first = keyOf();
			await renew(device, keystore, "auto", { renewKey: "same" });
			assert.deepEqual(keyOf(), first);
		});
	});

	test("a token with other keys and no token: key.replaced and key.lost, and no enrolment", async () => {
		await withCloud({}, async (cloud) => {
			const keystore = await openPkcs11(options);
			const device = new Device(cloud);
			await device.once({}, { keystore });
			keystore.generate("P-256", []);
			assert.equal((await device.once({}, { keystore })).fault?.code, "key.replaced");
			assert.equal((await device.once()).fault?.code, "key.lost");
			assert.equal(cloud.registrations.length, 1);
		});
	});
});

async function renew(device: Device, keystore: Keystore, key: string, more = {}): Promise<void> {
	let agent: ReturnType<Device["boot"]> | undefined;
	const seen: Run = { fault: undefined, steps: [] };
	let proven = false;
	agent = device.boot(
		{ key, ...more },
		{
			keystore,
			log: (step, detail = {}) => {
				(seen.steps as { step: string; detail: object }[]).push({ step, detail });
				proven ||= step === "credential.proven";
			},
			onState: (state) => {
				if (state === "connected") proven ? agent!.close() : agent!.renew();
			},
		},
	);
	await agent.finished;
	assert.ok(proven);
	assert.deepEqual(faults(seen), []);
}

const hubSerials = (cloud: Cloud): unknown[] =>
	cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);

function stored(device: Device, keystore: Keystore): Uint8Array {
	return device.journalWith(keystore).current!.chain[0]!;
}

/** The token as another program of this process sees it; logged in. */
async function raw(): Promise<{ cryptoki: Cryptoki; slot: Buffer; session: Buffer }> {
	const cryptoki = await loadCryptoki();
	cryptoki.load(options.module);
	await openPkcs11(options);
	const slot = cryptoki.C_GetSlotList(true).find((one) => cryptoki.C_GetTokenInfo(one).label.trimEnd() === TOKEN)!;
	return { cryptoki, slot, session: cryptoki.C_OpenSession(slot, 6) };
}
