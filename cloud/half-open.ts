/**
 * Connections of which one side is not there: the client has not said yet what it wants (TLS, then CONNECT or a whole request), or it
 * has not closed what the cloud has ended. Each may be so for a minute, and only so many at a time; beyond, the oldest goes.
 */
import type { Socket } from "node:net";
import type { Clock } from "../src/port.ts";

/** One connection's. */
export interface Door {
	/** From here on its client's time runs. */
	wait(): void;
	/** The client has said what it wants. */
	done(): void;
}

const MOST_WAITING_MS = 60_000;
/** A fleet that powers up has hundreds; each costs some 50 KB. */
const MOST_WAITING = 4096;

export class HalfOpen {
	readonly #clock: Clock;
	readonly #most: number;
	/** Oldest first; with what stops its time. */
	readonly #waiting = new Map<Socket, () => void>();

	constructor(clock: Clock, most = MOST_WAITING) {
		this.#clock = clock;
		this.#most = most;
	}

	/** Of a client that has come. */
	door(socket: Socket): Door {
		const door = { wait: () => this.#wait(socket), done: () => this.#done(socket) };
		socket.once("close", door.done);
		door.wait();
		return door;
	}

	#wait(socket: Socket): void {
		this.#done(socket);
		if (socket.destroyed) return;
		const [oldest] = this.#waiting.keys();
		if (this.#waiting.size >= this.#most && oldest !== undefined) {
			this.#done(oldest);
			oldest.destroy();
		}
		this.#waiting.set(
			socket,
			this.#clock.after(MOST_WAITING_MS, () => socket.destroy()),
		);
	}

	#done(socket: Socket): void {
		this.#waiting.get(socket)?.();
		this.#waiting.delete(socket);
	}
}
