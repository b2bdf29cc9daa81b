/**
 * What the agent needs from the world. Interfaces only: `hw/` implements them, `test/support` fakes them with faults.
 *
 * Everything under `src/` reaches sockets, clocks, flash and randomness through these and nothing else, but for what is bound by
 * module name at build time (base/bound.ts).
 */
import type { Fault } from "./fault.ts";

export type CurveName = "P-256" | "P-384";

/** A private key that can sign. Synchronous; the key itself need not be readable. */
export interface Signer {
	/** SEC1 uncompressed point: 65 bytes on P-256, 97 on P-384. */
	readonly publicKey: Uint8Array;
	/**
	 * ECDSA over a SHA-256 digest (32 bytes) on P-256, a SHA-384 digest (48 bytes) on P-384; returns DER ECDSA-Sig-Value
	 * (RFC 3279 2.2.3), 8 to 104 bytes.
	 */
	sign(digest: Uint8Array): Uint8Array;
	/** The scalar, 32 or 48 bytes, for platforms whose TLS wants the key itself (Node). Absent when hardware holds the key. */
	scalar?(): Uint8Array;
	/** By which a Keystore finds it again: 1 to 64 printable ASCII characters. Absent for a key in memory. */
	readonly reference?: string;
}

/** Keys that never leave their hardware: a secure element, a token. Synchronous, as Signer is. */
export interface Keystore {
	/** Kind and serial number, for people. */
	readonly name: string;
	/** On which it makes keys. */
	readonly curves: readonly CurveName[];
	/**
	 * Makes a key pair where none of the `kept` references is. Throws Fault key.curve; key.locked, where no place may be
	 * written to; key.lost.
	 */
	generate(curve: CurveName, kept: readonly string[]): Signer;
	/** The key that is there now. Throws Fault key.lost where the hardware does not answer, key.replaced where there is none. */
	open(reference: string): Signer;
}

/** What a TLS client shows the server: a chain of DER certificates, leaf first, and the leaf's key. */
export type Identity =
	| { readonly chain: readonly Uint8Array[]; readonly signer: Signer }
	/** An RSA key that the operator brought: PKCS#8 PrivateKeyInfo, DER. */
	| { readonly chain: readonly Uint8Array[]; readonly pkcs8: Uint8Array };

export interface WireOptions {
	/** Name to resolve, to send as SNI, and to find in the server certificate's SAN. */
	readonly host: string;
	readonly port: number;
	/** Trust anchors, DER certificates. Empty: the platform's built-in anchors. Never "trust anything". */
	readonly anchors: readonly Uint8Array[];
	/** Trusted on top of `anchors` or of the built-in ones; never instead of them. */
	readonly additionalAnchors?: readonly Uint8Array[];
	readonly identity?: Identity;
	/** MQTT over WebSocket at this path (RFC 6455, subprotocol `mqtt`); absent: the bytes go into TLS as they are. */
	readonly webSocket?: string;
	/** From the first packet to a finished handshake. */
	readonly timeoutSeconds: number;
	/** The largest TLS record that is to be held, bytes of plaintext, where the platform asks (XS holds a record whole). */
	readonly maxRecordBytes?: number;
	/**
	 * It is that late at least, ms since 1970, whatever the wall clock says. A platform that judges certificates itself takes a clock
	 * that is behind for wrong: no certificate is then too young, and none has expired before this.
	 */
	readonly notBefore?: number;
}

/** Called in this order: onOpen once, onData any number of times, onClose exactly once (also instead of onOpen). */
export interface WireEvents {
	onOpen(): void;
	/** The bytes are the receiver's from here on. */
	onData(bytes: Uint8Array): void;
	/** Above 0: so many bytes end something large, and what comes behind them is better given in a turn of its own. */
	readonly wanted?: number;
	/** `fault` is absent when either side closed in an orderly way. No call follows. */
	onClose(fault?: Fault): void;
}

export interface Connection {
	/** Queues all bytes; the platform paces them. Ignored after close. */
	write(bytes: Uint8Array): void;
	/** Ends the connection after what is queued. onClose follows, never synchronously. */
	close(): void;
	/** From onOpen on: TLS goes on from an earlier session with the same server, which costs no signatures. */
	readonly isResumed?: boolean;
}

/** TLS 1.2 or better, server authenticated, over TCP. Never throws: faults arrive through onClose. */
export interface Wire {
	connect(options: WireOptions, events: WireEvents): Connection;
	/** What is kept of earlier TLS sessions is of no more use: its memory is needed. */
	forget?(): void;
}

/**
 * Named blobs in flash. Names: 1 to 13 characters of [a-z0-9.-] (NVS has 15; PairStore takes two).
 *
 * What can be relied on is what ESP-IDF's NVS keeps, tried with power cut in every flash operation (test/nvs; DESIGN.md has
 * the table). Atomic: a put under a name that is free, and a delete. Not atomic: a put over a blob: a
 * cut may lose the old bytes with the new ones (seen from v5.2 to v6.0.2), and one that is refused with store.full may have
 * lost the old bytes. Other names are never touched. Two calls are not atomic together.
 *
 * PairStore (src/store) makes of it a store whose put is atomic, refused or not; on a device the agent has that. It is
 * written so that any one blob may be lost all the same: flash wears out.
 *
 * Errors: Fault store.full, store.failed; store.damaged from `get` where what is there can be told to be wrong.
 */
