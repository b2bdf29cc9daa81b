/** Fault store.clear: once at a start, where a key lies in clear, with the keys that do; and only there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fill } from "../../hw/node/entropy.ts";
import { Agent } from "../../src/agent.ts";
import { type ConfigInput, parseConfig } from "../../src/config.ts";
import type { Keystore, Store } from "../../src/port.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { FakeClock } from "../support/clock.ts";
import { openssl, temporaryFolder } from "../support/openssl.ts";
import { FakeStore } from "../support/store.ts";

const CHIP: Keystore = {
	name: "chip",
	curves: ["P-256"],
	generate: () => assert.fail("no key is wanted"),
	open: () => assert.fail("no key is wanted"),
};
const SYMMETRIC = { symmetricKey: Buffer.alloc(32, 7).toString("base64") };

class ClearStore extends FakeStore {
	readonly isClear = true;
}

function told(store: Store, input: ConfigInput, keystore?: Keystore): string[] {
	const faults: string[] = [];
	const agent = new Agent({
		store,
		keystore,
		wire: { connect: () => assert.fail("nobody is to be asked") },
		clock: new FakeClock(Date.UTC(2027, 0)),
		entropy: { fill },
		log: (step, detail) => void (step === "fault" && faults.push(String(detail?.message))),
		config: parseConfig({ dps: "dps.example", idScope: "0ne00ABCDEF", registrationId: "dev-001", ...input }),
	});
	agent.close();
	return faults;
}

const DEVICE = "the device's key: neither flash nor NVS is encrypted";
const ONBOARDING = "the onboarding key: neither flash nor NVS is encrypted";
const BOTH = "the device's key and the onboarding key: neither flash nor NVS is encrypted";

for (const { what, store, input = {}, keystore, said } of [
	{ what: "flash that is encrypted, or nobody knows", store: new FakeStore(), input: SYMMETRIC, said: [] },
	{ what: "keys in clear flash", store: new ClearStore(), input: SYMMETRIC, said: [BOTH] },
	{ what: "the same beneath pairs", store: new PairStore(new StoreRoom(new ClearStore())), said: [DEVICE] },
	{ what: "a secure element and no other key", store: new ClearStore(), keystore: CHIP, said: [] },
	{
		what: "a secure element beside an onboarding key",
		store: new ClearStore(),
		input: SYMMETRIC,
		keystore: CHIP,
		said: [ONBOARDING],
	},
] as const)
	test(`${what}: ${said.length === 0 ? "nothing" : said}`, () => {
		assert.deepEqual(
			told(store, input, keystore),
			said.map((text) => `store.clear: ${text}`),
		);
	});

test("an operator's own key lies beside a secure element", () => {
	const folder = temporaryFolder();
	openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${folder}/key.pem`]);
	openssl(["req", "-new", "-key", `${folder}/key.pem`, "-subj", "/CN=dev-001", "-out", `${folder}/csr.pem`]);
	const [operationalKey, operationalCsr] = ["key", "csr"].map((name) => readFileSync(`${folder}/${name}.pem`, "utf8"));
	assert.deepEqual(told(new ClearStore(), { operationalKey, operationalCsr }, CHIP), [`store.clear: ${DEVICE}`]);
});
