/**
 * The randomness that blinds secrets, held back until the ROM image is linked.
 *
 * noble asks its source once while it builds a curve, and without an answer goes without blinding for good. In a device
 * build that is inside the linker, where no platform function runs. So the source answers zeros there, and true
 * randomness from `arm()` on: the last thing the room's last module does. Afterwards nothing can disarm it.
 */
import { fill } from "#entropy";

const gate = { armed: false };

export function randomBytes(length = 32): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(length);
	if (gate.armed) fill(bytes);
	return bytes;
}

export function arm(): void {
	gate.armed = true;
	Object.freeze(gate);
}

export const armed = (): boolean => gate.armed;
