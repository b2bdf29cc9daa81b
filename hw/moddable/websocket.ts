/**
 * WebSocket (RFC 6455), the client's side, as a Connection over a Connection: binary messages of subprotocol `mqtt` as a stream
 * of bytes. No message is kept: payload is handed on as it comes, however it was framed.
 *
 * Refuses any answer to the upgrade but 101 with the right accept key and subprotocol, heads that base/http-head.ts refuses, text, masked frames,
 * reserved bits and opcodes, control frames that are long or fragmented, and lengths over 512 KB.
 */
import { base64, concat, utf8 } from "../../src/base/bytes.ts";
import { HeadReader } from "../../src/base/http-head.ts";
import { Fault } from "../../src/fault.ts";
import type { Connection, Wire, WireEvents, WireOptions } from "../../src/port.ts";

/** What the platform brings. */
export interface WebSocketTools {
	/** Strong randomness, for key and masks (section 5.3). */
	fill(bytes: Uint8Array): void;
	sha1(bytes: Uint8Array): Uint8Array;
	/** Calls back once; the result cancels. */
	after(milliseconds: number, callback: () => void): () => void;
}

const CONTINUATION = 0x0;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FIN = 0x80;
const MASKED = 0x80;

/** Of those that are asked for; the longest has a list of what a proxy knows. */
const MOST_LINE_BYTES = 512;
const MOST_FRAME_BYTES = 512 * 1024;
/** So that two bytes hold every length that we send. */
const MOST_SENT_BYTES = 0xffff;
/** Of every request, behind those of its own: section 4.1. */
const FIELDS =
	"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
