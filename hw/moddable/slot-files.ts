/**
 * The Slot port in the simulator: `ota_0.bin`, `ota_1.bin` and `otadata.json` in $ENROLLEE_STATE, with the semantics of
 * ESP-IDF's bootloader. The program that runs is the same in either slot; a restart ends the simulator.
 */
import files, { type File } from "embedded:storage/files";
import { restart } from "enrollee/system";
import { environment } from "simulator";
import Timer from "timer";
import { utf8, utf8Text } from "../../src/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { Slot } from "../../src/port.ts";
import { BLANK, bootSlot, type Medium, type Otadata } from "../node/bootloader.ts";
import { encodeImage, isImage } from "../node/bundle/image.ts";

/** As in partitions.csv. */
const SLOT_BYTES = 0x1f0000;
const CHIP_ID = 0;

export function openSlot(): Slot {
	return bootSlot(openMedium(), {
		bytes: SLOT_BYTES,
		chipId: CHIP_ID,
		rollback: true,
		restart: () => void restart(),
		guard(seconds) {
			const timer = Timer.set(() => void restart(), seconds * 1000);
			return () => Timer.clear(timer);
		},
	});
}

function openMedium(): Medium {
	const path = environment("ENROLLEE_STATE") ?? `${environment("HOME")}/.enrollee`;
	const relative = path.replace(/^\/+/, "");
	attempt(() => files.createDirectory(relative));
	const folder = attempt(() => files.openDirectory({ path: relative }));
	const image = (slot: number): string => `ota_${slot}.bin`;
	const sizeOf = (name: string): number => folder.status(name).size ?? 0;

	const use = <T>(name: string, mode: "r" | "r+" | "w+", body: (file: File) => T): T => {
		const file = folder.openFile({ path: name, mode });
		try {
			return body(file);
		} finally {
			file.close();
		}
	};
	const read = (name: string, offset: number, length: number): Uint8Array => {
		const bytes = new Uint8Array(length).fill(0xff);
		const there = Math.min(length, sizeOf(name) - offset);
		if (there > 0) bytes.set(new Uint8Array(use(name, "r", (file) => file.read(there, offset))));
		return bytes;
	};
	const write = (name: string, offset: number, bytes: Uint8Array): void =>
		use(name, folder.status(name).size === undefined ? "w+" : "r+", (file) => {
			file.write(bytes, offset);
			file.flush();
		});
	const writeWhole = (name: string, bytes: Uint8Array): void => {
		use(`${name}~`, "w+", (file) => {
			file.write(bytes, 0);
			file.flush();
		});
		folder.move(`${name}~`, name);
	};

	// What runs now, as if flashed by cable.
	if (attempt(() => sizeOf(image(0))) === 0)
		attempt(() => writeWhole(image(0), encodeImage(CHIP_ID, new Uint8Array(1024))));
	return {
		read: (slot, offset, length) => attempt(() => read(image(slot), offset, length)),
		write: (slot, offset, bytes) => attempt(() => write(image(slot), offset, bytes)),
		erase: (slot, offset, length) => attempt(() => write(image(slot), offset, new Uint8Array(length).fill(0xff))),
		verify: (slot) => attempt(() => isImage(read(image(slot), 0, sizeOf(image(slot))))),
		readOtadata: () =>
			attempt(() => {
				const size = sizeOf(OTADATA);
				return size === 0 ? BLANK : (JSON.parse(utf8Text(read(OTADATA, 0, size))) as Otadata);
			}),
		writeOtadata: (otadata) => attempt(() => writeWhole(OTADATA, utf8(JSON.stringify(otadata)))),
	};
}

const OTADATA = "otadata.json";

function attempt<T>(body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		throw Fault.of(thrown, "ota.flash");
	}
}
