/** An image as flash holds it: what counts is what is read back, not what came over the wire. */
import { createSha256 } from "#digest";
import { Fault } from "../fault.ts";
import type { Slot } from "../port.ts";
import { PIECE_BYTES } from "./writer.ts";

export interface ReadBack {
	/** SHA-256. */
	readonly digest: Uint8Array;
	/** Why the slot's inspection refuses it: even what is signed may not be fit to run. */
	readonly unfit: Fault | undefined;
}

/** Throws Fault ota.flash. */
export function readBack(slot: Slot, size: number): ReadBack {
	const sha256 = createSha256();
	const inspection = slot.inspect(size);
	let unfit: Fault | undefined;
	const inspect = (step: () => void): void => {
		try {
			if (unfit === undefined) step();
		} catch (thrown) {
			unfit = Fault.of(thrown, "ota.image");
		}
	};
	for (let offset = 0; offset < size; offset += PIECE_BYTES) {
		const part = slot.read(offset, Math.min(PIECE_BYTES, size - offset));
		sha256.write(part);
		inspect(() => inspection.push(part));
	}
	inspect(() => inspection.end());
	return { digest: sha256.close(), unfit };
}