export interface Store {
	get(name: string): Uint8Array | undefined;
	put(name: string, bytes: Uint8Array): void;
	delete(name: string): void;
	/** Who has the device in hand reads what is stored, settings of the device included. Absent where nobody can say. */
	readonly isClear?: boolean | undefined;
	/** Absent where nobody counts. */
	usage?(): StoreUsage | undefined;
}

export interface StoreUsage {
	/** Since the store was opened, and the entries of 32 bytes that they took. */
	readonly puts: number;
	readonly written: number;
	/** Absent where the room is not limited, as in files. */
	readonly entries: StoreEntries | undefined;
}

/** The partition in entries of ESP-IDF's NVS, 32 bytes each (store/entries.ts). */
export interface StoreEntries {
	readonly total: number;
	/** By anybody. */
	readonly used: number;
	/** By this store. */
	readonly own: number;
}

/**
 * The two places an image can be in, with ESP-IDF's rollback: an armed image is booted once, on trial, and any reset
 * before `confirm` brings the old one back. Offsets are in the slot that does not run.
 * Errors: Fault ota.flash, and ota.image where the platform refuses the image.
 */
export interface Slot {
	/** Which component of a bundle goes here: the firmware, or the application that it runs (application/app-slot.ts). */
	readonly component: "fw" | "xs";
	/** Name of the slot that runs. */
	readonly running: string;
	/** Of the release, as it stands in the running image itself; 0: it does not say. */
	readonly sequence: number;
	/** Of the running image. `unknown`: nobody ever said (flashed by cable, or a bootloader without rollback). */
	readonly state: "trial" | "valid" | "unknown";
	/** Why what is installed does not run. */
	readonly resting?: Fault | undefined;
	/** Where the eFuse refuses an image by its secure_version (ESP-IDF, "Anti-rollback"): what is burnt, and bits there are. */
	readonly antiRollback?: { readonly version: number; readonly most: number } | undefined;
	/** Room for an image, bytes; a multiple of the 4096-byte erase unit. */
	readonly bytes: number;
	/** Judges an image of `size` bytes, which it sees from its first byte. */
	inspect(size: number): Inspection;
	/** Takes from the other slot the right to boot; before its first erase. */
	prepare(): void;
	/** Multiples of 4096. */
	erase(offset: number, length: number): void;
	/** Into erased flash only. */
	write(offset: number, bytes: Uint8Array): void;
	read(offset: number, length: number): Uint8Array;
	/** The other slot boots next, on trial. The platform checks the image first. Atomic. */
	arm(): void;
	/** The running image is good. Atomic. */
	confirm(): void;
	/** The running image is bad: marks it and restarts into the other. Does not return on a device. */
	revert(): void;
	/** Restarts unless `confirm` is called within so many seconds, even when the program hangs; 0: not any more. */
	guard(seconds: number): void;
	/** Does not return on a device. */
	restart(): void;
}

/** Both throw Fault ota.image, ota.secure-version as soon as something is wrong with the image. */
export interface Inspection {
	push(bytes: Uint8Array): void;
	/** That was all. */
	end(): void;
}

/** One of the two staged copies of the application. */
export type Half = 0 | 1;

/** Flash of the application: two staged copies as they came, and where the engine runs it (`run`). Errors: Fault ota.flash. */
export interface AppFlash {
	/** Room in each of the three, bytes; a multiple of 4096. */
	readonly bytes: number;
	read(area: Half | "run", offset: number, length: number): Uint8Array;
	/** Multiples of 4096. */
	erase(area: Half | "run", offset: number, length: number): void;
	/** Into erased flash; zeros over anything. */
	write(area: Half | "run", offset: number, bytes: Uint8Array): void;
}

/** The engine that maps and runs the application. */
export interface AppEngine {
	/** Of XS, "major.minor": an archive is for one version. */
	readonly version: string;
	/** Whether the firmware has a module of that name. */
	has(module: string): boolean;
	/** By opcode: bytes of the instruction; 0: an identifier follows; below: a length of so many bytes, and what it counts. */
	readonly codeSizes: Int8Array;
	/**
	 * Whether the area `run` holds, to the byte, what the engine's mapping of the staged copy gives, and the engine has taken it.
	 * Runs that mapping without a write: what is too large for the machine aborts here, and is not placed.
	 */
	isMapped(half: Half): boolean;
	/** Restarts after so many seconds, even when the program hangs; 0: not any more. */
	guard(seconds: number): void;
	/** Does not return on a device. */
	restart(): void;
}

/** What began a start, as far as the platform knows. `software`: a restart that was asked for, and on XS an abort. */
export type ResetReason =
	| "power-on"
	| "reset-pin"
	| "software"
	| "panic"
	| "watchdog"
	| "deep-sleep"
	| "brownout"
	| "unknown";

export interface Clock {
	/** Wall clock, milliseconds since 1970 UTC. May be wrong: no battery is assumed. */
	now(): number;
	/** Milliseconds since some start; never goes back. */
	ticks(): number;
	/** Calls back once after `milliseconds`; the result cancels. */
	after(milliseconds: number, callback: () => void): () => void;
	/**
	 * Asks for the time again (SNTP); `now` is right once the answer has come. `latest`: ms since 1970, later is not believed on one
	 * server's word. Absent where the system does so itself.
	 */
	sync?(latest?: number): void;
}

/** Cryptographically strong random bytes; blocks or throws rather than give weak ones. */
export interface Entropy {
	fill(bytes: Uint8Array): void;
}

export type LogValue = string | number | boolean | undefined;

/** One line per step. Values are short and never secret. */
export type Log = (step: string, detail?: Readonly<Record<string, LogValue>>) => void;
