/**
 * What mqtt-packet uses of bl, a list of buffers. src/mqtt/packet.ts feeds whole packets, so one buffer is enough. What was consumed is
 * passed over, since a view costs XS some thousand instructions.
 */
import { utf8Text } from "../../../src/base/bytes.ts";
import { Buffer } from "./buffer.js";

const NOTHING = Buffer.alloc(0);

class List {
	#bytes = NOTHING;
	#from = 0;

	get length() {
		return this.#bytes.length - this.#from;
	}

	append(bytes) {
		if (this.length === 0) this.#bytes = bytes;
		else {
			const all = Buffer.alloc(this.length + bytes.length);
			all.set(this.slice());
			all.set(bytes, this.length);
			this.#bytes = all;
		}
		this.#from = 0;
		return this;
	}

	/** A packet that was read is kept by nobody. */
	consume(length) {
		this.#from += length;
		if (this.#from < this.#bytes.length) return this;
		this.#bytes = NOTHING;
		this.#from = 0;
		return this;
	}

	/** Without the detour of `subarray` over the species. */
	slice(start = 0, end = this.length) {
		const { buffer, byteOffset } = this.#bytes;
		return new Buffer(buffer, byteOffset + this.#from + start, end - start);
	}

	/** mqtt-packet asks for UTF-8 only. */
	toString(_encoding, start, end) {
		const { buffer, byteOffset } = this.#bytes;
		return utf8Text(new Uint8Array(buffer, byteOffset + this.#from + start, end - start));
	}

	readUInt8(at) {
		return this.#bytes[this.#from + at];
	}

	readUInt16BE(at) {
		return (this.readUInt8(at) << 8) | this.readUInt8(at + 1);
	}
}

/** Called without `new`. */
export default function bl() {
	return new List();
}
