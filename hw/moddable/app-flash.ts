/**
 * `enrollee/app-flash` on ESP32: the partition `stage` holds both copies, `xs` is where the engine looks for an archive
 * (partitions-app.csv).
 */
import flash, { type Flash } from "embedded:storage/flash";
import { Fault } from "../../src/fault.ts";
import type { AppFlash, Half } from "../../src/port.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";

/** Throws Fault ota.flash on a board that was flashed without these partitions. */
export function openAppFlash(): AppFlash {
	const stage = attempt("stage", () => flash.open({ path: "stage", mode: "r+" }));
	const run = attempt("xs", () => flash.open({ path: "xs", mode: "r+" }));
	const sizeOf = (partition: Flash): number => attempt("status", () => partition.status().size);
	const half = Math.floor(sizeOf(stage) / 2 / SECTOR_BYTES) * SECTOR_BYTES;
	const bytes = Math.min(half, sizeOf(run));

	const at = (area: Half | "run", offset: number, length: number): { partition: Flash; from: number } => {
		if (offset < 0 || offset + length > bytes) throw new Fault("ota.flash", "outside the application's flash");
		return area === "run" ? { partition: run, from: offset } : { partition: stage, from: area * half + offset };
	};
	return {
		bytes,
		read(area, offset, length) {
			const { partition, from } = at(area, offset, length);
			return new Uint8Array(attempt("read", () => partition.read(length, from)));
		},
		erase(area, offset, length) {
			const { partition, from } = at(area, offset, length);
			attempt("erase", () => partition.eraseBlock(from / SECTOR_BYTES, (from + length) / SECTOR_BYTES));
		},
		write(area, offset, part) {
			const { partition, from } = at(area, offset, part.length);
			attempt("write", () => partition.write(part, from));
		},
	};
}

function attempt<T>(what: string, body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		throw new Fault("ota.flash", `${what}: ${reason}`, { cause: thrown });
	}
}
