/**
 * The AppFlash port as files: `app_0.bin`, `app_1.bin` (the staged copies) and `app_run.bin` in a folder, with the semantics
 * of flash: an erase gives 0xff, a write goes into erased bytes or makes them zero.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/fault.ts";
import { SECTOR_BYTES } from "../../src/ota/writer.ts";
import type { AppFlash, Half } from "../../src/port.ts";
import { attempt, FlashFile } from "./flash-file.ts";

/** As in partitions-app.csv. */
const AREA_BYTES = 0x20000;

/** Throws Fault ota.flash. */
export function openAppFlash(folder: string, bytes = AREA_BYTES): AppFlash {
	attempt(() => mkdirSync(folder, { recursive: true }));
	const part = (area: Half | "run", offset: number, length: number): FlashFile => {
		if (offset < 0 || offset + length > bytes) throw new Fault("ota.flash", "outside the application's flash");
		return new FlashFile(join(folder, `app_${area}.bin`));
	};
	return {
		bytes,
		read: (area, offset, length) => part(area, offset, length).read(offset, length),
		erase(area, offset, length) {
			if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0)
				throw new Fault("ota.flash", "erase is not aligned");
			part(area, offset, length).erase(offset, length);
		},
		write(area, offset, written) {
			const file = part(area, offset, written.length);
			const before = file.read(offset, written.length);
			if (written.some((byte, at) => byte !== 0 && before[at] !== 0xff))
				throw new Fault("ota.flash", "write over data");
			file.write(offset, written);
		},
	};
}
