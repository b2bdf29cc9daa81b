/**
 * The answers that each HTTP connection waits for. Requests that come without waiting (pipelining) are read before the first one is
 * answered: as many as a piece of the stream holds. And of a connection that ends Node tells only the answer whose turn it is: the others
 * would keep what they hold, an open file for instance.
 */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Of one connection. */
const MOST = 16;

export class OpenAnswers {
	readonly #all = new WeakMap<Duplex, Set<ServerResponse>>();

	/** False: there are too many; their connection has ended. */
	add(socket: Duplex, response: ServerResponse): boolean {
		const open = this.#all.get(socket) ?? this.#begin(socket);
		open.add(response);
		response.once("close", () => open.delete(response));
		if (open.size > MOST) socket.destroy();
		return open.size <= MOST;
	}

	#begin(socket: Duplex): Set<ServerResponse> {
		const open = new Set<ServerResponse>();
		this.#all.set(socket, open);
		socket.once("close", () => {
			for (const response of open) {
				response.destroy();
				response.emit("close");
			}
		});
		return open;
	}
}
