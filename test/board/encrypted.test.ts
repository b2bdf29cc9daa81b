/**
 * The firmware of hw/moddable/sdkconfig-encrypted on an emulated ESP32-C3, flashed as `enrollee factory --encrypt` says: the bootloader
 * makes the chip's key and encrypts the flash, ESP-IDF reads NVS by keys that lie in it, and the device lives as any other.
 */
import assert from "node:assert/strict";
import { execFileSync, execSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import type { ConfigInput } from "../../src/config.ts";
import { CLI } from "../support/command.ts";
import { openBoard, release, type TestBoard } from "./board.ts";

const found = findTools();
const tools = found as Tools;
/** EFUSE_RD_REPEAT_DATA1: SPI_BOOT_CRYPT_CNT, bits 18 to 20; an odd number of them is set: the flash is encrypted. */
const CRYPT_COUNT_AT = 10;

describe("an encrypted board", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-encrypted-"));
	let firmware: Firmware;
	let board: TestBoard;
	let nvsKeys = Buffer.alloc(0);
	let onboardingKey = "";

	/** The two commands that `factory --encrypt` prints. */
	const byFactory = (flash: Uint8Array, settings: ConfigInput): Uint8Array => {
		onboardingKey = settings.symmetricKey!;
		const file = (name: string, text?: string): string => {
			const path = join(folder, name);
			writeFileSync(path, text!);
			return path;
		};
		const values: readonly (readonly [string, string | undefined])[] = [
			["--dps", settings.dps],
			["--id-scope", settings.idScope],
			["--registration-id", settings.registrationId],
			["--device-key", onboardingKey],
			["--ca", file("ca.pem", settings.ca)],
			["--release-key", file("release.pem", settings.releaseKey)],
			["--update-class", settings.updateClass],
			["--trial-seconds", settings.trialSeconds],
		];
		const flags = values.flatMap(([flag, value]) => [flag, value!]);
		const out = execFileSync(process.execPath, [...CLI, "factory", ...flags, "--encrypt", join(folder, "board")], {
			encoding: "utf8",
		});
		const [generate, write] = out.split("\n").filter((line) => line.startsWith("  "));
		execSync(generate!, { env: tools.environment, stdio: "ignore" });
		const bytes = Buffer.from(flash);
		for (const [, offset, file] of write!.matchAll(/(0x\w+) (\S+)/g)) bytes.set(readFileSync(file!), Number(offset));
		nvsKeys = readFileSync(join(folder, "board", "nvs_keys.bin")).subarray(0, 64);
		assert.ok(bytes.includes(nvsKeys));
		return bytes;
	};
	before(async () => {
		firmware = await buildFirmware(tools, { sdkconfig: "sdkconfig-encrypted" });
		board = await openBoard(tools, firmware, { encrypted: byFactory });
	});
	after(async () => {
		await board?.close();
		rmSync(folder, { recursive: true, force: true });
	});
	const connected = /state=connected/;
	const bits = (): number => (readFileSync(board.efuse)[CRYPT_COUNT_AT]! >> 2) & 7;

	test("the first start encrypts the flash, the second enrols, the third uses what is stored; nothing lies in clear", async () => {
		assert.equal(bits(), 0);
		const first = await board.boot({ timeoutSeconds: 300 });
		assert.equal(first.ended, "reset", first.output);
		assert.doesNotMatch(first.output, /state=/);
		assert.equal(bits(), 7);
		const second = await board.boot({ stopAt: connected });
		assert.match(second.output, /key\.generated[\s\S]*credential\.proven/);
		assert.doesNotMatch(second.output, /store\.clear/);
		const third = await board.boot({ stopAt: connected });
		assert.equal(third.ended, "stopped", third.output);
		assert.doesNotMatch(third.output, /key\.generated|fault/);
		const flash = readFileSync(board.flash);
		for (const secret of [nvsKeys, nvsKeys.subarray(0, 32), onboardingKey, "enrollee.state", "credential.proven"])
			assert.ok(!flash.includes(secret), String(secret));
	});

	test("an update goes into the other slot, encrypted as it is written, and is confirmed", async () => {
		board.offer(2, release(firmware, 2));
		const old = await board.boot({ timeoutSeconds: 300 });
		assert.match(old.output, /ota\.restart {2}sequence=2/);
		const trial = await board.boot({ stopAt: /ota\.confirmed/ });
		assert.equal(trial.ended, "stopped", trial.output);
		assert.ok(!readFileSync(board.flash).includes("credential.proven"));
	});
});
