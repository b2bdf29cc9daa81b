/**
 * `embedded:io/socket/tcp/tls`: a TLS client socket with the interface of the SDK's example of that name (ECMA-419 style), over any TCP io.
 *
 * It takes all that TCP has, queues what TCP cannot take yet, and turns whatever goes wrong, also inside a callback of the
 * application, into one call of `onError`: with a TLSError, or without argument when the server closed in an orderly way. Nothing is
 * called after that, after close(), or from inside the constructor.
 */
import type TCP from "embedded:io/socket/tcp";
import type { TCPOptions } from "embedded:io/socket/tcp";
import Timer from "timer";
import { builtInAnchors } from "./anchors.ts";
import TLSError from "./error.ts";
import type { Bytes, TLSOptions } from "./options.ts";
import Session from "./session.ts";

export type { Calling, SecureOptions, TLSOptions } from "./options.ts";

/** Whom it tells. */
interface Told {
	readonly onReadable: TLSOptions["onReadable"] | undefined;
	readonly onWritable: TLSOptions["onWritable"] | undefined;
	readonly onError: TLSOptions["onError"] | undefined;
}

/** Header, nonce and tag of a record. */
const RECORD_BYTES = 29;
/** Bytes taken from TCP at a time: the simulator's offers all that the system holds. */
const MOST_READ = 1024;

export default class TLSSocket {
	readonly target: unknown;
	/** The callbacks alone: chains and anchors are not held for as long as the connection. */
	readonly #told: Told;
	#session: Session | undefined;
	#tcp: TCP | undefined;
	#writable = 0;
	#readable = 0;
	#sending: Uint8Array[] = [];
	#plaintext: Uint8Array | undefined;
	#isStarted = false;
	#isOpen = false;
	/** TCP has ended; what came before may still wait to be read. */
	#isCut = false;
	#resume: ReturnType<typeof Timer.set> | undefined;

