/**
 * `enrollee/app-flash` in the simulator: `app_0.bin`, `app_1.bin` and `app_run.bin` in $ENROLLEE_STATE. The last one is what
 * host.c lets the engine map at the start.
 */
import { Fault } from "../../src/fault.ts";
import type { AppFlash, Half } from "../../src/port.ts";
import { StateFiles } from "./state-files.ts";

/** As in partitions-app.csv. */
const AREA_BYTES = 0x20000;

export function openAppFlash(): AppFlash {
	const files = new StateFiles();
	const fileOf = (area: Half | "run", offset: number, length: number): string => {
		if (offset < 0 || offset + length > AREA_BYTES) throw new Fault("ota.flash", "outside the application's flash");
		return `app_${area}.bin`;
	};
	return {
		bytes: AREA_BYTES,
		read: (area, offset, length) => files.read(fileOf(area, offset, length), offset, length),
		erase: (area, offset, length) =>
			files.write(fileOf(area, offset, length), offset, new Uint8Array(length).fill(0xff)),
		write: (area, offset, bytes) => files.write(fileOf(area, offset, bytes.length), offset, bytes),
	};
}
