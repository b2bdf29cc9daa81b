/**
 * A Keystore in an ATECC608 (or ATECC508A) by ECMA-419 I2C: keys are made in the chip's slots and never leave it. P-256 only.
 *
 * From the public data sheet's command set: wake, Info, Read, Random, GenKey, Nonce, Sign. Every command goes out and every answer
 * comes back with a CRC; a chip that does not answer, or answers garbage, is woken and asked again, a few times. Two
 * slots serve in turn, so that a renewal with a new key leaves the old pair alone until the new one has worked.
 */
import { concat, hex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { CurveName, Keystore, Signer } from "../../src/port.ts";
import { encodeSignature } from "../../src/x509/signature.ts";

/** ECMA-419 section 10.2, of one address. Both throw where nothing acknowledges. */
export interface I2C {
	write(bytes: Uint8Array): void;
	read(count: number): ArrayBuffer | Uint8Array;
}

export interface AteccOptions {
	readonly i2c: I2C;
	/** At the general-call address 0, 100 kHz: a byte there holds SDA down for long enough to wake the chip. */
	readonly wake: I2C;
	/** Data slots with a private P-256 key that GenKey may write. Default 0 and 1. */
	readonly slots?: readonly number[];
	/** Blocks for so many milliseconds. */
	readonly delay: (milliseconds: number) => void;
}

/**
 * Op-codes, and how long each takes at most, in milliseconds: of an ATECC608 with its slowest clock divider (M2), as Microchip's
 * cryptoauthlib has it.
 */
const INFO = { code: 0x30, most: 5 };
const RANDOM = { code: 0x1b, most: 23 };
const READ = { code: 0x02, most: 5 };
const GEN_KEY = { code: 0x40, most: 653 };
const NONCE = { code: 0x16, most: 30 };
const SIGN = { code: 0x41, most: 665 };

const WORD_COMMAND = 0x03;
const WORD_SLEEP = 0x01;
const AWAKE = 0x11;
const NEW_KEY = 0x04;
const PASS_THROUGH = 0x03;
const EXTERNAL = 0x80;
const BLOCK = 0x80;
const UNLOCKED = 0x55;
/** ParseError and ExecutionError: the chip has understood and refuses. */
const REFUSALS: readonly number[] = [0x03, 0x0f];

const ATTEMPTS = 4;
const WAKE_MS = 2;
const POLL_MS = 2;

interface Command {
	readonly code: number;
	readonly most: number;
}

/** The chip as a Keystore, and what else it is good for. */
export interface Atecc extends Keystore {
	/** 32 bytes of its generator, which needs no radio. Throws Fault key.lost, key.fault. */
	random(): Uint8Array;
}

/**
 * Its serial number is read once, here, and its generator tried, from which its keys come. Throws Fault key.lost, key.locked (the
 * chip has not been configured), key.fault.
 */
export function openAtecc(options: AteccOptions): Atecc {
	const chip = new Chip(options);
	const { slots = [0, 1] } = options;
	const { serial, slotsLocked } = chip.configuration();
	chip.random();
	const signer = (slot: number, publicKey: Uint8Array): Signer => ({
		reference: `atecc:${slot}`,
		publicKey,
		sign: (digest) => chip.sign(slot, digest),
	});
	return {
		name: `ATECC ${serial}`,
		curves: ["P-256"],
		random: () => chip.random(),
		generate(curve: CurveName, kept) {
			if (curve !== "P-256") throw new Fault("key.curve", `ATECC ${serial} makes no keys on ${curve}`);
			const slot = slots.find((one) => !kept.includes(`atecc:${one}`) && !slotsLocked(one));
			if (slot === undefined) throw new Fault("key.locked", `ATECC ${serial}: none of the slots ${slots} is free`);
			return signer(slot, chip.key(slot, NEW_KEY));
		},
		open(reference) {
			const slot = Number(/^atecc:(\d{1,2})$/.exec(reference)?.[1] ?? Number.NaN);
			if (!(slot < 16)) throw new Fault("key.replaced", `${reference}: no slot of an ATECC`);
			return signer(slot, chip.key(slot, 0));
		},
	};
}

/** The chip said no, with this status. */
class Refused extends Error {
	readonly status: number;

	constructor(status: number) {
		super(`status ${status.toString(16)}`);
		this.status = status;
	}
}

class Chip {
	readonly #options: AteccOptions;

	constructor(options: AteccOptions) {
		this.#options = options;
	}

	configuration(): { readonly serial: string; readonly slotsLocked: (slot: number) => boolean } {
		return this.#awake((run) => {
			run(INFO, 0, 0);
			const first = run(READ, BLOCK, 0);
			// Bytes 64 to 95; 86 and 87 are LockValue and LockConfig, 88 and 89 SlotLocked, a bit a slot, 0: locked.
			const third = run(READ, BLOCK, 0x10);
			const serial = hex(concat(first.slice(0, 4), first.slice(8, 13)));
			if (third[22] === UNLOCKED || third[23] === UNLOCKED)
				throw new Fault("key.locked", `ATECC ${serial}: its configuration and data zones are not locked yet`);
			const bits = third[24]! | (third[25]! << 8);
			return { serial, slotsLocked: (slot) => ((bits >> slot) & 1) === 0 };
		});
	}

	/** With an update of the seed. A generator that is stuck, or the pattern of a chip that is not configured, repeats its four bytes. */
	random(): Uint8Array {
		const bytes = this.#awake((run) => sized(run(RANDOM, 0, 0), 32));
		if (bytes.every((byte, at) => byte === bytes[at % 4]))
			throw new Fault("key.fault", `the ATECC's generator repeats ${hex(bytes.subarray(0, 4))}`);
		return bytes;
	}

	/** SEC1 uncompressed point of a slot's key, a new one with NEW_KEY. */
	key(slot: number, mode: number): Uint8Array {
		try {
			return this.#awake((run) => concat(Uint8Array.of(4), sized(run(GEN_KEY, mode, slot), 64)));
		} catch (thrown) {
			if (!(thrown instanceof Refused)) throw thrown;
			throw mode === NEW_KEY
				? new Fault("key.locked", `slot ${slot} takes no new key: ${thrown.message}`)
				: new Fault("key.replaced", `slot ${slot} has no key: ${thrown.message}`);
		}
	}

	sign(slot: number, digest: Uint8Array): Uint8Array {
		try {
			return this.#awake((run) => {
				run(NONCE, PASS_THROUGH, 0, digest);
				return encodeSignature(sized(run(SIGN, EXTERNAL, slot), 64));
			});
		} catch (thrown) {
			if (!(thrown instanceof Refused)) throw thrown;
			throw new Fault("key.replaced", `slot ${slot} does not sign: ${thrown.message}`);
		}
	}

	/** All of it in one wake, and again from the wake when a part of it is lost on the way. */
	#awake<T>(work: (run: (command: Command, mode: number, parameter: number, data?: Uint8Array) => Uint8Array) => T): T {
		let last: unknown;
		for (let attempt = 0; attempt < ATTEMPTS; attempt++)
			try {
				this.#wake();
				return work((...command) => this.#run(...command));
			} catch (thrown) {
				if (thrown instanceof Fault || (thrown instanceof Refused && REFUSALS.includes(thrown.status))) throw thrown;
				last = thrown;
			} finally {
				this.#sleep();
			}
		throw new Fault("key.lost", `the ATECC does not answer: ${(last as Error)?.message ?? last}`);
	}

	#wake(): void {
		const { wake, i2c, delay } = this.#options;
		try {
			wake.write(Uint8Array.of(0));
		} catch {} // nobody acknowledges the general call
		delay(WAKE_MS);
		const [status] = checked(bytesOf(i2c.read(4)));
		if (status !== AWAKE) throw new Error(`woke with status ${status}`);
	}

	#sleep(): void {
		try {
			this.#options.i2c.write(Uint8Array.of(WORD_SLEEP));
		} catch {} // it sleeps by itself, soon
	}

	#run({ code, most }: Command, mode: number, parameter: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
		const { i2c, delay } = this.#options;
		const packet = concat(Uint8Array.of(7 + data.length, code, mode, parameter & 0xff, parameter >> 8), data);
		i2c.write(concat(Uint8Array.of(WORD_COMMAND), packet, crc(packet)));
		for (let waited = 0; ; waited += POLL_MS) {
			delay(POLL_MS);
			try {
				return answerOf(checked(this.#read()));
			} catch (thrown) {
				if (thrown instanceof Refused || waited >= most) throw thrown;
			}
		}
	}

	/** Its first byte says how long it is; the next read goes on behind that. What is left over goes with the next command or wake. */
	#read(): Uint8Array {
		const [count = 0] = bytesOf(this.#options.i2c.read(1));
		if (count < 4 || count > 155) throw new Error(`an answer of ${count} bytes`);
		return concat(Uint8Array.of(count), bytesOf(this.#options.i2c.read(count - 1)));
	}
}

/** A single byte is a status; 0 is success. */
function answerOf(data: Uint8Array): Uint8Array {
	if (data.length === 1 && data[0] !== 0) throw new Refused(data[0]!);
	return data;
}

/** Without count and CRC. */
function checked(answer: Uint8Array): Uint8Array {
	const end = answer.length - 2;
	const [low, high] = crc(answer.subarray(0, end));
	if (answer[0] !== answer.length || answer[end] !== low || answer[end + 1] !== high) throw new Error("CRC is wrong");
	return answer.subarray(1, end);
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
	if (bytes.length !== size) throw new Error(`${bytes.length} bytes instead of ${size}`);
	return bytes;
}

/** CRC-16, polynomial 0x8005, bits from the lowest; low byte first. */
function crc(bytes: Uint8Array): Uint8Array {
	let register = 0;
	for (const byte of bytes)
		for (let bit = 1; bit < 0x100; bit <<= 1) {
			const differs = ((byte & bit) !== 0) !== ((register & 0x8000) !== 0);
			register = ((register << 1) & 0xffff) ^ (differs ? 0x8005 : 0);
		}
	return Uint8Array.of(register & 0xff, register >> 8);
}

const bytesOf = (bytes: ArrayBuffer | Uint8Array): Uint8Array =>
	bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
