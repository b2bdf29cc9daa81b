/**
 * Joins a transport to a Connection: what fails on this client's bytes ends this client's connection, not the cloud; and what it asks is
 * answered while it reads the answers, in turns with what others ask.
 */
import type { TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import type { Door } from "./half-open.ts";

export interface Transport {
	pause(): void;
	resume(): void;
	/** Ends it at once. */
	destroy(): void;
}

/** One piece of the stream may ask a thousand things of 5 ms each; behind this, others have their turn. */
const TURN_MS = 10;

/** One object for a connection, not a closure for each thing that may happen: thousands of devices are idle. */
export class Carrier {
	readonly #connection: Connection;
	readonly #door: Door;
	readonly #socket: TLSSocket;
	readonly #transport: Transport;
	#isKnown = false;
	/** What the transport had read already when it was paused. */
	#pieces: Uint8Array[] = [];
	/** For what the client's next packet waits. */
	#waitsFor: "drain" | "turn" | undefined;
	/** The transport has lost the client. */
	#end: { readonly reason: string | undefined } | undefined;

	/** `socket`: under the transport, or itself. */
	constructor(connection: Connection, door: Door, socket: TLSSocket, transport: Transport = socket) {
		this.#connection = connection;
		this.#door = door;
		this.#socket = socket;
		this.#transport = transport;
		// Who does not read its answers is asked nothing more: else they would wait here.
		socket.on("drain", () => {
			if (this.#waitsFor === "drain") this.#wait();
		});
	}

	receive(bytes: Uint8Array): void {
		this.#pieces.push(bytes);
		if (this.#waitsFor === undefined) this.#go();
	}

	/** What came before is worked through first. */
	lost(reason?: string): void {
		this.#end ??= { reason };
		if (this.#waitsFor !== "turn") this.#go();
	}

	#go(): void {
		const waited = this.#waitsFor !== undefined;
		this.#waitsFor = undefined;
		try {
			this.#work(performance.now() + TURN_MS);
			if (!this.#isKnown) this.#look();
			if (this.#waitsFor !== undefined) {
				if (!waited) this.#transport.pause();
			} else if (this.#end !== undefined) this.#connection.lost(this.#end.reason);
			else if (waited) this.#transport.resume();
		} catch (error) {
			this.#pieces = [];
			this.#connection.part(`internal error: ${(error as Error).stack}`);
			this.#transport.destroy();
		}
	}

	/** Until nothing more has come, or something must be waited for. */
	#work(until: number): void {
		while (this.#packet()) {
			if (this.#end === undefined && this.#socket.writableNeedDrain) this.#waitsFor = "drain";
			else if (performance.now() > until) this.#wait();
			else continue;
			return;
		}
	}

	/** Not on a drain itself: to a client that reads quickly there would be one after the other, and no turn of others between. */
	#wait(): void {
		this.#waitsFor = "turn";
		setImmediate(() => this.#go());
	}

	#packet(): boolean {
		while (!this.#connection.work()) {
			const piece = this.#pieces.shift();
			if (piece === undefined) return false;
			this.#connection.add(piece);
		}
		return true;
	}

	#look(): void {
		const { standing } = this.#connection;
		this.#isKnown = standing === "attested";
		if (this.#isKnown) this.#door.done();
		else if (standing === "accepted") this.#door.serve();
	}
}
