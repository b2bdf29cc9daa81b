/**
 * What mqtt-packet uses of Node's Buffer. Text is strict UTF-8 by src/base/bytes.ts, the same on every engine.
 * Extending Uint8Array makes subarray() return Buffers, which mqtt-packet relies on.
 */
import { hex, utf8, utf8Text } from "../../../src/base/bytes.ts";

export class Buffer extends Uint8Array {
	static from(value, offset, length) {
		if (typeof value === "string") return Buffer.from(utf8(value));
		if (value instanceof ArrayBuffer) return new Buffer(value, offset, length);
		const copy = new Buffer(value.length);
		copy.set(value);
		return copy;
	}

	static alloc(length) {
		return new Buffer(length);
	}

	static allocUnsafe(length) {
		return new Buffer(length);
	}

	static isBuffer(value) {
		return value instanceof Buffer;
	}

	static byteLength(value) {
		return typeof value === "string" ? utf8(value).length : value.byteLength;
	}

	slice(start, end) {
		return this.subarray(start, end);
	}

	copy(target, at = 0) {
		target.set(this, at);
		return this.length;
	}

	write(text, at = 0) {
		const bytes = utf8(text);
		this.set(bytes, at);
		return bytes.length;
	}

	toString(encoding, start, end) {
		const part = this.subarray(start, end);
		return encoding === "hex" ? hex(part) : utf8Text(part);
	}

	readUInt8(at = 0) {
		return this[at];
	}

	readUInt16BE(at = 0) {
		return (this[at] << 8) | this[at + 1];
	}

	readUInt32BE(at = 0) {
		return this.readUInt16BE(at) * 0x10000 + this.readUInt16BE(at + 2);
	}

	writeUInt8(value, at = 0) {
		this[at] = value;
		return at + 1;
	}

	writeUInt16BE(value, at = 0) {
		this[at] = value >> 8;
		this[at + 1] = value;
		return at + 2;
	}

	writeUInt32BE(value, at = 0) {
		return this.writeUInt16BE(value & 0xffff, this.writeUInt16BE(value >>> 16, at));
	}
}
