/**
 * What the firmware takes on an emulated ESP32-C3: its image by component; free heap, stacks and instructions in each phase of an
 * enrolment and a renewal, looked at through the GDB stub; what a download takes beside the session; erases of NVS. Prints the tables
 * of docs/board.md; with `--write` they go there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressOf, sections } from "../../hw/emulator/elf.ts";
import type { Gdb } from "../../hw/emulator/gdb.ts";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { project } from "../../hw/simulator/harness.ts";
import { standInImage } from "../support/release.ts";
import { openBoard, release, type TestBoard } from "./board.ts";
import { type Heap, heaps, lastPage, partsOf, RAM, RAM_BYTES, type Stack, stacks } from "./look.ts";

export interface Table {
	readonly head: readonly string[];
	readonly rows: readonly (readonly [string, ...number[]])[];
	/** How far from it another measurement may be, by column: a part of it, and as much at least. */
	readonly within: readonly (readonly [number, number])[];
}

interface Sample extends Heap {
	readonly step: string;
	readonly instructions: number;
}

/** A step of the log, and what is over then. */
const PHASES = [
	["network:", "network"],
	["key.generated", "key made"],
	["csr.ready", "CSR"],
	["dps.connected", "TLS to DPS"],
	["dps.assigned", "assigned"],
	["credential.stored", "certificate checked and stored"],
	["hub.connected", "mutual TLS to the hub"],
	["connected", "connected"],
	["renewal.request", "renewal: key and request"],
	["credential.stored", "renewal: certificate checked and stored"],
	["credential.proven", "renewal: reconnected"],
] as const;
const TASKS = ["main", "tcpip", "emac_rx", "esp_timer", "sys_evt"];
const ESP32_C3 = 5;
const SMALL_IMAGE_BYTES = 256 * 1024;
const RENEWALS = 10;
const LONG_SECONDS = 1200;
/** Of a line of the log, behind the time: the step, or the state. */
const STEP = /^(?:\d+\.\d+ s {2})?(?:state {2}state=)?([\w.:]+)/;
const STEP_BYTES = 64;
const A2 = 12;
const DOCUMENT = join(project, "docs/board.md");
const BLOCK = /(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)/s;

/** In minutes. */
export async function measure(tools: Tools): Promise<Table[]> {
	const firmware = await buildFirmware(tools);
	const board = await openBoard(tools, firmware);
	try {
		const { samples, tasks: alive } = await life(board, firmware);
		const renewed = readFileSync(board.flash);
		const pages = await pagesOfRenewals(board, firmware);
		const downloads: Download[] = [];
		for (const image of [standInImage(2, SMALL_IMAGE_BYTES, ESP32_C3, 2), release(firmware, 3)]) {
			writeFileSync(board.flash, renewed);
			downloads.push(await download(board, firmware, image, downloads.length + 2));
		}
		const deepest = (task: string): number =>
			Math.min(
				...[alive, ...downloads.map(({ tasks }) => tasks)]
					.flat()
					.map((it) => (it.task === task ? it.unused : Infinity)),
			);
		return [
			imageOf(firmware),
			{
				head: ["phase", "instructions since the last, M", "free heap, bytes", "lowest so far"],
				rows: samples.map(({ instructions, free, lowest }, at) => {
					const since = instructions - (samples[at - 1]?.instructions ?? 0);
					return [PHASES[at]![1], Math.round(since / 1e6), free, lowest];
				}),
				within: [
					[0.15, 5],
					[0.02, 0],
					[0.02, 0],
				],
			},
			{
				head: ["task", "stack, bytes", "never used"],
				rows: alive.map(({ task, bytes }) => [`\`${task}\``, bytes, deepest(task)]),
				within: [
					[0, 0],
					[0, 384],
				],
			},
			{
				head: ["download of", "lowest free heap, bytes", "below the connected agent's lowest"],
				rows: downloads.map(({ row }) => row),
				within: [
					[0.02, 0],
					[0, 2048],
				],
			},
			{
				head: ["NVS", "pages begun, each an erase"],
				rows: [[`${RENEWALS} renewals`, pages]],
				within: [[0, 1]],
			},
		];
	} finally {
		await board.close();
	}
}

/** As docs/board.md has them. */
export function render(tables: readonly Table[]): string {
	const line = (cells: readonly (string | number)[]): string =>
		`| ${cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)).join(" | ")} |\n`;
	return tables.map(({ head, rows }) => line(head) + line(head.map(() => "---")) + rows.map(line).join("")).join("\n");
}

/** What docs/board.md has in their place. */
export const documented = (): string => BLOCK.exec(readFileSync(DOCUMENT, "utf8"))![0];

