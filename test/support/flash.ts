/** Both stores that an agent may have: the flash as it is, and the pairs on it that a device makes of it. */
import type { Store } from "../../src/port.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { FakeStore, type FakeStoreOptions } from "./store.ts";

export const STORES: Readonly<Record<"bare" | "pairs", (options: FakeStoreOptions) => Store>> = {
	bare: (options) => new FakeStore(options),
	pairs: (options) => new PairStore(new FakeStore(options)),
};
