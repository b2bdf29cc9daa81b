/**
 * What the firmware takes on an emulated ESP32-C3, looked at through the GDB stub in each phase of an enrolment and a renewal: free
 * heap, stacks, instructions; then erases of NVS, from what a row of renewals leaves in flash. Prints Markdown, for docs/board.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCloud } from "../../cloud/cloud.ts";
import { boot } from "./board.ts";
import { addressOf } from "./elf.ts";
import type { Gdb } from "./gdb.ts";
import { buildFirmware, HOST, makeFlash } from "./image.ts";
import { serveTime } from "./time.ts";
import { findTools } from "./tools.ts";

const RAM = 0x3fc80000;
const RAM_BYTES = 0x60000;
/** What FreeRTOS fills stacks with. */
const UNTOUCHED = 0xa5;
/** heap_t of ESP-IDF's heap component: the multi_heap_info_t, and the next one. */
const HEAP_AT = 28;
const NEXT_AT = 32;
const RTC_RAM = 0x50000000;
/** TCB of FreeRTOS: the name stands behind the stack's lowest address and before its highest. */
const NAME_BYTES = 16;
const RENEWALS = 10;
const SECTOR = 4096;

interface Sample {
	readonly step: string;
	readonly instructions: number;
	readonly free: number;
	readonly lowest: number;
}

/** Free bytes of all heaps but that of the RTC, now and at the worst moment since power-up. */
async function heaps(gdb: Gdb, registered: number): Promise<{ free: number; lowest: number }> {
	let [free, lowest] = [0, 0];
	for (let at = await gdb.word(registered); at !== 0; at = await gdb.word(at + NEXT_AT)) {
		const heap = await gdb.word(at + HEAP_AT);
		if (heap === 0 || heap >= RTC_RAM) continue;
		free += await gdb.word(heap + 4);
		lowest += await gdb.word(heap + 8);
	}
	return { free, lowest };
}

/** Bytes of each task's stack, and how many were never used. */
function stacks(ram: Buffer, tasks: readonly string[]): Record<string, { size: number; unused: number }> {
	const found: Record<string, { size: number; unused: number }> = {};
	const inside = (address: number): boolean => address >= RAM && address < RAM + RAM_BYTES;
	for (const task of tasks) {
		const name = Buffer.from(`${task}\0`);
		for (let at = ram.indexOf(name); at >= 0; at = ram.indexOf(name, at + 1)) {
			if (at % 4 !== 0 || at < 4) continue;
			const [low, high] = [ram.readUInt32LE(at - 4), ram.readUInt32LE(at + NAME_BYTES)];
			if (!inside(low) || !inside(high) || high <= low || high - low > 0x8000) continue;
			let unused = 0;
			while (ram[low - RAM + unused] === UNTOUCHED) unused++;
			found[task] = { size: high - low, unused };
		}
	}
	return found;
}

/** The highest number of a page of NVS: each page that is begun, and thus one that was erased, is one more. */
function lastPage(nvs: Buffer): number {
	const numbers: number[] = [];
	for (let at = 0; at < nvs.length; at += SECTOR) {
		const number = nvs.readUInt32LE(at + 4);
		if (number !== 0xffffffff) numbers.push(number);
	}
	return Math.max(...numbers);
}

const tools = findTools();
if (typeof tools === "string") {
	process.stderr.write(`${tools}\n`);
	process.exit(2);
}
const firmware = await buildFirmware(tools);
const folder = mkdtempSync(join(tmpdir(), "enrollee-figures-"));
const cloud = await startCloud({ hosts: [HOST], address: "127.0.0.1", polls: 0, retryAfterSeconds: 0 });
const time = await serveTime();
try {
	const flash = join(folder, "flash.bin");
	writeFileSync(flash, makeFlash(tools, firmware, cloud.settings));
	const registered = addressOf(readFileSync(firmware.elf), "registered_heaps");

	/** As soon as the device listens. */
	const ask = async (): Promise<void> => {
		while (!("status" in (await cloud.operator.callMethod(cloud.registrationId, "enrollee.renew")))) await sleep(50);
	};

	const samples: Sample[] = [];
	const steps: string[] = [];
	const power = new AbortController();
	let stop = (): void => {};
	let tasks: ReturnType<typeof stacks> = {};
	await boot(tools, flash, {
		counts: true,
		timeoutSeconds: 1200,
		power: power.signal,
		onLine(line) {
			const [, step] = /^(?:\d+\.\d+ s {2})?(network:|\S+)/.exec(line) ?? [];
			const state = /state=(\S+)/.exec(line)?.[1];
			steps.push(state ?? step ?? line);
			stop();
		},
		async debug(gdb) {
			stop = () => gdb.stop();
			let asked = false;
			while (true) {
				await gdb.run();
				for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
					const sample = { step, instructions: await gdb.instructions(), ...(await heaps(gdb, registered)) };
					samples.push(sample);
					if (step === "connected" && !asked) void ask();
					if (step === "connected") asked = true;
					if (step === "credential.proven" && asked) {
						tasks = stacks(await gdb.read(RAM, RAM_BYTES), ["main", "tcpip", "sys_evt", "emac_rx", "esp_timer"]);
						power.abort();
					}
				}
			}
		},
	});
	process.stdout.write(
		"| step | instructions since the last, M | free heap | lowest so far |\n| --- | --- | --- | --- |\n",
	);
	let before = 0;
	for (const { step, instructions, free, lowest } of samples) {
		process.stdout.write(`| ${step} | ${((instructions - before) / 1e6).toFixed(1)} | ${free} | ${lowest} |\n`);
		before = instructions;
	}
	process.stdout.write(`${JSON.stringify(tasks)}\n`);

	const { offset, size } = firmware.partitions.find(({ name }) => name === "nvs")!;
	const pages = (): number => lastPage(readFileSync(flash).subarray(offset, offset + size));
	const first = pages();
	let left = RENEWALS;
	const done = new AbortController();
	await boot(tools, flash, {
		timeoutSeconds: 1200,
		power: done.signal,
		onLine: (line) => {
			if (!/state=connected/.test(line)) return;
			if (left-- > 0) void ask();
			else done.abort();
		},
	});
	process.stdout.write(`${pages() - first} pages of NVS in ${RENEWALS} renewals\n`);
} finally {
	time.close();
	await cloud.close();
	rmSync(folder, { recursive: true, force: true });
}
