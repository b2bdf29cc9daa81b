/** `enrollee factory`: the CSV, what goes in and what never does, and Espressif's own generator where it is installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeNvsCsv } from "../../hw/node/commands/factory.ts";
import { encodeNvsKeys } from "../../hw/node/nvs-keys.ts";
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

test("--encrypt: the keys of one board's NVS as Espressif lays them out, for their owner only, and how to go on", () => {
	// Of 0x11 and 0x22, 32 times each: the checksum in ESP-IDF v6's own sample.
	const known = encodeNvsKeys(new Uint8Array(64).fill(0x11, 0, 32).fill(0x22, 32));
	assert.deepEqual([known.length, [...known.subarray(64, 69)]], [4096, [0x2c, 0xef, 0xcf, 0x3c, 0xff]]);
	const board = join(folder, "board");
	const flags = ["--id-scope", DEVICE.idScope, "--registration-id", DEVICE.registrationId, "--device-key", KEY];
	const run = () =>
		spawnSync(process.execPath, [...CLI, "factory", ...flags, "--encrypt", board], {
			cwd: project,
			encoding: "utf8",
			env: { PATH: process.env.PATH },
		});
	const { status, stdout, stderr } = run();
	assert.equal(status, 0, stderr);
	const keys = readFileSync(join(board, "nvs_keys.bin"));
	assert.deepEqual(new Uint8Array(keys), encodeNvsKeys(keys.subarray(0, 64)));
	assert.notDeepEqual(keys.subarray(0, 32), keys.subarray(32, 64));
	assert.deepEqual(fields(readFileSync(join(board, "nvs.csv"), "utf8")), { ...DEVICE, symmetricKey: KEY });
	for (const name of ["nvs.csv", "nvs_keys.bin"]) assert.equal(statSync(join(board, name)).mode & 0o777, 0o600);
	const table = readFileSync(join(project, "hw/moddable/partitions.csv"), "utf8");
	const offsetOf = (name: string) => new RegExp(`^${name},[^,]*,[^,]*, *(0x\\w+)`, "m").exec(table)?.[1];
	assert.match(stdout, new RegExp(`write_flash ${offsetOf("nvs")} .*nvs.bin ${offsetOf("nvs_keys")} `));
	assert.doesNotMatch(stdout, new RegExp(keys.subarray(0, 64).toString("hex")));
	const again = run();
	assert.equal(again.status, 2);
	assert.match(again.stderr, /config\.exists/);
	assert.deepEqual(readFileSync(join(board, "nvs_keys.bin")), keys);
});

test("the sdkconfig for encryption is the usual one and four lines", () => {
	const read = (name: string) => readFileSync(join(project, "hw/moddable", name, "sdkconfig.defaults"), "utf8");
	const [usual, encrypted] = [read("sdkconfig"), read("sdkconfig-encrypted")];
	assert.ok(encrypted.startsWith(usual));
	assert.equal(encrypted.slice(usual.length).match(/^CONFIG_\w+=y$/gm)?.length, 4);
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
