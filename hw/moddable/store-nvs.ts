/**
 * The Store port on ESP32: NVS, in a namespace of its own in the default partition, through a PairStore.
 *
 * NVS alone is not enough (src/port.ts, Store): a replaced blob may be lost with the new one. So no blob is ever replaced.
 */
import keyValue from "embedded:storage/key-value";
import { Fault } from "../../src/fault.ts";
import type { Store, StoreEntries } from "../../src/port.ts";
import { openFlashStore } from "../../src/store/flash-store.ts";

const NAMESPACE = "enrollee.state";

export function openStore(): Store {
	const domain = attempt("open", () => keyValue.open({ path: NAMESPACE, format: "buffer" }));
	const flash: Store = {
		isClear: Boolean(native("xs_store_clear").call(undefined)),
		get(name) {
			const bytes = attempt(`read ${name}`, () => domain.read(name));
			return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined;
		},
		put(name, bytes) {
			attempt(`write ${name}`, () => domain.write(name, bytes));
		},
		delete(name) {
			attempt(`delete ${name}`, () => domain.delete(name));
		},
	};
	return openFlashStore(flash, Boolean(native("xs_store_trial").call(undefined)), entries);
}

/** Of the partition; undefined where ESP-IDF cannot say. */
function entries(): StoreEntries | undefined {
	const counts = native("xs_store_entries").call(undefined, NAMESPACE);
	if (!(counts instanceof ArrayBuffer)) return undefined;
	const [total = 0, used = 0, own = 0] = new Uint32Array(counts);
	return { total, used, own };
}

function attempt<T>(what: string, body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		const full = /NOT_ENOUGH_SPACE|NO_FREE_PAGES|VALUE_TOO_LONG/.test(reason);
		throw new Fault(full ? "store.full" : "store.failed", `nvs: ${what}: ${reason}`, { cause: thrown });
	}
}
