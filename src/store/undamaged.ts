/** Reading a record that has a second copy elsewhere, or can be done without. */
import { Fault } from "../fault.ts";
import type { Store } from "../port.ts";

/** Undefined also for what flash has damaged. Throws Fault store.failed. */
export function readUndamaged(store: Store, name: string): Uint8Array | undefined {
	try {
		return store.get(name);
	} catch (thrown) {
		if (thrown instanceof Fault && thrown.code === "store.damaged") return undefined;
		throw thrown;
	}
}
