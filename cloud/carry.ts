/** Joins a transport to a Connection: what fails on this client's bytes ends this client's connection, not the cloud. */
import type { TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import type { Door } from "./half-open.ts";

export interface Carrier {
	receive(bytes: Uint8Array): void;
	lost(reason?: string): void;
}

export interface Transport {
	/** Under it. */
	readonly socket: TLSSocket;
	pause(): void;
	resume(): void;
	/** Ends it at once. */
	destroy(): void;
}

export function carry(connection: Connection, door: Door, transport: Transport): Carrier {
	const { socket } = transport;
	const own = (step: () => void): void => {
		try {
			step();
		} catch (error) {
			connection.part(`internal error: ${(error as Error).stack}`);
			transport.destroy();
		}
	};
	// Who does not read its answers is asked nothing more: else they would wait here.
	socket.on("drain", () => transport.resume());
	return {
		receive: (bytes) =>
			own(() => {
				connection.data(bytes);
				if (connection.standing === "attested") door.done();
				else if (connection.standing === "accepted") door.serve();
				if (socket.writableNeedDrain) transport.pause();
			}),
		lost: (reason) => own(() => connection.lost(reason)),
	};
}
