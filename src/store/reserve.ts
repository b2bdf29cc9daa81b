/**
 * What the agent may need of its flash at the worst, against what there is: all its records at their largest, a second copy of
 * one of them while it is replaced, and room for what else is kept there.
 */
import type { Store, StoreEntries } from "../port.ts";
import { capacityOf, entriesOf } from "./entries.ts";
import { readUndamaged } from "./undamaged.ts";

/** A key, four certificates on P-256 and what belongs to them; a larger one that is there counts as it is. */
export const CREDENTIAL_BYTES = 4096;
/** With a SUIT envelope of 4096 bytes in base64 and all the failures that are remembered. */
export const UPDATE_BYTES = 7168;

/** A key and two certificates: what there has to be room for where there is none yet to go by. */
export const LEAST_CREDENTIAL_BYTES = 2048;

const CREDENTIALS = ["cred.a", "cred.b"] as const;

/** The others at their largest, bytes: cred.current, cred.pending, two floors, app, app.good, restarts, unstable. */
const SMALL = [64, 256, 64, 64, 384, 384, 13, 13] as const;

/** The application's own data, and what ESP-IDF and the configuration keep in the same partition; more where there is more. */
const OTHERS = entriesOf(12 * 1024) + entriesOf(4096);

/** Entries that may be missing one day; 0: the agent will have all that it needs. Throws Fault store.failed. */
export function shortageOf(store: Store, { total, used, own }: StoreEntries): number {
	const sizes = CREDENTIALS.map((name) => readUndamaged(store, name)?.length ?? 0);
	const credential = entriesOf(Math.max(CREDENTIAL_BYTES, ...sizes));
	const update = entriesOf(UPDATE_BYTES);
	const small = SMALL.reduce((sum, bytes) => sum + entriesOf(bytes), 0);
	const needed = 2 * credential + 2 * update + small + Math.max(credential, update);
	return Math.max(0, needed + Math.max(OTHERS, used - own) - capacityOf(total));
}
