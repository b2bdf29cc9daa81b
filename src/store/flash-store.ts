/**
 * The agent's store on flash that may lose what it replaces: a PairStore, which takes over what older versions have left.
 *
 * An image on trial leaves older versions' blobs where they are and as they are: the image before it reads nothing else,
 * and may come back.
 */
import { Fault } from "../fault.ts";
import type { Store, StoreEntries } from "../port.ts";
import { PairStore } from "./pair-store.ts";
import { StoreRoom } from "./store-room.ts";

/** All that versions before this kept. */
const NAMES = ["cred.a", "cred.b", "cred.current", "cred.pending", "ota", "ota.app", "app"] as const;

/** `entries`: of the flash, where it can say. Throws Fault store.failed where it cannot be read. */
export function openFlashStore(flash: Store, onTrial: boolean, entries?: () => StoreEntries | undefined): Store {
	const room = new StoreRoom(flash, entries);
	const store = new PairStore(room);
	const isOld = NAMES.some((name) => flash.get(name) !== undefined) && !NAMES.some((name) => store.holds(name));
	if (onTrial && isOld) return room;
	for (const name of NAMES) adopt(store, name);
	return store;
}

/** What cannot be moved, for want of room or because flash is worn, stays where it is: it is read there, too. */
function adopt(store: PairStore, name: string): void {
	try {
		store.adopt(name);
	} catch (thrown) {
		if (!(thrown instanceof Fault)) throw thrown;
	}
}
