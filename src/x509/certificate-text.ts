/**
 * Certificates in a text that comes in pieces, base64 of DER or PEM (RFC 7468), as services send them: of each there is held its DER and a
 * few characters, never the text. How long one is, its first bytes say, and it gets no more room than there is for a whole chain.
 *
 * Text around PEM blocks, and blocks of other kinds, are passed over. Faults: x509.pem, x509.der, x509.certificate (too long, or none).
 */
import { concat, fromBase64, fromUnits } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { Tag } from "./der.ts";

/** What the certificates of one answer may take, DER: three with RSA keys of 4,096 bits are 4.5 KB. */
const MOST_CHAIN_BYTES = 32 * 1024;
/** Of an answer there is held as much as of so many messages, and of that as much is not certificates. */
const ANSWER_MESSAGES = 3;
export const OTHER_BYTES = 1500;

/** The same on a device that holds messages of so many bytes, where `beside` bytes are to be kept with them that are held twice meanwhile. */
export const chainBytes = (maxMessageBytes: number, beside = 0): number =>
	Math.min(MOST_CHAIN_BYTES, ANSWER_MESSAGES * (maxMessageBytes - Math.ceil(beside / 2)) - OTHER_BYTES);

/** For all the certificates of an answer. */
export interface Room {
	bytes: number;
	/** How many of them: XS takes some hundred bytes for each, however short it is. */
	certificates: number;
}

const DASH = 0x2d;
const DASHES = 5;
const SEPARATOR = /* @__PURE__ */ "-".repeat(DASHES);
const LONGEST_LABEL = 64;
const KIND = "CERTIFICATE";
const BEGIN = "BEGIN ";
/** Decoded at a time, characters. */
const PIECE = 256;
const LEAST = 64;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

export class CertificateText {
	readonly #room: Room;
	readonly #all: Uint8Array[] = [];
	/** Without dashes the text is one certificate; between BEGIN and END lines there is a body; all else is a label, or what is none. */
	#state: "bare" | "label" | "body" | "end" = "bare";
	#der: Base64Der | undefined;
	/** Of a text that is not base64 by itself: it may be what stands before PEM. */
	#broken: unknown;
	#kind = "";
	#label = "";
	#dashes = 0;

	constructor(room: Room) {
		this.#room = room;
		this.#der = new Base64Der(room);
	}

	push(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			if (bytes[at] === DASH) {
				at++;
				if (++this.#dashes === DASHES) this.#turn();
				continue;
			}
			this.#putDashes();
			const dash = bytes.indexOf(DASH, at);
			const end = Math.min(dash < 0 ? bytes.length : dash, at + PIECE);
			this.#put(fromUnits(bytes.subarray(at, end)));
			at = end;
		}
	}

	/** Each certificate's DER, not looked at further. */
	end(): Uint8Array[] {
		this.#putDashes();
		if (this.#state === "bare") {
			if (this.#broken !== undefined) throw this.#broken;
			this.#finish();
		} else if (this.#state !== "label") refuse(`${this.#kind} has no END line`);
		if (this.#all.length === 0) throw new Fault("x509.certificate", `the PEM text holds no ${KIND} block`);
		return this.#all;
	}

	#put(text: string): void {
		if (this.#state === "label" || this.#state === "end") this.#label = (this.#label + text).slice(0, LONGEST_LABEL);
		else if (this.#state === "body") this.#der?.push(text);
		else if (this.#broken === undefined) {
			try {
				this.#der?.push(text);
			} catch (thrown) {
				this.#broken = thrown;
				this.#der = undefined;
			}
		}
	}

	#putDashes(): void {
		const dashes = this.#dashes;
		this.#dashes = 0;
		if (dashes > 0) this.#put(SEPARATOR.slice(0, dashes));
	}

	/** Five dashes. */
	#turn(): void {
		this.#dashes = 0;
		const label = this.#label;
		this.#label = "";
		if (this.#state === "body") this.#state = "end";
		else if (this.#state === "end") {
			if (label !== `END ${this.#kind}`) refuse(`${this.#kind} has no END line`);
			this.#finish();
			this.#state = "label";
		} else if (this.#state === "label" && label.startsWith(BEGIN)) {
			this.#kind = label.slice(BEGIN.length);
			this.#der = this.#kind === KIND ? new Base64Der(this.#room) : undefined;
			this.#state = "body";
		} else {
			this.#der = undefined;
			this.#state = "label";
		}
	}

	#finish(): void {
		if (this.#der) this.#all.push(this.#der.end());
		this.#der = undefined;
	}
}

/** One element of DER in base64, white space anywhere. */
class Base64Der {
	readonly #room: Room;
	/** Not decoded yet. */
	#text = "";
	#isPadded = false;
	/** The first bytes, until they say how long it is. */
	#head: Uint8Array = NOTHING;
	#der: Uint8Array | undefined;
	#filled = 0;

	constructor(room: Room) {
		this.#room = room;
	}

	push(piece: string): void {
		this.#text += piece;
		// Not for each character, should they come one by one.
		if (this.#text.length >= LEAST) this.#decode();
	}

	#decode(): void {
		const text = this.#text.replace(/[ \t\r\n]{1,16}/g, "");
		const whole = text.length - (text.length % 4);
		this.#text = text.slice(whole);
		if (text === "") return;
		// Nothing comes after padding.
		if (this.#isPadded) refuse("the certificate is not base64");
		if (whole === 0) return;
		this.#isPadded = text[whole - 1] === "=";
		this.#take(decode(text.slice(0, whole)));
	}

	end(): Uint8Array {
		this.#decode();
		if (this.#text !== "") refuse("the certificate is not base64");
		if (this.#der === undefined || this.#filled < this.#der.length)
			throw new Fault("x509.der", "a certificate that is cut");
		return this.#der;
	}

	#take(bytes: Uint8Array): void {
		if (this.#der === undefined) {
			this.#head = concat(this.#head, bytes);
			if (this.#head.length < 4) return;
			this.#der = this.#make(lengthOf(this.#head));
			this.#fill(this.#head);
			this.#head = NOTHING;
		} else this.#fill(bytes);
	}

	#make(length: number): Uint8Array {
		if (this.#room.certificates === 0) throw new Fault("x509.certificate", "more certificates than are taken");
		this.#room.certificates--;
		if (length > this.#room.bytes)
			throw new Fault("x509.certificate", `${length} bytes, and room for ${this.#room.bytes}; see maxMessageBytes`);
		this.#room.bytes -= length;
		return new Uint8Array(length);
	}

	#fill(bytes: Uint8Array): void {
		if (this.#filled + bytes.length > this.#der!.length) throw new Fault("x509.der", "more after the certificate");
		this.#der!.set(bytes, this.#filled);
		this.#filled += bytes.length;
	}
}

/** Of a whole certificate (X.690, 8.1.3), which has between 128 and 65,535 bytes. */
function lengthOf(head: Uint8Array): number {
	const [tag, first = 0, second = 0, third = 0] = head;
	if (tag === Tag.SEQUENCE && first === 0x81) return 3 + second;
	if (tag === Tag.SEQUENCE && first === 0x82) return 4 + second * 256 + third;
	throw new Fault("x509.der", "expected a certificate");
}

function decode(text: string): Uint8Array {
	try {
		return fromBase64(text);
	} catch (thrown) {
		throw new Fault("x509.pem", "the certificate is not base64", { cause: thrown });
	}
}

function refuse(what: string): never {
	throw new Fault("x509.pem", what);
}