	/** Throws when the options are unusable; whatever comes later comes through onError. */
	constructor(options: TLSOptions) {
		const { TCP, host, secure = {}, target, onReadable, onWritable, onError } = options;
		this.target = target;
		this.#told = { onReadable, onWritable, onError };
		const { anchors = [], additionalAnchors = [], clientCertificates = [] } = secure;
		this.#session = new Session(
			{
				serverName: secure.serverName ?? host,
				anchors: [...(anchors.length > 0 ? anchors.map(view) : builtInAnchors()), ...additionalAnchors.map(view)],
				clientCertificates: clientCertificates.map(view),
				clientKey: secure.clientKey,
				notBefore: secure.notBefore,
				maxRecordBytes: secure.maxRecordBytes,
				resumption: secure.resumption,
			},
			(record) => void this.#sending.push(record),
		);
		const below: TCPOptions & { readonly target: TLSSocket } = {
			...options,
			target: this,
			...TLSSocket.#FROM_TCP,
		};
		this.#tcp = new TCP.io(below);
	}

	/** In ROM: each of them as a closure would have its slots in RAM. */
	static readonly #FROM_TCP = Object.freeze({
		onReadable(this: TCP, count: number): void {
			const target = targetOf(this);
			target.#guard(() => {
				target.#readable = count;
				target.#receive();
			});
		},
		onWritable(this: TCP, count: number): void {
			const target = targetOf(this);
			target.#guard(() => {
				target.#writable = count;
				target.#start();
				target.#send();
				target.#receive();
			});
		},
		onError(this: TCP): void {
			const target = targetOf(this);
			target.#guard(() => {
				target.#isCut = true;
				target.#receive();
			});
		},
	});

	/** There is a TCP connection, or was. */
	get isConnected(): boolean {
		return this.#isStarted;
	}

	/** Whether it goes on from an earlier session; known when it is open. */
	get isResumed(): boolean {
		return this.#session?.isResumed ?? false;
	}

	/** All that onReadable announced, or `count` bytes of it; undefined when there is nothing. */
	read(count?: number): ArrayBuffer | undefined {
		const plaintext = this.#plaintext;
		if (plaintext === undefined) return undefined;
		if (count !== undefined && count > plaintext.length) throw new RangeError(`${plaintext.length} bytes are readable`);
		const whole = plaintext.length === plaintext.buffer.byteLength && (count ?? plaintext.length) === plaintext.length;
		const taken = whole ? plaintext : plaintext.slice(0, count);
		this.#plaintext = taken.length < plaintext.length ? plaintext.subarray(taken.length) : undefined;
		if (this.#plaintext === undefined) this.#later();
		return taken.buffer as ArrayBuffer;
	}

	/**
	 * Takes all of it, whatever onWritable said; returns how much TCP would take at once after that. Where the peer has closed, nothing
	 * is sent (RFC 5246 section 7.2.1), and what it said before that is still to be read.
	 */
	write(bytes: Bytes): number {
		if (!this.#isOpen || this.#session === undefined) throw new TLSError("the socket is not open", "wire.closed");
		if (this.#session.phase === "open") this.#session.write(view(bytes));
		this.#guard(() => this.#flush());
		return this.#room();
	}

	/** Ends TLS, as far as TCP takes it, and closes. */
	close(): void {
		this.#session?.close();
		this.#session = undefined;
		try {
			this.#flush();
		} catch {} // TCP is gone already
		this.#tcp?.close();
		this.#tcp = undefined;
		this.#plaintext = undefined;
		Timer.clear(this.#resume);
	}

	/**
	 * Takes from TCP, until it is empty, plaintext waits for the application or has just been taken (the rest has a turn of its
	 * own), or what we have to say waits for the peer: who does not read is not read either.
	 */
	#receive(): void {
		while (this.#session !== undefined && this.#plaintext === undefined && this.#resume === undefined) {
			this.#plaintext = this.#session.take();
			if (this.#plaintext !== undefined) this.#told.onReadable?.call(this, this.#plaintext.length);
			else if (this.#session.phase === "closed") this.#fail();
			else if (this.#readable > 0 && (this.#isCut || this.#sending.length === 0)) {
				this.#session.receive(this.#takeFromTcp());
				if (!this.#isOpen) this.#send(); // the application hears that it is open before it gets data
			} else if (this.#isCut) throw cut();
			else break;
		}
		this.#flush();
	}

	/** TCP is connected. */
	#start(): void {
		if (this.#isStarted) return;
		this.#isStarted = true;
		this.#session?.start();
	}

	/** No more than the record that has begun: of the next one there is nothing in memory while somebody deals with this one. */
	#takeFromTcp(): Uint8Array {
		const most = Math.min(this.#readable, MOST_READ, this.#session!.wanted);
		const bytes = this.#tcp!.read(most) as ArrayBuffer | undefined;
		this.#readable = bytes === undefined ? 0 : this.#readable - bytes.byteLength;
		return new Uint8Array(bytes ?? new ArrayBuffer(0));
	}

	#later(): void {
		this.#resume ??= Timer.set(() => {
			this.#resume = undefined;
			this.#guard(() => this.#receive());
		});
	}

	#send(): void {
		this.#flush();
		if (this.#session?.phase === "open") {
			this.#isOpen = true;
			if (this.#sending.length === 0 && this.#room() > 0) this.#told.onWritable?.call(this, this.#room());
		}
	}

	/**
	 * As much of the queue as TCP takes; the SDK's TCP throws when given more. When the connection has died it returns undefined, and
	 * in the simulator says nothing else. Where the peer has closed, our own closing waits for close(): lwIP's TCP throws at a write
	 * from then on, and what came before the closing is still to be read.
	 */
	#flush(): void {
		if (this.#isCut || this.#session?.phase === "closed") return;
		while (this.#tcp !== undefined && this.#writable > 0 && this.#sending.length > 0) {
			const next = this.#sending[0]!;
			const part = next.slice(0, this.#writable);
			const room = this.#tcp.write(part);
			this.#writable = room ?? 0;
			if (room === undefined) throw cut();
			if (part.length === next.length) this.#sending.shift();
			else this.#sending[0] = next.subarray(part.length);
		}
	}

	#room(): number {
		return this.#sending.length > 0 ? 0 : Math.max(0, this.#writable - RECORD_BYTES);
	}

	#guard(step: () => void): void {
		if (this.#session === undefined) return;
		try {
			step();
		} catch (thrown) {
			this.#fail(thrown);
		}
	}

	/** Sends what is queued, an alert for instance, and ends. */
	#fail(error?: unknown): void {
		if (this.#session === undefined) return;
		this.close();
		if (error === undefined) this.#told.onError?.call(this);
		else this.#told.onError?.call(this, error);
	}
}

/** The TLS socket above it. */
const targetOf = (tcp: TCP): TLSSocket => (tcp as TCP & { readonly target: TLSSocket }).target;

const cut = (): TLSError => new TLSError("the connection was cut", "wire.closed");

const view = (bytes: Bytes): Uint8Array => (bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes);
