/**
 * The Wire port on Node: TLS 1.2 or 1.3 over TCP by node:tls, through an HTTP proxy where the environment
 * names one, and WebSocket on top by `ws`. By the rules of the device (hw/moddable/tls) where OpenSSL's are
 * wider: test/node/rules.test.ts runs both.
 *
 * The server must show a chain to a configured anchor (none configured: Node's own roots) and the host's name or address in
 * its SAN; NODE_TLS_REJECT_UNAUTHORIZED changes nothing. Key exchange is ECDHE, records are AES-GCM, and there is no second
 * handshake. The client's key goes from memory to OpenSSL and never to disk.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { Fault, printable } from "../../src/fault.ts";
import type { Connection, Wire, WireEvents, WireOptions } from "../../src/port.ts";
import { openTunnel, proxyFor, proxyName } from "./proxy.ts";
import { Resumption } from "./resumption.ts";
import { tlsFault } from "./tls-fault.ts";
import { connectionOptions, contextFault } from "./tls-options.ts";
import { upgrade } from "./websocket.ts";

/** Of answers that wait for the peer. */
const MOST_UNSENT_BYTES = 64 * 1024;

/** How long the peer may take to answer our end of connection. */
const CLOSE_SECONDS = 5;

export function createWire(environment: NodeJS.ProcessEnv = process.env): Wire {
	const resumption = new Resumption();
	return {
		connect: (options, events) => new TlsConnection(options, events, environment, resumption),
		forget: () => resumption.forget(),
	};
}

class TlsConnection implements Connection {
	readonly #options: WireOptions;
	readonly #events: WireEvents;
	readonly #resumption: Resumption;
	readonly #peer: string;
	#state: "connecting" | "open" | "closing" | "closed" = "connecting";
	#socket: TLSSocket | undefined;
	/** What the bytes go into: the socket itself, or WebSocket on it. */
	#stream: Duplex | undefined;
	/** Written before it was open. */
	#early: Uint8Array[] = [];
	#fault: Fault | undefined;
	#timer: NodeJS.Timeout;
	/** TLS stands, WebSocket does not yet. */
	#upgrading = false;
	#abandonTunnel = (): void => {};
	/** For the message of a time-out: how far the proxy has let us, or "" without one. */
	#through = "";

	constructor(options: WireOptions, events: WireEvents, environment: NodeJS.ProcessEnv, resumption: Resumption) {
		const { host, port, timeoutSeconds } = options;
		this.#options = options;
		this.#events = events;
		this.#resumption = resumption;
		this.#peer = `${host}:${port}`;
		this.#timer = setTimeout(() => {
			this.#end(new Fault("wire.timeout", `${this.#peer}: no connection after ${timeoutSeconds} s${this.#through}`));
		}, timeoutSeconds * 1000);
		const proxy = proxyFor(host, port, environment);
		if (proxy === undefined) this.#secure();
		else if (proxy instanceof Fault) this.#end(proxy);
		else {
			this.#through = `: the proxy ${proxyName(proxy)} does not answer`;
			this.#abandonTunnel = openTunnel(proxy, host, port, (tunnel) => {
				this.#through = ` through the proxy ${proxyName(proxy)}`;
				if (tunnel instanceof Fault) this.#end(tunnel);
				else this.#secure(tunnel);
			});
		}
	}

	get isResumed(): boolean {
		return this.#socket?.isSessionReused() ?? false;
	}

	write(bytes: Uint8Array): void {
		if (this.#state === "connecting") this.#early.push(bytes);
		else if (this.#state === "open") this.#stream?.write(bytes);
	}

	close(): void {
		if (this.#state === "closing" || this.#state === "closed") return;
		const wasOpen = this.#state === "open";
		this.#state = "closing";
		clearTimeout(this.#timer);
		if (!wasOpen) this.#end();
		else {
			this.#stream?.end();
			this.#timer = setTimeout(() => this.#socket?.destroy(), CLOSE_SECONDS * 1000);
		}
	}

	/** `tunnel`: through a proxy, already connected. */
	#secure(tunnel?: Socket) {
		let socket: TLSSocket;
		let negotiated = false;
		const taken = this.#resumption.take(this.#options);
		try {
			socket = connect({
				...connectionOptions(this.#options),
				...(tunnel && { socket: tunnel }),
				...(taken && { session: taken.session }),
			});
		} catch (thrown) {
			tunnel?.destroy();
			return this.#end(contextFault(thrown));
		}
		this.#socket = socket;
		socket.setNoDelay(true);
		socket.once("keylog", () => {
			negotiated = true; // the server's first flight has been read; the line itself is of no interest
		});
		// Nothing is written before the server is known to be the right one.
		socket.once("secureConnect", () => {
			this.#resumption.watch(socket, this.#options, taken);
			this.#secured(socket);
		});
		socket.on("error", (error) => {
			this.#fault ??= this.#upgrading
				? new Fault("wire.websocket", `${this.#peer}: ${printable(error.message)}`, { cause: error })
				: tlsFault(error, this.#peer, negotiated);
		});
		socket.once("close", () => {
			if (this.#state === "connecting")
				this.#fault ??= new Fault("wire.closed", `${this.#peer} closed the connection during the handshake`);
			this.#closed();
		});
	}

	#secured(socket: TLSSocket) {
		const { host, port, webSocket } = this.#options;
		if (webSocket === undefined) return this.#opened(socket);
		this.#upgrading = true;
		upgrade(socket, { host, port, path: webSocket }, (stream) => {
			if (stream instanceof Fault) this.#end(stream);
			else this.#opened(stream);
		});
	}

	#opened(stream: Duplex): void {
		if (this.#state !== "connecting") return;
		clearTimeout(this.#timer);
		this.#state = "open";
		this.#upgrading = false;
		this.#stream = stream;
		stream.on("data", (bytes: Buffer) => {
			if (this.#state === "open") this.#events.onData(new Uint8Array(bytes));
			// Who does not read our answers is not read either.
			if (stream.writableLength > MOST_UNSENT_BYTES && !stream.isPaused()) {
				stream.pause();
				stream.once("drain", () => stream.resume());
			}
		});
		stream.on("error", (error) => {
			this.#fault ??= Fault.of(error, "wire.closed");
		});
		this.#events.onOpen();
		for (const bytes of this.#early.splice(0)) stream.write(bytes);
	}

	/** At once, without an end of TLS. */
	#end(fault?: Fault): void {
		this.#fault ??= fault;
		this.#abandonTunnel();
		if (this.#socket === undefined) setImmediate(() => this.#closed());
		else this.#socket.destroy();
	}

	#closed(): void {
		if (this.#state === "closed") return;
		const fault = this.#state === "closing" ? undefined : this.#fault;
		this.#state = "closed";
		clearTimeout(this.#timer);
		this.#events.onClose(fault);
	}
}
