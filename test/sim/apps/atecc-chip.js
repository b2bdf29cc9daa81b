/**
 * An ATECC608 as its public data sheet describes it, as unkind as one on a long bus: it must be woken, forgets TempKey when it
 * sleeps, answers nothing while it computes, checks CRCs, and refuses what its configuration does not allow. Its slots outlive its power.
 *
 * `faults` is a list of what goes wrong next, one a wake: "silent", "crc", "wake", "busy".
 */
const SERIAL = Uint8Array.of(0x01, 0x23, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0xee);

export class SimulatedChip {
	keys = new Map();
	unlockedSlots = 0xffff;
	isConfigured = true;
	faults = [];
	wakes = 0;
	/** Of scalars, for keys that it makes: deterministic, nobody's. */
	made = 0;
	/** Its generator gives the pattern of a chip that is not configured. */
	isStuck = false;
	#drawn = 0;
	#awake = false;
	#tempKey;
	#answer;
	#fault;
	#busy = 0;
	#KeyPair;

	/** Of src, as the platform has it. */
	constructor(KeyPair) {
		this.#KeyPair = KeyPair;
	}

	get general() {
		return {
			write: () => {
				this.wakes++;
				this.#fault = this.faults.shift();
				this.#awake = this.#fault !== "silent" && !this.removed;
				this.#tempKey = undefined;
				this.#answer = framed(Uint8Array.of(this.#fault === "wake" ? 0xff : 0x11));
				this.#busy = 0;
				this.whole = true;
				throw new Error("nobody acknowledges the general call");
			},
		};
	}

	get i2c() {
		return { write: (bytes) => this.#write(bytes), read: (count) => this.#read(count) };
	}

	#write(bytes) {
		if (!this.#awake) throw new Error("no acknowledgement");
		if (bytes[0] === 0x01) {
			this.#awake = false;
			this.#tempKey = undefined;
			return;
		}
		if (bytes[0] !== 0x03) throw new Error(`word address ${bytes[0]}`);
		const packet = bytes.slice(1);
		const end = packet.length - 2;
		const sum = crc(packet.slice(0, end));
		let answer;
		if (packet[0] !== packet.length || sum[0] !== packet[end] || sum[1] !== packet[end + 1])
			answer = Uint8Array.of(0xff);
		else answer = this.#execute(packet[1], packet[2], packet[3] | (packet[4] << 8), packet.slice(5, end));
		this.#answer = framed(answer);
		if (this.#fault === "crc") this.#answer[this.#answer.length - 1] ^= 1;
		this.#busy = this.#fault === "busy" ? 1000 : packet[1] === 0x40 || packet[1] === 0x41 ? 20 : 1;
		this.rest = undefined;
	}

	#read(count) {
		if (!this.#awake) throw new Error("no acknowledgement");
		if (this.#busy-- > 0) throw new Error("no acknowledgement: it computes");
		const from = this.rest ?? this.#answer;
		const part = from.slice(0, count);
		this.rest = count < from.length ? from.slice(count) : undefined;
		return part.buffer;
	}

	#execute(code, mode, parameter, data) {
		switch (code) {
			case 0x30:
				return Uint8Array.of(0, 0, 0x60, 2);
			case 0x02:
				return mode === 0x80 ? this.#configuration(parameter) : Uint8Array.of(3);
			case 0x1b: {
				if (mode > 1 || parameter !== 0 || data.length > 0) return Uint8Array.of(3);
				const drawn = new Uint8Array(32);
				for (let at = 0; at < 32; at++)
					drawn[at] = this.isConfigured && !this.isStuck ? (++this.#drawn * 197) >> 3 : [0xff, 0xff, 0, 0][at % 4];
				return drawn;
			}
			case 0x16:
				if (mode !== 3 || data.length !== 32) return Uint8Array.of(3);
				this.#tempKey = data;
				return Uint8Array.of(0);
			case 0x40: {
				if (mode === 4) {
					if (!((this.unlockedSlots >> parameter) & 1)) return Uint8Array.of(0x0f);
					this.keys.set(parameter, new this.#KeyPair(new Uint8Array(32).fill(++this.made)));
				}
				return this.keys.get(parameter)?.publicKey.slice(1) ?? Uint8Array.of(0x0f);
			}
			case 0x41: {
				const key = this.keys.get(parameter);
				if (mode !== 0x80 || !key || !this.#tempKey) return Uint8Array.of(0x0f);
				return raw(key.sign(this.#tempKey));
			}
			default:
				return Uint8Array.of(3);
		}
	}

	#configuration(address) {
		const block = new Uint8Array(32);
		if (address === 0) {
			block.set(SERIAL.slice(0, 4));
			block.set(SERIAL.slice(4), 8);
		} else if (address === 0x10) {
			block[22] = block[23] = this.isConfigured ? 0 : 0x55;
			block[24] = this.unlockedSlots & 0xff;
			block[25] = this.unlockedSlots >> 8;
		} else return Uint8Array.of(3);
		return block;
	}
}

function framed(data) {
	const head = new Uint8Array(data.length + 1);
	head[0] = data.length + 3;
	head.set(data, 1);
	const answer = new Uint8Array(head.length + 2);
	answer.set(head);
	answer.set(crc(head), head.length);
	return answer;
}

/** By bytes reversed, unlike the driver's: x^16 + x^15 + x^2 + 1. */
function crc(bytes) {
	let value = 0;
	for (const byte of bytes) {
		for (let shift = 0; shift < 8; shift++) {
			const data = (byte >> shift) & 1;
			const top = value >> 15;
			value = (value << 1) & 0xffff;
			if (data !== top) value ^= 0x8005;
		}
	}
	return Uint8Array.of(value & 0xff, value >> 8);
}

function raw(der) {
	const out = new Uint8Array(64);
	let at = 2;
	for (const end of [32, 64]) {
		const length = der[at + 1];
		const integer = der.slice(at + 2, at + 2 + length);
		const value = integer[0] === 0 ? integer.slice(1) : integer;
		out.set(value, end - value.length);
		at += 2 + length;
	}
	return out;
}
