/** Joins a transport to a Connection: what fails on this client's bytes ends this client's connection, not the cloud. */
import type { Connection } from "./connection.ts";
import type { Door } from "./half-open.ts";

export interface Carrier {
	receive(bytes: Uint8Array): void;
	lost(reason?: string): void;
}

/** `destroy` ends the transport at once. */
export function carry(connection: Connection, door: Door, destroy: () => void): Carrier {
	const own = (step: () => void): void => {
		try {
			step();
		} catch (error) {
			connection.part(`internal error: ${(error as Error).stack}`);
			destroy();
		}
	};
	return {
		receive: (bytes) =>
			own(() => {
				connection.data(bytes);
				if (connection.isAccepted) door.done();
			}),
		lost: (reason) => own(() => connection.lost(reason)),
	};
}