/** Section 1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const NOTHING = new Uint8Array(0);
const nothing = (): void => {};

export class WebSocketConnection implements Connection, WireEvents {
	/** Until the upgrade is done; then they are not held any more. */
	#options: WireOptions | undefined;
	readonly #events: WireEvents;
	readonly #tools: WebSocketTools;
	readonly #connection: Connection;
	#state: "upgrading" | "open" | "closing" = "upgrading";
	/** Why we ended it. */
	#fault: Fault | undefined;
	#key = "";
	#cancelDeadline: () => void = nothing;
	/** While the answer to the upgrade comes. */
	#head: HeadReader | undefined;
	/** The beginning of a frame's header or a control frame's payload. */
	#held: Uint8Array = NOTHING;
	/** Of the present data frame, yet to come. */
	#left = 0;
	/** Of the last ping that has come with what is read now: it alone is answered (section 5.5.3), or pongs would fill the machine. */
	#ping: Uint8Array | undefined;
	/** A message is under way whose last frame has not begun. */
	#isFragmented = false;

	/** `connect`: the connection below. */
	constructor(options: WireOptions, events: WireEvents, tools: WebSocketTools, connect: Wire["connect"]) {
		this.#options = options;
		this.#events = events;
		this.#tools = tools;
		this.#connection = connect(options, this);
	}

	get isResumed(): boolean {
		return this.#connection.isResumed ?? false;
	}

	write(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length && this.#state === "open"; at += MOST_SENT_BYTES)
			this.#send(BINARY, bytes.subarray(at, at + MOST_SENT_BYTES));
	}

	close(): void {
		if (this.#state === "open") this.#send(CLOSE, Uint8Array.of(0x03, 0xe8));
		this.#end();
	}

	onOpen(): void {
		if (this.#options === undefined) return;
		const { host, port, webSocket, timeoutSeconds } = this.#options;
		const random = new Uint8Array(16);
		this.#tools.fill(random);
		this.#key = base64(random);
		this.#cancelDeadline = this.#tools.after(timeoutSeconds * 1000, () =>
			this.#end(new Fault("wire.timeout", `${host}:${port}: no answer to the upgrade after ${timeoutSeconds} s`)),
		);
		const place = port === 443 ? host : `${host}:${port}`;
		const first = `GET ${webSocket} HTTP/1.1\r\nHost: ${place}\r\nSec-WebSocket-Key: ${this.#key}\r\n`;
		this.#connection.write(utf8(first + FIELDS));
	}

	get wanted(): number {
		return this.#events.wanted ?? 0;
	}

	onData(bytes: Uint8Array): void {
		try {
			const start = this.#state === "upgrading" ? this.#upgrade(bytes) : 0;
			if (start !== undefined) this.#frames(bytes, start);
			if (this.#ping !== undefined && this.#state === "open") this.#send(PONG, this.#ping);
			this.#ping = undefined;
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
			this.#end(thrown);
		}
	}

	onClose(fault?: Fault): void {
		this.#cancelDeadline();
		if (this.#state === "closing") this.#events.onClose(this.#fault);
		else if (this.#state === "open") this.#events.onClose(fault);
		else this.#events.onClose(fault ?? this.#refusal("closed the connection instead of an upgrade"));
	}

	/** Where the first frame begins, or undefined while the head is not complete. */
	#upgrade(bytes: Uint8Array): number | undefined {
		this.#head ??= new HeadReader({
			single: ["sec-websocket-accept", "sec-websocket-protocol"],
			others: ["upgrade", "connection", "sec-websocket-extensions"],
			mostLineBytes: MOST_LINE_BYTES,
			refusal: (what) => this.#refusal(`answers the upgrade with ${what}`),
		});
		const end = this.#head.push(bytes);
		if (!this.#head.isDone) return undefined;
		this.#check(this.#head);
		this.#head = undefined;
		this.#cancelDeadline();
		this.#cancelDeadline = nothing;
		this.#options = undefined;
		this.#key = "";
		this.#state = "open";
		this.#events.onOpen();
		return end;
	}

	/** Section 4.1, what the client must see in the answer. */
	#check({ status, isHttp11, fields }: HeadReader): void {
		if (status !== 101 || !isHttp11) throw this.#refusal(`answers the upgrade with status ${status}`);
		const expected = base64(this.#tools.sha1(utf8(this.#key + ACCEPT_SUFFIX)));
		if (fields.get("upgrade")?.toLowerCase() !== "websocket") throw this.#refusal("does not upgrade");
		if (!fields.get("connection")?.toLowerCase().includes("upgrade")) throw this.#refusal("does not upgrade");
		if (fields.get("sec-websocket-accept") !== expected) throw this.#refusal("gives the wrong accept key");
		if (fields.get("sec-websocket-protocol") !== "mqtt") throw this.#refusal("does not speak mqtt");
		if (fields.has("sec-websocket-extensions")) throw this.#refusal("wants an extension");
	}

	/** A view takes slots for as long as somebody deals with a part: there is one for each part, and none beside it. */
	#frames(given: Uint8Array, start: number): void {
		let bytes = given;
		for (let at = start; at < bytes.length && this.#state === "open"; ) {
			if (this.#left > 0) {
				const end = Math.min(bytes.length, at + this.#left);
				const part = end - at === bytes.length ? bytes : bytes.subarray(at, end);
				this.#left -= part.length;
				at = end;
				this.#events.onData(part);
			} else {
				// What has come is copied for a header that came in parts, and for no other.
				if (this.#held.length > 0) bytes = concat(this.#held, bytes);
				const taken = this.#header(bytes, at);
				this.#held = taken === 0 ? bytes.slice(at) : NOTHING;
				if (taken === 0) return;
				at += taken;
			}
		}
	}

	/** Takes a header, or a whole control frame; how many bytes, 0 while some are missing. At most 131 are ever held. */
	#header(bytes: Uint8Array, at: number): number {
		const there = bytes.length - at;
		if (there < 2) return 0;
		const [first, second] = [bytes[at]!, bytes[at + 1]!];
		const opcode = first & 0x0f;
		const short = second & 0x7f;
		if ((first & 0x70) !== 0 || (second & MASKED) !== 0) throw protocol("a masked frame or reserved bits");
		if (opcode >= CLOSE) {
			if ((first & FIN) === 0 || short > 125) throw protocol("a control frame that is long or fragmented");
			if (there < 2 + short) return 0;
			this.#control(opcode, bytes.slice(at + 2, at + 2 + short));
			return 2 + short;
		}
		const isContinuation = opcode === CONTINUATION;
		if ((!isContinuation && opcode !== BINARY) || isContinuation !== this.#isFragmented)
			throw protocol(`opcode ${opcode} where it may not be`);
		const size = short < 126 ? 2 : short === 126 ? 4 : 10;
		if (there < size) return 0;
		let length = size === 2 ? short : 0;
		for (let i = 2; i < size; i++) length = length * 256 + bytes[at + i]!;
		if (length > MOST_FRAME_BYTES || (size > 2 && length < (size === 4 ? 126 : 0x10000)))
			throw protocol("a length that is too large or not the shortest form");
		this.#isFragmented = (first & FIN) === 0;
		this.#left = length;
		return size;
	}

	#control(opcode: number, payload: Uint8Array): void {
		if (opcode === PING) this.#ping = payload;
		else if (opcode === CLOSE) {
			const code = payload.length < 2 ? 1005 : payload[0]! * 256 + payload[1]!;
			this.#send(CLOSE, payload.subarray(0, 2));
			// 1000 and 1001 are orderly ends; so is one without a reason.
			this.#end(code <= 1001 || code === 1005 ? undefined : new Fault("wire.closed", `WebSocket code ${code}`));
		} else if (opcode !== PONG) throw protocol(`opcode ${opcode}`);
	}

	/** Masked four bytes at a time, which costs XS a quarter: the payload begins at a multiple of four. */
	#send(opcode: number, payload: Uint8Array): void {
		const { length } = payload;
		const frame = new Uint8Array(8 + ((length + 3) & ~3));
		const start = length < 126 ? 2 : 0;
		frame[start] = FIN | opcode;
		frame[start + 1] = MASKED | (length < 126 ? length : 126);
		if (start === 0) {
			frame[2] = length >> 8;
			frame[3] = length & 0xff;
		}
		const mask = frame.subarray(4, 8);
		this.#tools.fill(mask);
		frame.set(payload, 8);
		const words = new Uint32Array(frame.buffer);
		const key = words[1]!;
		for (let at = 2; at < words.length; at++) words[at]! ^= key;
		this.#connection.write(frame.subarray(start, 8 + length));
	}

	#end(fault?: Fault): void {
		if (this.#state === "closing") return;
		this.#cancelDeadline();
		this.#state = "closing";
		this.#fault = fault;
		this.#connection.close();
	}

	#refusal(what: string): Fault {
		return new Fault("wire.websocket", `${this.#options?.host}:${this.#options?.port} ${what}`);
	}
}

const protocol = (what: string): Fault => new Fault("mqtt.protocol", `WebSocket: ${what}`);