function imageOf({ image, elf, partitions }: Firmware): Table {
	const parts = partsOf(readFileSync(elf.replace(/\.elf$/, ".map"), "utf8"));
	const part = (name: string): number => parts.get(name) ?? 0;
	const named = [
		["script", part("script")],
		["XS, with the SDK's and our C", part("xs_esp32c3.a")],
		["lwIP", part("liblwip.a")],
		["C library", part("libc.a")],
	] as const;
	const rest = image.length - named.reduce((sum, [, bytes]) => sum + bytes, 0);
	const inRam = (...names: string[]): number =>
		sections(readFileSync(elf)).reduce((sum, { name, size }) => sum + (names.includes(name) ? size : 0), 0);
	return {
		head: ["image", "bytes"],
		rows: [
			["all of it", image.length],
			...named,
			["the rest of ESP-IDF", rest],
			["slot for it", partitions.find(({ name }) => name === "ota_0")!.size],
			["IRAM", inRam(".iram0.text", ".iram0.text_end")],
			["data and bss", inRam(".dram0.data", ".dram0.bss")],
		],
		within: [[0.02, 0]],
	};
}

/** Runs with instructions counted, and takes a sample where each line of the log begins to be written, for as long as `next` wants more. */
async function sample(
	board: TestBoard,
	firmware: Firmware,
	next: (sample: Sample, gdb: Gdb) => Promise<boolean>,
): Promise<void> {
	const elf = readFileSync(firmware.elf);
	const registered = addressOf(elf, "registered_heaps");
	const { ended, output } = await board.boot({
		counts: true,
		timeoutSeconds: LONG_SECONDS,
		async debug(gdb) {
			await gdb.breakAt(addressOf(elf, "fxReport"));
			for (let isWanted = true; isWanted; ) {
				await gdb.run();
				// fxReport(the, "%s", text)
				const [, step = ""] = STEP.exec((await gdb.read(await gdb.register(A2), STEP_BYTES)).toString("latin1")) ?? [];
				const now = { step, instructions: await gdb.instructions(), ...(await heaps(gdb, registered)) };
				isWanted = await next(now, gdb);
			}
		},
	});
	if (ended !== "cut") throw new Error(`${ended}: ${output}`);
}

/** From a factory's flash through an enrolment and a renewal. */
async function life(board: TestBoard, firmware: Firmware): Promise<{ samples: Sample[]; tasks: Stack[] }> {
	const samples: Sample[] = [];
	let tasks: Stack[] = [];
	const power = new AbortController();
	await sample(board, firmware, async (now, gdb) => {
		if (now.step !== PHASES[samples.length]![0]) return true;
		samples.push(now);
		if (now.step === "connected") void board.renew(power.signal);
		if (samples.length < PHASES.length) return true;
		tasks = stacks(await gdb.read(RAM, RAM_BYTES), TASKS);
		return false;
	});
	return { samples, tasks };
}

interface Download {
	readonly row: readonly [string, number, number];
	readonly tasks: readonly Stack[];
}

async function download(board: TestBoard, firmware: Firmware, image: Uint8Array, sequence: number): Promise<Download> {
	let [connected, lowest] = [0, 0];
	let tasks: Stack[] = [];
	await sample(board, firmware, async (now, gdb) => {
		if (now.step === "connected") {
			connected = now.lowest;
			board.offer(sequence, image);
		}
		lowest = now.lowest;
		if (now.step !== "ota.restart") return true;
		tasks = stacks(await gdb.read(RAM, RAM_BYTES), TASKS);
		return false;
	});
	return { row: [`${Math.round(image.length / 1024).toLocaleString("en-US")} KB`, lowest, connected - lowest], tasks };
}

async function pagesOfRenewals(board: TestBoard, firmware: Firmware): Promise<number> {
	const { offset, size } = firmware.partitions.find(({ name }) => name === "nvs")!;
	const pages = (): number => lastPage(readFileSync(board.flash).subarray(offset, offset + size));
	const power = new AbortController();
	let [first, left] = [0, RENEWALS];
	const { ended, output } = await board.boot({
		timeoutSeconds: LONG_SECONDS,
		power: power.signal,
		onLine(line) {
			if (!/state=connected/.test(line)) return;
			if (left === RENEWALS) first = pages();
			if (left-- > 0) void board.renew(power.signal);
			else power.abort();
		},
	});
	if (ended !== "cut") throw new Error(`${ended}: ${output}`);
	return pages() - first;
}

if (process.argv[1] === import.meta.filename) {
	const tools = findTools();
	if (typeof tools === "string") {
		process.stderr.write(`${tools}\n`);
		process.exit(2);
	}
	const text = render(await measure(tools));
	process.stdout.write(text);
	if (process.argv.includes("--write"))
		writeFileSync(
			DOCUMENT,
			readFileSync(DOCUMENT, "utf8").replace(BLOCK, () => text),
		);
}
