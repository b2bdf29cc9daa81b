/**
 * A second copy of the floor, the sequence number at or below which no bundle comes in: in a blob of its own, which no other
 * write touches, so that losing the update record lowers nothing. The number in text, and a checksum over it and its name.
 */
import { sha256 } from "#digest";
import { hex, utf8, utf8Text } from "../base/bytes.ts";
import type { Store } from "../port.ts";
import { readUndamaged } from "../store/undamaged.ts";

const CHECK_DIGITS = 16;

/** 0 where there is none, or none that can be read. Throws Fault store.failed. */
export function readFloor(store: Store, name: string): number {
	const bytes = readUndamaged(store, name);
	if (bytes === undefined) return 0;
	const [digits = ""] = attemptText(bytes).split(" ");
	const floor = Number(digits);
	return Number.isSafeInteger(floor) && attemptText(bytes) === encode(name, floor) ? floor : 0;
}

/** Throws Fault store.*. */
export function writeFloor(store: Store, name: string, floor: number): void {
	store.put(name, utf8(encode(name, floor)));
}

function encode(name: string, floor: number): string {
	return `${floor} ${hex(sha256(utf8(`${name} ${floor}`))).slice(0, CHECK_DIGITS)}`;
}

function attemptText(bytes: Uint8Array): string {
	try {
		return utf8Text(bytes);
	} catch {
		return "";
	}
}
