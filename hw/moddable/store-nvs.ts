/**
 * The Store port on ESP32: one blob a name in NVS, in a namespace of its own in the default partition.
 *
 * nvs_set_blob writes the new value before it drops the old one, and each write is committed, so a power cut leaves one
 * or the other (ESP-IDF, "Non-Volatile Storage Library", power cuts).
 */
import keyValue from "embedded:storage/key-value";
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";

const NAMESPACE = "enrollee.state";

export function openStore(): Store {
	const domain = attempt("open", () => keyValue.open({ path: NAMESPACE, format: "buffer" }));
	return {
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
