/**
 * The Wire port on Moddable: TLS 1.2 by the ECMA-419 TLS socket of hw/moddable/tls.
 *
 * What a socket leaves to its user is done here: name resolution, one deadline for all of it (some failures of the peer
 * give no callback), and every failure, an exception inside a callback included, becomes a Fault: unhandled it would
 * restart the device.
 */
import Timer from "timer";
import { Gathered } from "../../src/base/gathered.ts";
import { Fault } from "../../src/fault.ts";
import type { Connection, Wire, WireEvents, WireOptions } from "../../src/port.ts";
import { sha1 } from "./digest.ts";
import { fill } from "./entropy.ts";
import { resolve, Tcp } from "./tcp.ts";
import { Resumption } from "./tls/resumption.ts";
import TLSSocket, { type Calling } from "./tls/socket.ts";
import { faultOf } from "./tls-fault.ts";
import { WebSocketConnection } from "./websocket.ts";

/** Delivered at a time: a record may hold a hundred calls, each with an answer of 2 KB, for which the peer may let us wait. */
const MOST_DELIVERED = 256;
/** How long a peer that does not read may delay a close. */
const CLOSE_SECONDS = 5;

export function createWire(): Wire {
	const resumption = new Resumption();
	const connect = (options: WireOptions, events: WireEvents): Connection =>
		new TlsConnection(options, events, resumption);
	return {
		connect: (options, events) =>
			options.webSocket === undefined
				? connect(options, events)
				: new WebSocketConnection(options, events, TOOLS, connect),
		forget: () => resumption.forget(),
	};
}

function after(milliseconds: number, callback: () => void): () => void {
	const timer = Timer.set(callback, milliseconds);
	return () => Timer.clear(timer);
}

/** In ROM. */
const TOOLS = Object.freeze({ fill, sha1, after });

class TlsConnection implements Connection {
	readonly #peer: string;
	readonly #events: WireEvents;
	readonly #resumption: Resumption;
	#state: "connecting" | "open" | "closing" | "closed" = "connecting";
	#socket: TLSSocket | undefined;
	#deadline: Timer | undefined;
	/** Written before TLS was open. */
	#early: Uint8Array[] = [];
	/** What the socket holds, a record at most: it takes no more before that is delivered. */
	#held = 0;
	/** What the socket takes without queueing; 0 while it has something queued. */
	#room = 0;
	/** Written while data is delivered. */
	readonly #gathered = new Gathered();
	#isDelivering = false;
	#isDeliveryDue = false;

	constructor(options: WireOptions, events: WireEvents, resumption: Resumption) {
		this.#peer = `${options.host}:${options.port}`;
		this.#events = events;
		this.#resumption = resumption;
		const { timeoutSeconds } = options;
		this.#endAfter(
			timeoutSeconds,
			() => new Fault("wire.timeout", `${this.#peer}: no TLS connection after ${timeoutSeconds} s`),
		);
		Timer.set(() => this.#guard(() => this.#resolve(options)));
	}

	get isResumed(): boolean {
		return this.#socket?.isResumed ?? false;
	}

