/** The Store port on ESP-IDF's own NVS (served.ts), as hw/moddable/store-nvs.ts makes it of the SDK's key-value storage. */
import { Fault } from "../../src/fault.ts";
import type { Store, StoreEntries } from "../../src/port.ts";
import type { ServedNvs } from "./served.ts";

export class NvsStore implements Store {
	readonly #nvs: ServedNvs;
	readonly #before: (command: string) => void;
	/** Puts that NVS has refused for want of room. */
	refusals = 0;

	/** `before`: is told of each change before it is made. */
	constructor(nvs: ServedNvs, before: (command: string) => void = () => {}) {
		this.#nvs = nvs;
		this.#before = before;
	}

	get(name: string): Uint8Array | undefined {
		try {
			const [line = ""] = this.#nvs.ask(`get ${name}`);
			return new Uint8Array(Buffer.from(line.slice(3), "hex"));
		} catch (thrown) {
			if (isNamed(thrown, /NOT_FOUND/)) return undefined;
			throw thrown;
		}
	}

	put(name: string, bytes: Uint8Array): void {
		const command = `blob ${name} ${Buffer.from(bytes).toString("hex")}`;
		this.#before(command);
		try {
			this.#nvs.ask(command);
		} catch (thrown) {
			if (!isNamed(thrown, /NOT_ENOUGH_SPACE/)) throw thrown;
			this.refusals++;
			throw new Fault("store.full", `nvs: ${name}`);
		}
	}

	delete(name: string): void {
		if (this.get(name) === undefined) return;
		this.#before(`del ${name}`);
		this.#nvs.ask(`del ${name}`);
	}

	entries(): StoreEntries {
		const { used, own, total } = this.#nvs.stats;
		return { used, own, total };
	}
}

const isNamed = (thrown: unknown, name: RegExp): boolean => thrown instanceof Error && name.test(thrown.message);
