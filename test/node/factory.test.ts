/** `enrollee factory`: the CSV, what goes in and what never does, and Espressif's own generator where it is installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeNvsCsv } from "../../hw/node/commands/factory.ts";
import { project } from "../../hw/simulator/harness.ts";
import { parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { CLI } from "../support/command.ts";

const KEY = Buffer.alloc(32, 9).toString("base64");
const DEVICE = { idScope: "0ne00ABCDEF", registrationId: "dev-042" };

const folder = mkdtempSync(join(tmpdir(), "enrollee-factory-"));
after(() => rmSync(folder, { recursive: true }));

/** As the device reads it: blobs of UTF-8 by name. */
function fields(csv: string): Record<string, string> {
	const [header, namespace, ...lines] = csv.trimEnd().split("\n");
	assert.equal(header, "key,type,encoding,value");
	assert.equal(namespace, "enrollee,namespace,,");
	return Object.fromEntries(
		lines.map((line) => {
			const [key, type, encoding, value, ...rest] = line.split(",");
			assert.deepEqual([type, encoding, rest], ["data", "base64", []]);
			assert.ok(key!.length <= 15, `${key} is too long for NVS`);
			return [key!, Buffer.from(value!, "base64").toString("utf8")];
		}),
	);
}

test("what went in comes out, and is a configuration", () => {
	const input = { ...DEVICE, symmetricKey: KEY, dps: "dps.example.net:8883", payload: '{"site":"Zürich, 4"}' };
	const read = fields(encodeNvsCsv(input));
	assert.deepEqual(read, input);
	assert.equal(parseConfig(read).registrationId, DEVICE.registrationId);
});

test("a group key stays out: the device's own key, as Azure derives it, goes in", () => {
	const csv = encodeNvsCsv({ ...DEVICE, groupKey: KEY });
	const derived = createHmac("sha256", Buffer.from(KEY, "base64")).update(DEVICE.registrationId).digest("base64");
	assert.deepEqual(fields(csv), { ...DEVICE, symmetricKey: derived });
	assert.ok(!csv.includes(Buffer.from(KEY).toString("base64")) && !csv.includes(KEY));
});

test("a device that could not enrol is refused", () => {
	const refused = (input: object, code: string) =>
		assert.throws(
			() => encodeNvsCsv(input),
			(thrown) => thrown instanceof Fault && thrown.code === code,
		);
	refused(DEVICE, "config.missing");
	refused({ ...DEVICE, idScope: undefined, symmetricKey: KEY }, "config.missing");
	refused({ ...DEVICE, registrationId: "dev 042", symmetricKey: KEY }, "x509.registration-id");
	refused({ ...DEVICE, symmetricKey: "not base64" }, "config.invalid");
});

test("the command writes a file for its owner only, and refuses with exit code 2", () => {
	const out = join(folder, "device.csv");
	const run = (...flags: string[]) =>
		spawnSync(process.execPath, [...CLI, "factory", ...flags], {
			cwd: project,
			encoding: "utf8",
			env: { PATH: process.env.PATH },
		});
	const device = ["--id-scope", DEVICE.idScope, "--registration-id", DEVICE.registrationId];
	const made = run(...device, "--device-key", KEY, "--out", out);
	assert.equal(made.status, 0, made.stderr);
	assert.equal(statSync(out).mode & 0o777, 0o600);
	assert.deepEqual(fields(readFileSync(out, "utf8")), { ...DEVICE, symmetricKey: KEY });
	const refused = run(...device);
	assert.equal(refused.status, 2);
	assert.match(refused.stderr, /config\.missing/);
});

const GENERATOR = ["-m", "esp_idf_nvs_partition_gen"];
const noGenerator =
	spawnSync("python3", [...GENERATOR, "--help"]).status === 0 ? false : "SKIPPED: no esp_idf_nvs_partition_gen";

test("Espressif's generator makes a partition of it", { skip: noGenerator }, () => {
	const [csv, image] = [join(folder, "in.csv"), join(folder, "nvs.bin")];
	writeFileSync(csv, encodeNvsCsv({ ...DEVICE, symmetricKey: KEY }));
	execFileSync("python3", [...GENERATOR, "generate", csv, image, "0x10000"], { stdio: "ignore" });
	const bytes = readFileSync(image);
	assert.equal(bytes.length, 0x10000);
	for (const text of ["enrollee", "idScope", DEVICE.registrationId, KEY]) assert.ok(bytes.includes(text), text);
});
