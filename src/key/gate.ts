/**
 * The randomness that blinds secrets, held back until the ROM image is linked.
 *
 * noble asks its source once while it builds a curve, and without an answer goes without blinding for good. In a device
 * build that is inside the linker, where no platform function runs. So the source answers zeros there, and true
 * randomness from `arm()` on: the last thing the room's last module does. Afterwards nothing can disarm it.
 */
import { fill } from "#entropy";

const gate = { armed: false, lent: [] as { it?: unknown }[] };

export function randomBytes(length = 32): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(length);
	if (gate.armed) fill(bytes);
	return bytes;
}

export function arm(): void {
	gate.armed = true;
	for (const lent of gate.lent) delete lent.it;
	gate.lent = [];
	Object.freeze(gate);
}

/** What is only needed until then, so that it is not in the image. */
export function untilArmed<T>(it: T): { readonly it: T } {
	const lent = { it };
	gate.lent.push(lent);
	return lent;
}

export const armed = (): boolean => gate.armed;
