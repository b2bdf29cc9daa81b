/**
 * The Slot port in the simulator: `ota_0.bin`, `ota_1.bin` and `otadata.json` in $ENROLLEE_STATE, with the semantics of
 * ESP-IDF's bootloader, with anti-rollback where `efuse.json` has a number. The program that runs is the same in either slot; a restart ends the simulator.
 */
import { restart } from "enrollee/system";
import Timer from "timer";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { Slot } from "../../src/port.ts";
import { BLANK, bootSlot, type Medium, type Otadata } from "../node/bootloader.ts";
import { encodeImage, isImage } from "../node/bundle/image.ts";
import { StateFiles } from "./state-files.ts";

/** As in partitions.csv. */
const SLOT_BYTES = 0x1f0000;
const CHIP_ID = 0;

export function openSlot(): Slot {
	return bootSlot(openMedium(), {
		bytes: SLOT_BYTES,
		chipId: CHIP_ID,
		rollback: true,
		// Not looked for in what stands in for an image.
		sequence: () => 0,
		restart: () => void restart(),
		guard(seconds) {
			const timer = Timer.set(() => void restart(), seconds * 1000);
			return () => Timer.clear(timer);
		},
	});
}

function openMedium(): Medium {
	const files = new StateFiles();
	const image = (slot: number): string => `ota_${slot}.bin`;
	// What runs now, as if flashed by cable.
	if (files.size(image(0)) === 0) files.replace(image(0), encodeImage(CHIP_ID, new Uint8Array(1024)));
	return {
		read: (slot, offset, length) => files.read(image(slot), offset, length),
		write: (slot, offset, bytes) => files.write(image(slot), offset, bytes),
		erase: (slot, offset, length) => files.write(image(slot), offset, new Uint8Array(length).fill(0xff)),
		verify: (slot) => isImage(files.read(image(slot), 0, files.size(image(slot)))),
		readOtadata() {
			const size = files.size(OTADATA);
			if (size === 0) return BLANK;
			try {
				return JSON.parse(utf8Text(files.read(OTADATA, 0, size))) as Otadata;
			} catch (thrown) {
				throw Fault.of(thrown, "ota.flash");
			}
		},
		writeOtadata: (otadata) => files.replace(OTADATA, utf8(JSON.stringify(otadata))),
		readEfuse() {
			const size = files.size(EFUSE);
			return size === 0 ? undefined : Number(utf8Text(files.read(EFUSE, 0, size)));
		},
		burnEfuse: (version) => files.replace(EFUSE, utf8(String(version))),
	};
}

const OTADATA = "otadata.json";
const EFUSE = "efuse.json";
