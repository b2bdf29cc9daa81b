/**
 * The firmware on an emulated ESP32-C3: the chip's ROM, the bootloader, ESP-IDF, its NVS and slots, Ethernet and TLS to a local cloud.
 * Skipped where a tool is missing; docs/board.md says which.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import type { CloudOptions } from "../../cloud/contract.ts";
import { addressOf } from "../../hw/emulator/elf.ts";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { changed, openBoard, release, type TestBoard, untold } from "./board.ts";

const found = findTools();
const tools = found as Tools;
/** ESP_OTA_IMG_VALID. */
const VALID = 2;
/** RTC_CNTL_WDTCONFIG0 and 1 (ESP32-C3 Technical Reference Manual, "Watchdog Timers"): enabled and what it does, and when. */
const WATCHDOG = 0x60008090;
const WATCHDOG_TICKS = 0x60008094;
/** Its first stage resets the chip, after 60 s: two ticks of the 136 kHz clock each. */
const RESETS = 4 << 28;
const TICKS = (60 * 136_000) / 2;

describe("the firmware on an emulated ESP32-C3", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	let firmware: Firmware;
	before(async () => {
		firmware = await buildFirmware(tools);
	});

	const withBoard = async (options: CloudOptions, work: (board: TestBoard) => Promise<void>): Promise<void> => {
		const board = await openBoard(tools, firmware, { cloud: options });
		try {
			await work(board);
		} finally {
			await board.close();
		}
	};
	const connected = /state=connected/;

	test("the network comes up, then the key is made, enrolled and used; after a reset the stored credential is used again", () =>
		withBoard({}, async ({ cloud, boot, flash }) => {
			const telemetry = cloud.seen(({ event }) => event === "telemetry");
			const power = new AbortController();
			telemetry.then(() => power.abort());
			const first = await boot({ power: power.signal });
			assert.match(
				first.output,
				/^network: 10\.0\.2\.15$[\s\S]*key\.generated {2}curve=P-256[\s\S]*credential\.stored {2}sequence=1[\s\S]*credential\.proven/m,
			);
			const second = await boot({ stopAt: connected });
			assert.equal(second.ended, "stopped", second.output);
			assert.doesNotMatch(second.output, /key\.generated|dps\./);
			// What the bootloader writes of an image that came by cable: esp_ota_select_entry_t, number 1, valid.
			const { offset } = firmware.partitions.find(({ name }) => name === "otadata")!;
			const entry = readFileSync(flash).subarray(offset);
			assert.deepEqual([entry.readUInt32LE(0), entry.readUInt32LE(24)], [1, VALID]);
			assert.equal(cloud.registrations.length, 1);
			const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
			assert.equal(serials.length, 2);
			assert.equal(new Set(serials).size, 1);
		}));

	test("a cold boot that nobody tells the time is connected within five minutes", () =>
		withBoard({}, async ({ cloud, boot, reflash }) => {
			await boot({ stopAt: /credential\.proven/ });
			reflash(untold(firmware));
			const { output, ended } = await boot({ stopAt: connected, timeoutSeconds: 300 });
			assert.equal(ended, "stopped", output);
			assert.match(output, /^clock: no time from any server$/m);
			assert.match(output, /code=clock\.unset/);
			assert.doesNotMatch(output, /key\.generated|dps\./);
			const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
			assert.equal(serials.length, 2);
			assert.equal(new Set(serials).size, 1);
		}));

	test("a certificate is renewed over the hub, and the new one is used after a reset", () =>
		withBoard({ validitySeconds: 60 }, async ({ cloud, boot }) => {
			const first = await boot({ stopAt: /credential\.proven {2}sequence=2/, timeoutSeconds: 180 });
			assert.equal(first.ended, "stopped", first.output);
			assert.match(first.output, /renewal\.request/);
			assert.equal(cloud.registrations.length, 1);
			const second = await boot({ stopAt: connected });
			assert.equal(second.ended, "stopped", second.output);
			const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
			assert.notEqual(serials.at(-1), serials[0]);
		}));

	test("an update goes into the other slot by HTTP Range and is confirmed by the hub", () =>
		withBoard({}, async ({ cloud, boot, offer }) => {
			await boot({ stopAt: connected });
			offer(2, release(firmware, 2));
			const old = await boot({ timeoutSeconds: 300 });
			assert.equal(old.ended, "reset", old.output);
			assert.match(old.output, /ota\.restart {2}sequence=2/);
			const trial = await boot({ stopAt: /ota\.confirmed/ });
			assert.match(trial.output, /ota\.boot {2}decision=trial {2}running=ota_1[\s\S]*ota\.confirmed {2}sequence=2/);
			const next = await boot({ stopAt: connected });
			assert.match(next.output, /ota\.boot {2}decision=run {2}running=ota_1/);
			assert.equal(cloud.registrations.length, 1);
		}));

	test("the bootloader's watchdog, which resets the chip, runs until setup/slot ends it", () =>
		withBoard({}, async ({ boot }) => {
			const elf = readFileSync(firmware.elf);
			const main = addressOf(elf, "app_main");
			const awake = addressOf(elf, "xs_slot_awake");
			const seen: string[] = [];
			// QEMU has no such watchdog, but what is stored in its registers can be seen.
			const name = (stop: string, pc: number, stored: number): string => {
				if (pc === main) return "main";
				if (pc === awake) return "setup/slot";
				if (stop.includes(`watch:${WATCHDOG_TICKS.toString(16)}`)) return `ticks ${stored}`;
				return `${stored >>> 31 ? "on" : stored === 0 ? "off" : "set"} ${stored.toString(16)}`;
			};
			const { output } = await boot({
				async debug(gdb) {
					for (const address of [main, awake]) await gdb.breakAt(address);
					for (const address of [WATCHDOG, WATCHDOG_TICKS]) await gdb.watch(address);
					while (!seen.includes("setup/slot") || seen.at(-1) === "setup/slot") {
						const stop = await gdb.run();
						seen.push(name(stop, await gdb.pc(), await gdb.stored()));
					}
				},
			});
			const on = seen.lastIndexOf("on 80000000");
			const told = JSON.stringify(seen);
			assert.ok(on >= 0 && !seen.slice(on, -1).some((what) => what.startsWith("off")), `${told}\n${output}`);
			assert.ok(seen.slice(0, on).includes(`set ${RESETS.toString(16)}`), told);
			assert.deepEqual(seen.slice(-4), [`ticks ${TICKS}`, "main", "setup/slot", "off 0"]);
		}));

	test("no key is made where no network has been up: the chip's generator is not a true one before", async () => {
		const board = await openBoard(tools, firmware, { image: changed(firmware, 1, "deaf") });
		try {
			const { output } = await board.boot({ stopAt: /key\.generated|restart in/, timeoutSeconds: 90 });
			assert.match(output, /^clock: .*entropy: asked for before the network was up$/m);
			assert.match(output, /^fatal .*entropy: asked for before the network was up/m);
			assert.doesNotMatch(output, /key\.generated/);
			assert.equal(board.cloud.registrations.length, 0);
		} finally {
			await board.close();
		}
	});
});
