/**
 * One GET over Wire: connection, request, response, deadlines, and, where the answer is asked for in parts, those that one connection
 * brings. What becomes of it is its sink's.
 *
 * A class, as its sinks are: on XS a closure has its code and its variables in RAM.
 */
import { idle } from "../base/idle.ts";
import { Fault } from "../fault.ts";
import type { Clock, Connection, Wire, WireEvents } from "../port.ts";
import { encodeRequest, ResponseReader } from "./http.ts";
import type { HttpsUri } from "./uri.ts";

export interface GetPorts {
	readonly wire: Wire;
	readonly clock: Clock;
	/** Trust anchors for the download servers, DER; empty: the platform's. */
	readonly anchors: readonly Uint8Array[];
	/** As in WireOptions. */
	readonly notBefore?: number;
}

/** Who gets the answer. Its calls may throw Faults. */
export interface GetSink {
	/** The first byte of the resource that is missing. */
	readonly from: number;
	/** Bytes that are asked for at a time; undefined: all. */
	readonly most: number | undefined;
	/** For one connection. */
	readonly seconds: number;
	/** Body bytes follow that belong at `start`. */
	onHead(start: number, total: number | undefined): void;
	onBody(bytes: Uint8Array): void;
	/** The server has not got the range that was asked for. That was all. */
	onNoRange(): void;
	/** Where that leads. */
	follow(from: HttpsUri, location: string): HttpsUri;
	/** The answer is there. Nothing more is called by this Get. */
	onMoved(to: HttpsUri): void;
	/** A part is there. Whether another one is wanted. */
	onPart(): boolean;
	/** Once: the answer is whole, or what the connection brought of it, or why not. */
	onEnd(fault?: Fault): void;
}

/** Connecting, and every wait for more bytes. */
const IDLE_SECONDS = 30;
/** Of one TLS record that is held: a part of an image with its head, or what a server of max_fragment_length sends. */
const MOST_RECORD_BYTES = 3072;

export class Get implements WireEvents {
	readonly #clock: Clock;
	readonly #uri: HttpsUri;
	readonly #sink: GetSink;
	readonly #connection: Connection;
	#reader: ResponseReader;
	#ended = false;
	/** By Clock.ticks, from the connection on, for which the wire has its own deadline: when a byte came last, and the end. */
	#heard = 0;
	#until = 0;
	#cancelWatch: () => void = idle;
	/** This connection has brought a part, and nothing of the next one. */
	#isBetween = false;

	constructor({ wire, clock, anchors, notBefore = 0 }: GetPorts, uri: HttpsUri, sink: GetSink) {
		this.#clock = clock;
		this.#uri = uri;
		this.#sink = sink;
		this.#reader = new ResponseReader(sink.from);
		const { host, port } = uri;
		this.#connection = wire.connect(
			{ host, port, anchors, notBefore, timeoutSeconds: IDLE_SECONDS, maxRecordBytes: MOST_RECORD_BYTES },
			this,
		);
	}

	/** Nothing is called after this. */
	cancel(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#cancelWatch();
		this.#connection.close();
	}

	onOpen(): void {
		if (this.#ended) return;
		this.#heard = this.#clock.ticks();
		this.#until = this.#heard + this.#sink.seconds * 1000;
		this.#watch();
		this.#request();
	}

	onData(bytes: Uint8Array): void {
		if (this.#ended) return;
		this.#heard = this.#clock.ticks();
		this.#isBetween = false;
		try {
			this.#receive(bytes);
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
			this.#end(thrown);
		}
	}

	onClose(fault?: Fault): void {
		if (this.#isBetween && fault === undefined) this.#end();
		else this.#end(dated(fault) ?? new Fault("wire.closed", `${this.#uri.host}: closed before the end`));
	}

	#request(): void {
		const { from, most } = this.#sink;
		this.#reader = new ResponseReader(from);
		this.#connection.write(encodeRequest(this.#uri, from, most));
	}

	#receive(bytes: Uint8Array): void {
		const isFirst = this.#reader.head === undefined;
		const body = this.#reader.push(bytes);
		const { head } = this.#reader;
		if (head === undefined) return;
		if (head.kind === "redirect") {
			const to = this.#sink.follow(this.#uri, head.location);
			this.cancel();
			this.#sink.onMoved(to);
		} else if (head.kind === "no-range") {
			this.#sink.onNoRange();
			this.#end();
		} else {
			if (isFirst) this.#sink.onHead(head.start, head.total);
			if (body.length > 0) this.#sink.onBody(body);
			if (!this.#reader.done) return;
			this.#isBetween = this.#reader.keepsAlive && this.#sink.onPart();
			if (this.#isBetween) this.#request();
			else this.#end();
		}
	}

	/** One timer for all: one for each piece that comes would be memory for each. */
	#watch(): void {
		this.#cancelWatch();
		const now = this.#clock.ticks();
		const idleUntil = this.#heard + IDLE_SECONDS * 1000;
		const { host } = this.#uri;
		if (now >= this.#until) this.#end(new Fault("wire.timeout", `${host}: not done within ${this.#sink.seconds} s`));
		else if (now >= idleUntil) this.#end(new Fault("wire.timeout", `${host}: nothing for ${IDLE_SECONDS} s`));
		else this.#cancelWatch = this.#clock.after(Math.min(this.#until, idleUntil) - now, () => this.#watch());
	}

	#end(fault?: Fault): void {
		if (this.#ended) return;
		this.cancel();
		this.#sink.onEnd(fault);
	}
}

/** Outside its dates: the server's certificate is renewed, or our clock is set, sooner or later. */
function dated(fault: Fault | undefined): Fault | undefined {
	if (fault?.code !== "tls.expired") return fault;
	return new Fault("tls.expired", "the download server's certificate", { retryable: true, cause: fault });
}
