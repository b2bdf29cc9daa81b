/**
 * The answers that each HTTP connection waits for. Requests that come without waiting (pipelining) are read before the first one is
 * answered: as many as a piece of the stream holds. Each is looked at when those before it have been answered: 16 images would be read
 * from 16 files, to wait for each other. And of a connection that ends Node tells only the answer whose turn it is.
 */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Of one connection. */
const MOST = 16;

export class OpenAnswers {
	/** In their order, with what answers. */
	readonly #all = new WeakMap<Duplex, Map<ServerResponse, () => void>>();

	/** Calls `answer` in its turn; not at all where the connection ends first, as it does when too many wait. */
	add(socket: Duplex, response: ServerResponse, answer: () => void): void {
		const open = this.#all.get(socket) ?? this.#begin(socket);
		open.set(response, answer);
		response.once("close", () => {
			open.delete(response);
			const [next] = open.values();
			if (!socket.destroyed) next?.();
		});
		if (open.size > MOST) socket.destroy();
		else if (open.size === 1) answer();
	}

	#begin(socket: Duplex): Map<ServerResponse, () => void> {
		const open = new Map<ServerResponse, () => void>();
		this.#all.set(socket, open);
		socket.once("close", () => {
			for (const response of open.keys()) {
				response.destroy();
				response.emit("close");
			}
		});
		return open;
	}
}
