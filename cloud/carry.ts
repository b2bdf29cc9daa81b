/** Joins a transport to a Connection: what fails on this client's bytes ends this client's connection, not the cloud. */
import type { TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import type { Door } from "./half-open.ts";

export interface Transport {
	pause(): void;
	resume(): void;
	/** Ends it at once. */
	destroy(): void;
}

/** One object for a connection, not a closure for each thing that may happen: thousands of devices are idle. */
export class Carrier {
	readonly #connection: Connection;
	readonly #door: Door;
	readonly #socket: TLSSocket;
	readonly #transport: Transport;
	#isKnown = false;

	/** `socket`: under the transport, or itself. */
	constructor(connection: Connection, door: Door, socket: TLSSocket, transport: Transport = socket) {
		this.#connection = connection;
		this.#door = door;
		this.#socket = socket;
		this.#transport = transport;
		// Who does not read its answers is asked nothing more: else they would wait here.
		socket.on("drain", () => transport.resume());
	}

	receive(bytes: Uint8Array): void {
		try {
			this.#connection.data(bytes);
			if (!this.#isKnown) this.#look();
			if (this.#socket.writableNeedDrain) this.#transport.pause();
		} catch (error) {
			this.#failed(error as Error);
		}
	}

	lost(reason?: string): void {
		try {
			this.#connection.lost(reason);
		} catch (error) {
			this.#failed(error as Error);
		}
	}

	#look(): void {
		const { standing } = this.#connection;
		this.#isKnown = standing === "attested";
		if (this.#isKnown) this.#door.done();
		else if (standing === "accepted") this.#door.serve();
	}

	#failed(error: Error): void {
		this.#connection.part(`internal error: ${error.stack}`);
		this.#transport.destroy();
	}
}
