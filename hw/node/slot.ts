/**
 * The Slot port as files: `ota_0.bin`, `ota_1.bin` and `otadata.json` in a folder, with the semantics of ESP-IDF
 * (bootloader.ts). For `enrollee run` and for tests; the program that runs is of course the same one in either slot. A chip with
 * anti-rollback is one with an `efuse.json` there: the number that is burnt.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Slot } from "../../src/port.ts";
import { BLANK, bootSlot, type Medium, type Otadata } from "./bootloader.ts";
import { encodeImage, isImage } from "./bundle/image.ts";
import { readReleaseNumber } from "./bundle/release-number.ts";
import { makeFolder, replaceFile } from "./files.ts";
import { attempt, FlashFile } from "./flash-file.ts";

export interface SlotOptions {
	readonly folder: string;
	/** Default: that of our partitions.csv for 4 MB, 0x1d0000. */
	readonly bytes?: number;
	/** esp_chip_id_t. Default 0, ESP32. */
	readonly chipId?: number;
	/** The device would restart now: end, and call openSlot again. */
	restart(): void;
}

/** What a power-up does; each call is one. Throws Fault ota.flash. */
export function openSlot(options: SlotOptions): Slot {
	const { folder, bytes = 0x1d0000, chipId = 0, restart } = options;
	attempt(() => {
		makeFolder(folder);
		// What runs now, as if flashed by cable.
		const first = join(folder, "ota_0.bin");
		if (!existsSync(first)) writeFileSync(first, encodeImage(chipId, new Uint8Array(1024)));
	});
	return bootSlot(fileMedium(folder), {
		bytes,
		chipId,
		rollback: true,
		restart,
		sequence(slot) {
			const { path } = new FlashFile(join(folder, `ota_${slot}.bin`));
			return attempt(() => (existsSync(path) ? readReleaseNumber(new Uint8Array(readFileSync(path))) : 0) ?? 0);
		},
		guard(seconds) {
			const timer = setTimeout(restart, seconds * 1000);
			timer.unref();
			return () => clearTimeout(timer);
		},
	});
}

function fileMedium(folder: string): Medium {
	const image = (slot: number): FlashFile => new FlashFile(join(folder, `ota_${slot}.bin`));
	const otadata = join(folder, "otadata.json");
	const efuse = join(folder, "efuse.json");
	return {
		read: (slot, offset, length) => image(slot).read(offset, length),
		write: (slot, offset, bytes) => image(slot).write(offset, bytes),
		erase: (slot, offset, length) => image(slot).erase(offset, length),
		verify(slot) {
			const { path } = image(slot);
			return attempt(() => existsSync(path) && isImage(new Uint8Array(readFileSync(path))));
		},
		readOtadata: () =>
			attempt(() => (existsSync(otadata) ? (JSON.parse(readFileSync(otadata, "utf8")) as Otadata) : BLANK)),
		readEfuse: () => attempt(() => (existsSync(efuse) ? Number(JSON.parse(readFileSync(efuse, "utf8"))) : undefined)),
		burnEfuse: (version) => attempt(() => replaceFile(efuse, JSON.stringify(version))),
		writeOtadata: (entries) =>
			attempt(() => {
				replaceFile(otadata, JSON.stringify(entries));
			}),
	};
}
