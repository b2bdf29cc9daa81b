/**
 * The firmware for the emulated board, as mcconfig builds it, and the 4 MB of flash that a factory would write: bootloader,
 * partition table, `nvs` with the device's settings, the image in the first slot; everything else erased.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ConfigInput } from "../../src/config.ts";
import { encodeNvsCsv } from "../node/commands/factory.ts";
import { project } from "../simulator/harness.ts";
import { alone } from "../simulator/lock.ts";
import type { Tools } from "./tools.ts";

/** This machine's loopback, as the board sees it. */
export const HOST = "10.0.2.2";

const TARGET = "esp32/esp32c3";
const FLASH_BYTES = 4 * 1024 * 1024;
/** The chip's ROM loads the second-stage bootloader from there (ESP32-C3 Technical Reference Manual, "Chip Boot Control"). */
const BOOTLOADER_AT = 0;
const TABLE_AT = 0x8000;

export interface Firmware {
	readonly bootloader: Uint8Array;
	readonly table: Uint8Array;
	readonly partitions: readonly Partition[];
	readonly image: Uint8Array;
	/** The linked image, for tools that look into it. */
	readonly elf: string;
}

export interface Partition {
	readonly name: string;
	readonly offset: number;
	readonly size: number;
}

export interface FirmwareOptions {
	/** In a folder of its own, whose name is the application's. */
	readonly manifest?: string;
	/** The true board's, of hw/moddable. */
	readonly sdkconfig?: "sdkconfig" | "sdkconfig-encrypted";
}

/** One build in a folder at a time. Throws what mcconfig and ESP-IDF said. */
export async function buildFirmware(tools: Tools, options: FirmwareOptions = {}): Promise<Firmware> {
	const { manifest = join(project, "hw/emulator/manifest.json"), sdkconfig = "sdkconfig" } = options;
	const folder = join(project, "build/board", sdkconfig === "sdkconfig" ? "." : sdkconfig);
	mkdirSync(folder, { recursive: true });
	return alone(join(folder, "out"), () => build(tools, folder, manifest, sdkconfig));
}

async function build({ environment }: Tools, folder: string, manifest: string, board: string): Promise<Firmware> {
	const out = join(folder, "out");
	const app = manifest.split("/").at(-2)!;
	const sdkconfig = join(folder, "sdkconfig");
	for (const needed of [sdkconfig, out]) mkdirSync(needed, { recursive: true });
	// The true board's, and what makes it an emulated one.
	const layers = [`hw/moddable/${board}/sdkconfig.defaults`, "hw/emulator/sdkconfig.defaults"];
	writeChanged(
		join(sdkconfig, "sdkconfig.defaults"),
		layers.map((path) => readFileSync(join(project, path), "utf8")).join("\n"),
	);
	const env = { ...environment, SDKCONFIGPATH: sdkconfig };
	const flags = ["-m", "-p", TARGET, "-o", out, "-t", "build", manifest];
	const { stdout, stderr } = await promisify(execFile)("mcconfig", flags, { env, maxBuffer: 1 << 26 }).catch(
		({ code, stdout = "", stderr = "" }) => {
			throw new Error(`mcconfig ended with ${code}:\n${(stdout + stderr).slice(-4000)}`);
		},
	);
	const made = join(out, "tmp", TARGET, "release", app, "xsProj-esp32c3/build");
	const read = (path: string): Uint8Array => {
		try {
			return readFileSync(join(made, path));
		} catch (cause) {
			throw new Error(`mcconfig made no ${path}:\n${(stdout + stderr).slice(-4000)}`, { cause });
		}
	};
	const [image, table] = [read("xs_esp32.bin"), read("partition_table/partition-table.bin")];
	const partitions = readTable(table);
	// mcconfig says nothing of what ESP-IDF's own check says.
	const { size } = find(partitions, "ota_0");
	if (image.length > size) throw new Error(`the image has ${image.length} bytes, its slot ${size}`);
	const bootloader = read("bootloader/bootloader.bin");
	return { image, bootloader, table, partitions, elf: join(made, "xs_esp32.elf") };
}

function find(partitions: readonly Partition[], name: string): Partition {
	const found = partitions.find((partition) => partition.name === name);
	if (found === undefined) throw new Error(`the partition table has no ${name}`);
	return found;
}

/** As a factory leaves it. `image`: another one than was built, a numbered one for example. */
export function makeFlash(tools: Tools, firmware: Firmware, settings: ConfigInput, image = firmware.image): Uint8Array {
	const flash = Buffer.alloc(FLASH_BYTES, 0xff);
	const place = (name: string): Partition => find(firmware.partitions, name);
	flash.set(firmware.bootloader, BOOTLOADER_AT);
	flash.set(firmware.table, TABLE_AT);
	flash.set(encodeNvs(tools, settings, place("nvs").size), place("nvs").offset);
	flash.set(image, place("ota_0").offset);
	return flash;
}

/** By Espressif's generator, from what `enrollee factory` writes. */
function encodeNvs({ idf, environment }: Tools, settings: ConfigInput, bytes: number): Uint8Array {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-board-"));
	try {
		const [csv, bin] = [join(folder, "nvs.csv"), join(folder, "nvs.bin")];
		writeFileSync(csv, encodeNvsCsv(settings), { mode: 0o600 });
		const generator = join(idf, "components/nvs_flash/nvs_partition_generator/nvs_partition_gen.py");
		const options = [generator, "generate", csv, bin, String(bytes)];
		execFileSync("python", options, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
		return readFileSync(bin);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** esp_partition_info_t of ESP-IDF: magic 0x50aa, type, subtype, offset, size, 16 bytes of name, flags. */
export function readTable(table: Uint8Array): Partition[] {
	const bytes = Buffer.from(table);
	const partitions: Partition[] = [];
	for (let at = 0; at + 32 <= bytes.length && bytes.readUInt16LE(at) === 0x50aa; at += 32)
		partitions.push({
			name: bytes.toString("latin1", at + 12, at + 28).replace(/\0.*/, ""),
			offset: bytes.readUInt32LE(at + 4),
			size: bytes.readUInt32LE(at + 8),
		});
	return partitions;
}

/** The same text again would have mcconfig configure ESP-IDF again. */
function writeChanged(file: string, text: string): void {
	try {
		if (readFileSync(file, "utf8") === text) return;
	} catch {
		// Not there yet.
	}
	writeFileSync(file, text);
}
