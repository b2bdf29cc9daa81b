/**
 * What a device can tell about a firmware image before it is in flash: the header of ESP-IDF's esp_image_header_t ("App
 * Image Format" in its programming guide). The platform checks the rest when the image is armed.
 */
import { Fault } from "../fault.ts";
import type { Inspection } from "../port.ts";

const HEADER_BYTES = 24;
const MAGIC = 0xe9;
const CHIP_ID_OFFSET = 12;

/** Refuses, with Fault ota.image, what does not begin like an image for the chip (esp_chip_id_t). */
export function inspectFirmware(chipId: number): Inspection {
	const header: number[] = [];
	const check = (): void => {
		if (header.length < HEADER_BYTES || header[0] !== MAGIC) throw new Fault("ota.image", "does not begin with 0xe9");
		const found = header[CHIP_ID_OFFSET]! | (header[CHIP_ID_OFFSET + 1]! << 8);
		if (found !== chipId) throw new Fault("ota.image", `for chip id ${found}, this is ${chipId}`);
	};
	return {
		push(bytes) {
			if (header.length === HEADER_BYTES) return;
			for (let i = 0; i < bytes.length && header.length < HEADER_BYTES; i++) header.push(bytes[i]!);
			if (header.length === HEADER_BYTES) check();
		},
		end() {
			if (header.length < HEADER_BYTES) check();
		},
	};
}
