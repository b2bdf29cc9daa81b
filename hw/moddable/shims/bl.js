/** What mqtt-packet uses of bl, a list of buffers. src/mqtt/packet.ts feeds whole packets, so one buffer is enough. */
import { Buffer } from "./buffer.js";

class List {
	#bytes = Buffer.alloc(0);

	get length() {
		return this.#bytes.length;
	}

	append(bytes) {
		if (this.#bytes.length === 0) {
			this.#bytes = bytes;
			return this;
		}
		const all = Buffer.alloc(this.#bytes.length + bytes.length);
		all.set(this.#bytes);
		all.set(bytes, this.#bytes.length);
		this.#bytes = all;
		return this;
	}

	/** An empty view would keep the whole packet. */
	consume(length) {
		this.#bytes = length < this.#bytes.length ? this.#bytes.subarray(length) : Buffer.alloc(0);
		return this;
	}

	slice(start, end) {
		return this.#bytes.subarray(start, end);
	}

	toString(encoding, start, end) {
		return this.#bytes.toString(encoding, start, end);
	}

	readUInt8(at) {
		return this.#bytes.readUInt8(at);
	}

	readUInt16BE(at) {
		return this.#bytes.readUInt16BE(at);
	}

	readUInt32BE(at) {
		return this.#bytes.readUInt32BE(at);
	}
}

/** Called without `new`. */
export default function bl() {
	return new List();
}
