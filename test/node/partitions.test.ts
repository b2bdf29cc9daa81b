/** Partition tables as ESP-IDF builds them: our reading against its own generator's, where there is one. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { appBytes, checkTable, needsNvsKeys, slotBytes } from "../../hw/node/bundle/partitions.ts";
import { partitionFile } from "../../hw/node/bundle/project.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const table = (...lines: string[]): string => join(temporaryFolder({ "p.csv": lines.join("\n") }), "p.csv");

test("numbers, names and blanks as ESP-IDF takes them", () => {
	for (const lines of [
		["ota_0, app, ota_0, , 1M", "ota_1, app, ota_1, , 1M"],
		["a,0,0x10,,1024K", "b,0,0x11,,1024k"],
		["a,0x0,16,,0X100000,", "b,0X00,17,0x200000,1m,encrypted"],
		["a,app,ota_0,,1 M", "b,app,ota_1,,0x_10_00 k"],
		["a,app,ota_0,,1kk", "b,app,ota_1,,+0b1M"],
		["# a comment", "", "a,app,ota_0,,1_048_576", "\tb , APP , OTA_1 ,, 0o4000000  "],
		["\ufeffa,app,ota_0,0x10000,-0x110000", "b,app,ota_1,,1M"],
		["nvs,data,nvs,,0x4000", "a,app,ota_0,,-0x110000", "b,app,ota_1,,1M"],
	])
		assert.equal(slotBytes(table(...lines)), 0x100000, lines.join("; "));
	for (const end of ["\r\n", "\r", "\f", "\u2028"])
		assert.equal(
			slotBytes(table(["# x", "a,app,ota_0,,1M", "b,app,ota_1,,2M"].join(end))),
			0x100000,
			JSON.stringify(end),
		);
	assert.equal(appBytes(table("xs,0x40,1,,256k", "stage,1,0x06,,512K")), 0x40000);
	assert.equal(appBytes(table("xs,64,0x1,,0x40000", "stage,data,undefined,,0x80000")), 0x40000);
});

test("a # in a name, variables of the environment, UTF-16: as ESP-IDF takes them", () => {
	process.env.ENROLLEE_TEST_SLOT = "1M";
	const lines = [
		"a#1,app,ota_0,,$ENROLLEE_TEST_SLOT",
		"#b,app,ota_2,,64k",
		"  # c, x",
		// biome-ignore lint/suspicious/noTemplateCurlyInString: Python's form of a variable
		"$$b,app,ota_1,,${ENROLLEE_TEST_SLOT}",
	];
	const text = `\ufeff${lines.join("\n")}`;
	const utf16 = Buffer.from(text, "utf16le");
	const read = (bytes: Buffer) => {
		const file = table();
		writeFileSync(file, bytes);
		return slotBytes(file);
	};
	try {
		for (const bytes of [Buffer.from(text), utf16, Buffer.from(utf16).swap16()]) assert.equal(read(bytes), 0x100000);
		for (const odd of ["$ENROLLEE_TEST_SLOT1", "${ENROLLEE_TEST_SLOT", "1M # of two", "1M #"])
			assert.throws(() => slotBytes(table(lines[0]!, `b,app,ota_1,,${odd}`)), isFault("config.invalid"), odd);
	} finally {
		delete process.env.ENROLLEE_TEST_SLOT;
	}
});

test("what ESP-IDF refuses, and tables without two slots", () => {
	for (const size of ["", "1.9M", "1G", "one", "010", "0x", "0", "k", "1_", "1 0", "- 1M", "M1"])
		assert.throws(() => slotBytes(table("a,app,ota_0,,1M", `b,app,ota_1,,${size}`)), isFault("config.invalid"), size);
	for (const lines of [
		[],
		["a,app,factory,,1M"],
		["a,app,ota_0,,1M"],
		["a,0,0x20,,1M", "b,data,0x10,,1M", "c,0,0x10,,1M"],
	])
		assert.throws(() => slotBytes(table(...lines)), isFault("config.invalid"));
});

test("what an image of ours cannot live with, by name", () => {
	const map = (name: string) => readFileSync(partitionFile(name)!, "utf8");
	const check = (text: string, needs: Parameters<typeof checkTable>[1] = {}) => checkTable(table(text), needs);
	for (const name of ["4m", "4m-app"]) check(map(name), { apps: name === "4m-app", nvsKeys: true });
	check(
		map("4m")
			.replace(/0x10000,\n/, "64k,\n")
			.replace(/^(nvs,.*)nvs,/m, "$12,"),
	);
	for (const [from, to, fault] of [
		[/^nvs,.*$/m, "", /nvs has 0 bytes, expected 65536/],
		[/^nvs,/m, "config,", /nvs has 0 bytes, expected 65536/],
		["0x10000,", "0xf000,", /nvs has 61440 bytes, expected 65536/],
		[/^otadata.*$/m, "", /otadata has 0 bytes, expected 8192/],
		["0x2000,", "0x1000,", /otadata has 4096 bytes, expected 8192/],
		[/^ota_1,.*$/m, "", /1 slots ota_N, expected 2/],
		["0x1f0000,", "1.9M,", /ota_0: size 1\.9M/],
	] as const)
		assert.throws(() => check(map("4m").replace(from, to)), fault, String(from));
	for (const factory of ["factory,app,factory,0x20000,1M", "old,0,0,0x20000,1M"])
		assert.throws(
			() => check(`${map("4m")}\n${factory}`),
			new RegExp(`${factory.split(",")[0]} \\(app, factory\\) .* take it out`),
		);
	for (const keys of ["", "nvs_keys, data, nvs, 0x1c000, 0x1000", "keys, data, nvs_keys, 0x1c000, 0x800"]) {
		const text = map("4m").replace(/^nvs_keys.*$/m, keys);
		check(text);
		assert.throws(
			() => check(text, { nvsKeys: true }),
			/nvs_keys \(data, nvs_keys\) has (0|2048) bytes, expected 4096 for NVS/,
		);
	}
	assert.throws(() => check(map("4m"), { apps: true }), /config\.invalid: .*no room for apps/);
	assert.throws(() => checkTable("/nowhere.csv"), /cannot be read/);
});

test("an sdkconfig with NVS encryption by a partition's keys, as mcconfig merges it", () => {
	for (const lines of [
		["CONFIG_NVS_ENCRYPTION=y", "CONFIG_NVS_SEC_KEY_PROTECT_USING_FLASH_ENC=y"],
		["CONFIG_NVS_ENCRYPTION=y"],
		["CONFIG_SECURE_FLASH_ENC_ENABLED=y"],
	])
		assert.ok(needsNvsKeys(lines.join("\n")), lines.join());
	for (const lines of [
		[],
		["# CONFIG_NVS_ENCRYPTION=y"],
		["CONFIG_SECURE_FLASH_ENC_ENABLED="],
		["CONFIG_SECURE_FLASH_ENC_ENABLED=y", "CONFIG_NVS_ENCRYPTION=n"],
		["CONFIG_SECURE_FLASH_ENC_ENABLED=y", "CONFIG_NVS_ENCRYPTION="],
		["CONFIG_SECURE_FLASH_ENC_ENABLED=y", "# CONFIG_NVS_ENCRYPTION is not set"],
		["CONFIG_NVS_ENCRYPTION=y", "CONFIG_NVS_SEC_KEY_PROTECT_USING_HMAC=y"],
		["CONFIG_NVS_ENCRYPTION=y", "CONFIG_NVS_SEC_KEY_PROTECT_NONE=y"],
	])
		assert.ok(!needsNvsKeys(lines.join("\n")), lines.join());
});

const idf = process.env.IDF_PATH;
const generator = join(idf ?? "/nowhere", "components/partition_table/gen_esp32part.py");
const runs = existsSync(generator) && spawnSync("python3", [generator, "--help"], { stdio: "ignore" }).status === 0;
const skip = runs ? false : `SKIPPED: no ESP-IDF${idf ? ` at IDF_PATH=${idf}` : ""}`;

test("ESP-IDF's example tables: the same smallest slot as its own generator's", { skip }, () => {
	const folder = join(generator, "..");
	const files = readdirSync(folder).filter((name) => name.endsWith(".csv"));
	assert.ok(files.length >= 10);
	for (const file of files) {
		const binary = join(temporaryFolder(), "table.bin");
		execFileSync("python3", [generator, "--quiet", "--no-verify", join(folder, file), binary]);
		const sizes = slotsOf(readFileSync(binary));
		if (sizes.length >= 2) assert.equal(slotBytes(join(folder, file)), Math.min(...sizes), file);
		else assert.throws(() => slotBytes(join(folder, file)), isFault("config.invalid"), file);
	}
});

test("odd tables: the same smallest slot as ESP-IDF's own generator's", { skip }, () => {
	// biome-ignore lint/suspicious/noTemplateCurlyInString: Python's form of a variable
	const SLOTS = ["a#1, 0, 0x10, , $ROOM", "b, APP, OTA_1, , ${ROOM}"];
	for (const [room, lines] of [
		["1M", SLOTS],
		["1920k", ["nvs,data,nvs,,0x6000", "# x", ...SLOTS]],
		["0X40_000", ["#c", ...SLOTS, "d,app,0b10010,0x1A0000,64 K"]],
		["0o4000000", ["bootloader, bootloader, primary, N/A, N/A", "p, partition_table, primary, N/A, N/A", ...SLOTS]],
		["2m", ["bootloader,bootloader,primary,0x1000,0x7000", "a,app,ota_0,,-0x110000", "b$ROOM,app,17,,$ROOM"]],
	] as const)
		for (const end of ["\n", "\r"]) {
			const file = join(temporaryFolder({ "p.csv": lines.join(end) }), "p.csv");
			process.env.ROOM = room;
			execFileSync("python3", [
				generator,
				...["--quiet", "--no-verify", "--primary-bootloader-offset", "0x1000"],
				...[file, `${file}.bin`],
			]);
			assert.equal(slotBytes(file), Math.min(...slotsOf(readFileSync(`${file}.bin`))), JSON.stringify([end, ...lines]));
		}
	delete process.env.ROOM;
});

/** esp_partition_info_t: magic 0x50aa, type, subtype, offset, size, label, flags. */
function slotsOf(bytes: Buffer): number[] {
	const sizes: number[] = [];
	for (let at = 0; bytes.readUInt16LE(at) === 0x50aa; at += 32)
		if (bytes[at + 2] === 0 && bytes[at + 3]! >= 0x10 && bytes[at + 3]! <= 0x1f) sizes.push(bytes.readUInt32LE(at + 8));
	return sizes;
}
