/** A look into an emulated board: its heaps, stacks and NVS, and what its image is made of. */
import type { Gdb } from "../../hw/emulator/gdb.ts";

export const RAM = 0x3fc80000;
export const RAM_BYTES = 0x60000;
/** What FreeRTOS fills stacks with. */
const UNTOUCHED = 0xa5;
/** heap_t of ESP-IDF's heap component: the multi_heap_info_t, and the next one. */
const HEAP_AT = 28;
const NEXT_AT = 32;
const RTC_RAM = 0x50000000;
/** TCB of FreeRTOS: the name stands behind the stack's lowest address and before its highest. */
const NAME_BYTES = 16;
const SECTOR = 4096;

export interface Heap {
	readonly free: number;
	/** At the worst moment since power-up. */
	readonly lowest: number;
}

/** Bytes of all heaps but that of the RTC. `registered`: the address of ESP-IDF's list. */
export async function heaps(gdb: Gdb, registered: number): Promise<Heap> {
	let [free, lowest] = [0, 0];
	for (let at = await gdb.word(registered); at !== 0; at = await gdb.word(at + NEXT_AT)) {
		const heap = await gdb.word(at + HEAP_AT);
		if (heap === 0 || heap >= RTC_RAM) continue;
		free += await gdb.word(heap + 4);
		lowest += await gdb.word(heap + 8);
	}
	return { free, lowest };
}

export interface Stack {
	readonly task: string;
	readonly bytes: number;
	readonly unused: number;
}

/** Of all that is in RAM. */
export function stacks(ram: Buffer, tasks: readonly string[]): Stack[] {
	const inside = (address: number): boolean => address >= RAM && address < RAM + RAM_BYTES;
	return tasks.map((task) => {
		const name = Buffer.from(`${task}\0`);
		for (let at = ram.indexOf(name); at >= 0; at = ram.indexOf(name, at + 1)) {
			if (at % 4 !== 0 || at < 4) continue;
			const [low, high] = [ram.readUInt32LE(at - 4), ram.readUInt32LE(at + NAME_BYTES)];
			if (!inside(low) || !inside(high) || high <= low || high - low > 0x8000) continue;
			let unused = 0;
			while (ram[low - RAM + unused] === UNTOUCHED) unused++;
			return { task, bytes: high - low, unused };
		}
		throw new Error(`no task ${task}`);
	});
}

/** The highest number of a page of NVS: each page that is begun, and thus one that was erased, is one more. */
export function lastPage(nvs: Buffer): number {
	const numbers: number[] = [];
	for (let at = 0; at < nvs.length; at += SECTOR) {
		const number = nvs.readUInt32LE(at + 4);
		if (number !== 0xffffffff) numbers.push(number);
	}
	return Math.max(...numbers);
}

/** Output sections that are flashed. */
const FLASHED = /^\.(iram0\.text|dram0\.data|flash\.(text|appdesc|rodata|tdata))$/;
/** An output section begins; or what an input section takes, with the file that it is of. */
const SECTION = /^(\.[\w.]+)\b|^ (?:\.\S+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$/gm;

/** Flashed bytes by archive, from GNU ld's map; of the SDK's archive the script, mc.xs.c, apart from its C. */
export function partsOf(map: string): Map<string, number> {
	const parts = new Map<string, number>();
	let isFlashed = false;
	for (const [, section, size, file = ""] of map.slice(map.indexOf("Linker script and memory map")).matchAll(SECTION)) {
		if (section !== undefined) isFlashed = FLASHED.test(section);
		else if (isFlashed) {
			const [, archive = "", member = ""] = /([^/]+\.a)\((.*)\)$/.exec(file) ?? [];
			const part = member.startsWith("mc.xs.c") ? "script" : archive;
			parts.set(part, (parts.get(part) ?? 0) + Number.parseInt(size!, 16));
		}
	}
	return parts;
}
