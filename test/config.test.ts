/** Configuration: every default, every refusal by the name of its field, nothing secret in what comes out. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { encodeNvsCsv } from "../hw/node/commands/factory.ts";
import { readSettings } from "../hw/node/settings.ts";
import { parseConfig } from "../src/config.ts";
import { Fault } from "../src/fault.ts";
import { CLI } from "./support/command.ts";

const KEY = Buffer.alloc(32, 0x5a).toString("base64");
const LEAST = { idScope: "0ne00ABCDEF", registrationId: "dev-001", symmetricKey: KEY };

const refused =
	(text: RegExp) =>
	(thrown: unknown): boolean => {
		assert.ok(thrown instanceof Fault);
		assert.match(thrown.message, text);
		return true;
	};

test("the defaults", () => {
	const config = parseConfig(LEAST);
	assert.deepEqual(config.dps, { host: "global.azure-devices-provisioning.net", port: 8883 });
	assert.equal(config.dialect, "2025-07-01-preview");
	assert.equal(config.trustBundle, "keep");
	assert.equal(config.renewAt, 0.8);
	assert.equal(config.renewKey, "new");
	assert.equal(config.hub, undefined);
	assert.deepEqual(config.anchors, []);
	assert.deepEqual(config.queue, { messages: 64, bytes: 32_768 });
	assert.deepEqual(config.operations, ["status", "renew", "reboot", "resume", "twin", "update"]);
	assert.deepEqual([config.healthSeconds, config.firmware], [0, undefined]);
	assert.ok(Object.isFrozen(config));
});

test("auto is the public preview's dialect", () => {
	assert.equal(parseConfig({ ...LEAST, dialect: "auto" }).dialect, "2025-07-01-preview");
});

test("queue, operations, health and firmware, to the edges of what is allowed", () => {
	const edge = { queueMessages: "100000", queueBytes: "67108864", operations: "renew, twin", healthSeconds: "604800" };
	const most = parseConfig({ ...LEAST, ...edge, firmware: "1.4.2+build 7" });
	assert.deepEqual(most.queue, { messages: 100_000, bytes: 67_108_864 });
	assert.deepEqual([most.operations, most.healthSeconds], [["renew", "twin"], 604_800]);
	assert.equal(most.firmware, "1.4.2+build 7");
	const least = parseConfig({ ...LEAST, queueMessages: "1", queueBytes: "1024", operations: "none" });
	assert.deepEqual([least.queue, least.operations], [{ messages: 1, bytes: 1024 }, []]);
	assert.equal(parseConfig({ ...LEAST, operations: "all" }).operations.length, 6);
});

test("a key in the configuration does not show in inspection or JSON", () => {
	const config = parseConfig(LEAST);
	const shown = inspect(config, { depth: 20, showHidden: true }) + JSON.stringify(config);
	assert.ok(!shown.includes(KEY) && !shown.includes("90, 90, 90"));
});

for (const [field, value, said] of [
	["idScope", undefined, /config\.missing: idScope/],
	["idScope", "with space", /config\.invalid: idScope/],
	["idScope", "x".repeat(17), /config\.invalid: idScope/],
	["registrationId", undefined, /config\.missing: registrationId/],
	["registrationId", "", /config\.missing: registrationId/],
	["registrationId", "x".repeat(65), /x509\.registration-id/],
	["registrationId", "dev 1", /x509\.registration-id/],
	["registrationId", "-bad-", /x509\.registration-id: the registration id begins with "-"/],
	["registrationId", "dev-1.", /x509\.registration-id/],
	["symmetricKey", "%%%", /config\.invalid: symmetricKey/],
	["dps", "host:0", /config\.invalid: dps/],
	["dps", "host:65536", /config\.invalid: dps/],
	["dps", "https://host", /config\.invalid: dps/],
	["hub", "a..b", /config\.invalid: hub/],
	["dialect", "2020-01-01", /config\.invalid: dialect: expected .*2025-07-01-preview/],
	["trustBundle", "yes", /config\.invalid: trustBundle/],
	["renewAt", "1.5", /config\.invalid: renewAt/],
	["renewAt", "0.05", /config\.invalid: renewAt/],
	["renewKey", "maybe", /config\.invalid: renewKey/],
	["queueMessages", "0", /config\.invalid: queueMessages: expected 1 to 100000/],
	["queueMessages", "100001", /config\.invalid: queueMessages/],
	["queueMessages", "1e3", /config\.invalid: queueMessages/],
	["queueBytes", "1023", /config\.invalid: queueBytes/],
	["queueBytes", "67108865", /config\.invalid: queueBytes/],
	["operations", "status,shell", /config\.invalid: operations: expected status \| renew/],
	["operations", "", /config\.invalid: operations/],
	["healthSeconds", "-1", /config\.invalid: healthSeconds/],
	["healthSeconds", "604801", /config\.invalid: healthSeconds/],
	["firmware", "x".repeat(65), /config\.invalid: firmware/],
	["firmware", "é", /config\.invalid: firmware/],
	["payload", "[1]", /config\.invalid: payload/],
	["payload", "{", /config\.invalid: payload/],
	["groupKey", KEY, /symmetricKey and groupKey: give one/],
	["ca", "no pem", /x509|config\.invalid: ca/],
	["operationalCsr", "no pem", /config\.invalid: operationalCsr|x509/],
	["operationalKey", "no pem", /config\.missing: operationalCsr/],
	["onboardingKey", "no pem", /config\.missing: onboardingCert|give one/],
] as const)
	test(`${field} = ${value === undefined ? "nothing" : JSON.stringify(value.slice(0, 20))} is refused by name`, () => {
		const input = field === "onboardingKey" ? { ...LEAST, symmetricKey: undefined } : LEAST;
		assert.throws(() => parseConfig({ ...input, [field]: value }), refused(said));
	});

test("a group's key wants a registration id in lower case, in a device and in the factory; an individual one does not", () => {
	const group = { ...LEAST, symmetricKey: undefined, groupKey: KEY };
	assert.throws(
		() => parseConfig({ ...group, registrationId: "Dev9" }),
		refused(/config\.invalid: registrationId: write it in lower case, dev9, with a group key/),
	);
	for (const registrationId of ["DEV9", "dev-A", "sn:0a:Fe", "A"]) {
		assert.throws(
			() => encodeNvsCsv({ ...group, registrationId }),
			refused(/registrationId: write it in lower case, /),
		);
		assert.match(encodeNvsCsv({ ...group, registrationId: registrationId.toLowerCase() }), /^symmetricKey,/m);
		assert.match(encodeNvsCsv({ ...LEAST, registrationId }), /^registrationId,/m);
	}
	assert.ok(parseConfig({ ...group, registrationId: "dev9" }));
	assert.equal(parseConfig({ ...LEAST, registrationId: "Dev9" }).registrationId, "Dev9");
});

test("a flag wins over ENROLLEE_*, that over AZ_IOT_*; one kind of onboarding is not mixed with another", () => {
	const environment = {
		ENROLLEE_ID_SCOPE: "0neENV",
		AZ_IOT_PROVISIONING_ID_SCOPE: "0neAZ",
		AZ_IOT_PROVISIONING_REGISTRATION_ID: "azure-1",
		ENROLLEE_GROUP_KEY: KEY,
		AZ_IOT_PROVISIONING_SAS_KEY: "weaker",
	};
	const input = readSettings({ dps: "h:1" }, environment);
	assert.deepEqual([input.dps, input.idScope, input.registrationId], ["h:1", "0neENV", "azure-1"]);
	assert.equal(input.groupKey, KEY);
	assert.equal(input.symmetricKey, undefined);
	assert.equal(readSettings({ idScope: "0neFLAG" }, environment).idScope, "0neFLAG");
});

test("a file that cannot be read is named with its flag", () => {
	assert.throws(() => readSettings({ ca: "/nowhere/ca.pem" }, {}), refused(/config\.invalid: --ca: cannot read/));
});

test("`enrollee run --help` names every flag with its variable", () => {
	const help = execFileSync(process.execPath, [...CLI, "run", "--help"], {
		encoding: "utf8",
	});
	const source = readFileSync("hw/node/settings-table.ts", "utf8");
	const flags = [...source.matchAll(/flag: "(--[a-z-]+)/g)].map((match) => match[1]!);
	assert.ok(flags.length > 12);
	for (const flag of flags) {
		assert.ok(help.includes(flag), flag);
		assert.ok(help.replace(/\s+/g, "").includes(`ENROLLEE_${flag.slice(2).toUpperCase().replaceAll("-", "_")}]`), flag);
	}
});
