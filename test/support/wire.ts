/**
 * A network in memory: Wire on the device's side, a function on the server's. Everything travels by the clock, so that
 * delays and order are exact. A Link says what goes wrong with one connection.
 */
import { Fault } from "../../src/fault.ts";
import type { Clock, Connection, Wire, WireEvents, WireOptions } from "../../src/port.ts";
import type { Power } from "./power.ts";

/** The server's end of one connection. Set the callbacks when it arrives. */
export interface Socket {
	/** Where the device wanted to go, and the identity it showed. */
	readonly options: WireOptions;
	onData(bytes: Uint8Array): void;
	onClose(): void;
	write(bytes: Uint8Array): void;
	close(): void;
}

export interface Link {
	/** The connection does not come about. */
	readonly refuse?: Fault | undefined;
	/** One way, each piece. Default 1. */
	readonly delay?: (() => number) | undefined;
	/** The connection breaks after that many bytes have reached the server. */
	readonly cutAfterSent?: number | undefined;
	/** The connection breaks after that many bytes have reached the device. */
	readonly cutAfterReceived?: number | undefined;
	/** Why it breaks. Default: wire.closed. */
	readonly reason?: Fault | undefined;
	/** Whether a write of the server arrives twice. */
	readonly duplicate?: ((bytes: Uint8Array) => boolean) | undefined;
	/** What the server writes arrives in pieces of at most that many bytes. */
	readonly pieces?: number | undefined;
}

export interface FakeWireOptions {
	readonly clock: Clock;
	/** Takes a connection, or throws a Fault to refuse it. */
	readonly serve: (socket: Socket) => void;
	readonly power?: Power | undefined;
	/** Called for each connection, numbered from 0. */
	readonly link?: ((number: number, options: WireOptions) => Link) | undefined;
}

export class FakeWire implements Wire {
	readonly #options: FakeWireOptions;
	connections = 0;
	/** Bytes that arrived over all connections. */
	sent = 0;
	received = 0;

	constructor(options: FakeWireOptions) {
		this.#options = options;
	}

	connect(options: WireOptions, events: WireEvents): Connection {
		const { clock, serve, power, link: plan } = this.#options;
		power?.point("wire.connect");
		const link = plan?.(this.connections, options) ?? {};
		this.connections++;
		/** Pieces keep their order whatever their delay. */
		const arrival = { server: 0, device: 0 };
		let open = true;
		let fromDevice = 0;
		let fromServer = 0;

		const travel = (to: "server" | "device", arrive: () => void): void => {
			arrival[to] = Math.max(arrival[to], clock.ticks() + (link.delay?.() ?? 1));
			clock.after(arrival[to] - clock.ticks(), arrive);
		};
		const device = <A extends unknown[]>(callback: (...values: A) => void): ((...values: A) => void) =>
			power === undefined ? callback : power.guard(callback);
		const end = (fault?: Fault): void => {
			if (!open) return;
			open = false;
			travel("device", () => device((reason?: Fault) => events.onClose(reason))(fault));
			travel("server", () => socket.onClose());
		};
		/** The part that still passes before the cut, and the cut. */
		const pass = (bytes: Uint8Array, before: number, limit: number | undefined): Uint8Array => {
			if (limit === undefined || before + bytes.length < limit) return bytes;
			return bytes.subarray(0, limit - before);
		};

		const socket: Socket = {
			options,
			onData() {},
			onClose() {},
			write: (bytes) => {
				const copy = new Uint8Array(bytes);
				for (let times = link.duplicate?.(copy) ? 2 : 1; times > 0; times--) {
					for (const piece of split(copy, link.pieces)) travel("device", () => toDevice(piece));
				}
			},
			close: () => travel("device", () => end()),
		};
		const toDevice = (bytes: Uint8Array): void => {
			if (!open) return;
			// A device without power is a peer that vanished: the server learns it sooner or later.
			if (power?.on === false) {
				end();
				return;
			}
			const piece = pass(bytes, fromServer, link.cutAfterReceived);
			fromServer += piece.length;
			this.received += piece.length;
			if (piece.length > 0) device((data: Uint8Array) => events.onData(data))(piece);
			if (fromServer === link.cutAfterReceived) end(link.reason ?? broken());
		};
		const toServer = (bytes: Uint8Array): void => {
			if (!open) return;
			const piece = pass(bytes, fromDevice, link.cutAfterSent);
			fromDevice += piece.length;
			this.sent += piece.length;
			if (piece.length > 0) socket.onData(piece);
			if (fromDevice === link.cutAfterSent) end(link.reason ?? broken());
		};

		travel("server", () => {
			if (!open) return;
			try {
				if (link.refuse !== undefined) throw link.refuse;
				serve(socket);
			} catch (thrown) {
				if (!(thrown instanceof Fault)) throw thrown;
				end(thrown);
				return;
			}
			if (link.cutAfterSent === 0 || link.cutAfterReceived === 0) {
				end(link.reason ?? broken());
				return;
			}
			travel("device", () => open && device(() => events.onOpen())());
		});

		return {
			write: (bytes) => {
				power?.point("wire.write");
				const copy = new Uint8Array(bytes);
				if (open) travel("server", () => toServer(copy));
			},
			close: () => {
				power?.point("wire.close");
				if (open) travel("server", () => end());
			},
		};
	}
}

function split(bytes: Uint8Array, pieces = Number.POSITIVE_INFINITY): Uint8Array[] {
	const parts: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; at += pieces) parts.push(bytes.subarray(at, Math.min(bytes.length, at + pieces)));
	return parts;
}

function broken(): Fault {
	return new Fault("wire.closed", "connection reset");
}