	write(bytes: Uint8Array): void {
		if (this.#state === "connecting") this.#early.push(bytes);
		else if (this.#state === "open") this.#guard(() => (this.#isDelivering ? this.#gather(bytes) : this.#send(bytes)));
	}

	close(): void {
		if (this.#state === "closing" || this.#state === "closed") return;
		this.#guard(() => this.#sendGathered());
		this.#leave();
	}

	#leave(): void {
		if (this.#state === "closed") return;
		const settled = this.#state === "connecting" || this.#room > 0;
		this.#state = "closing";
		if (settled) this.#end();
		else this.#endAfter(CLOSE_SECONDS, () => undefined);
	}

	#resolve(options: WireOptions): void {
		if (this.#state !== "connecting") return;
		resolve(options.host, (address) => {
			if (this.#state !== "connecting") return;
			if (address === undefined) this.#end(new Fault("wire.dns", `${options.host} does not resolve`));
			else this.#guard(() => this.#connect(options, address));
		});
	}

	#connect(options: WireOptions, address: string): void {
		const { host, port, anchors, additionalAnchors = [], identity, notBefore, maxRecordBytes } = options;
		this.#socket = new TLSSocket({
			host,
			address,
			port,
			TCP: { io: Tcp },
			secure: {
				anchors,
				additionalAnchors,
				notBefore,
				maxRecordBytes,
				resumption: this.#resumption,
				clientCertificates: identity?.chain,
				// RSA keys as PKCS#8.
				clientKey: identity && ("pkcs8" in identity ? identity.pkcs8 : identity.signer),
			},
			target: this,
			...TlsConnection.#FROM_TLS,
		});
	}

	static readonly #FROM_TLS = Object.freeze({
		onWritable(this: Calling, count: number): void {
			const connection = this.target as TlsConnection;
			connection.#guard(() => connection.#writable(count));
		},
		onReadable(this: Calling, count: number): void {
			const connection = this.target as TlsConnection;
			connection.#guard(() => connection.#readable(count));
		},
		onError(this: Calling, error?: unknown): void {
			(this.target as TlsConnection).#lost(error, this.isConnected);
		},
	});

	#writable(count: number): void {
		this.#room = count;
		if (this.#state === "closing") this.#end();
		else if (this.#state === "connecting") this.#open();
		else if (this.#held > 0) this.#deliverSoon();
	}

	#open(): void {
		Timer.clear(this.#deadline);
		this.#deadline = undefined; // it holds all that was given to connect with
		this.#state = "open";
		this.#events.onOpen();
		for (const bytes of this.#early.splice(0)) this.#send(bytes);
	}

	/** Data may come in one packet with the end of the handshake, and is then told first. */
	#readable(count: number): void {
		if (this.#state === "connecting") this.#open();
		this.#held = count;
		this.#deliverSoon();
	}

	/** In a turn of its own, behind what the last one has put off, such as the check of a certificate. TLS holds its buffers until its own ends. */
	#deliverSoon(): void {
		if (!this.#isDeliveryDue) void Promise.resolve().then(() => this.#deliver());
		this.#isDeliveryDue = true;
	}

	#deliver(): void {
		this.#isDeliveryDue = false;
		try {
			const bytes = this.#room > 0 || this.#state !== "open" ? this.#take() : undefined;
			if (bytes !== undefined) {
				this.#isDelivering = true;
				this.#events.onData(bytes);
				if (this.#state !== "closed") this.#deliverSoon();
				return;
			}
			this.#isDelivering = false;
			this.#sendGathered();
		} catch (thrown) {
			this.#isDelivering = false;
			this.#held = 0;
			this.#end(faultOf(this.#peer, thrown, true));
		}
	}

	#take(): Uint8Array | undefined {
		if (this.#held === 0 || this.#socket === undefined) return undefined;
		const bytes = this.#socket.read(Math.min(this.#held, this.#events.wanted || MOST_DELIVERED, MOST_DELIVERED));
		this.#held -= bytes?.byteLength ?? this.#held;
		return bytes && new Uint8Array(bytes);
	}

	/** Without an error the peer ended TLS; before we came to use it, that is a failure all the same. */
	#lost(error: unknown, reached: boolean): void {
		if (error !== undefined) this.#end(faultOf(this.#peer, error, reached));
		else if (this.#state !== "connecting") this.#end();
		else this.#end(new Fault("wire.closed", `${this.#peer} closed the connection as soon as it was open`));
	}

	#send(bytes: Uint8Array): void {
		if (this.#socket !== undefined && bytes.length > 0) this.#room = this.#socket.write(bytes);
	}

	#gather(bytes: Uint8Array): void {
		if (this.#gathered.put(bytes)) return;
		this.#sendGathered();
		if (!this.#gathered.put(bytes)) this.#send(bytes);
	}

	#sendGathered(): void {
		const bytes = this.#gathered.take();
		if (bytes !== undefined && this.#state === "open") this.#send(bytes);
	}

	#guard(callback: () => void): void {
		if (this.#state === "closed") return;
		try {
			callback();
		} catch (thrown) {
			this.#end(faultOf(this.#peer, thrown, true));
		}
	}

	#endAfter(seconds: number, reason: () => Fault | undefined): void {
		Timer.clear(this.#deadline);
		this.#deadline = Timer.set(() => this.#end(reason()), seconds * 1000);
	}

	#end(fault?: Fault): void {
		if (this.#state === "closed") return;
		const wanted = this.#state === "closing";
		this.#state = "closed";
		Timer.clear(this.#deadline);
		this.#early.length = 0;
		const socket = this.#socket;
		this.#socket = undefined;
		// Not in the middle of the socket's own callback, and never synchronously from ours.
		Timer.set(() => {
			socket?.close();
			this.#events.onClose(wanted ? undefined : fault);
		});
	}
}
