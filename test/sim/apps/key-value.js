// The SDK's embedded:storage/key-value of ESP32, as far as we use it: NVS's limits, types and errors, in memory.
const domains = new Map();
export const partition = { freeBytes: 4000 };

class Domain {
	#entries;
	#format;
	constructor(entries, format) {
		this.#entries = entries;
		this.#format = format;
	}
	read(key) {
		const value = this.#entries.get(name(key));
		if (value === undefined) return undefined;
		if ((this.#format === "buffer") !== value instanceof ArrayBuffer) throw new TypeError("mismatch");
		return value;
	}
	write(key, value) {
		if (value.byteLength > partition.freeBytes) throw new Error("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
		this.#entries.set(name(key), value.slice ? value.slice().buffer : value);
	}
	delete(key) {
		this.#entries.delete(name(key));
	}
	close() {
		this.#entries = undefined;
	}
}

function name(key) {
	if (key.length < 1 || key.length > 15) throw new Error("ESP_ERR_NVS_KEY_TOO_LONG");
	return key;
}

export default {
	open({ path, format = "buffer" }) {
		if (!domains.has(name(path))) domains.set(path, new Map());
		return new Domain(domains.get(path), format);
	},
	put(path, key, value) {
		if (!domains.has(path)) domains.set(path, new Map());
		domains.get(path).set(name(key), value);
	},
};
