/**
 * Connections of nobody in particular: the client has not said yet what it wants (TLS, then CONNECT or a whole request), has not closed
 * what the cloud has ended, or is served without a credential that has been looked at. The first two may last a minute; of all of them
 * there are only so many at a time, and beyond that the oldest goes.
 */
import type { Socket } from "node:net";
import type { Clock } from "../src/port.ts";

/** One connection's. */
export interface Door {
	/** From here on its client's time runs. */
	wait(): void;
	/** The client has said what it wants, and nobody has looked at who it is: its time does not run. */
	serve(): void;
	/** The client is known. */
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
		const door = new SocketDoor(this, socket);
		socket.on("close", () => door.done());
		door.wait();
		return door;
	}

	wait(socket: Socket): void {
		this.done(socket);
		if (socket.destroyed) return;
		const [oldest] = this.#waiting.keys();
		if (this.#waiting.size >= this.#most && oldest !== undefined) {
			this.done(oldest);
			oldest.destroy();
		}
		this.#waiting.set(
			socket,
			this.#clock.after(MOST_WAITING_MS, () => socket.destroy()),
		);
	}

	/** In its place: nobody becomes younger by asking. */
	serve(socket: Socket): void {
		const stop = this.#waiting.get(socket);
		if (stop === undefined) return;
		stop();
		this.#waiting.set(socket, () => {});
	}

	done(socket: Socket): void {
		this.#waiting.get(socket)?.();
		this.#waiting.delete(socket);
	}
}

class SocketDoor implements Door {
	readonly #all: HalfOpen;
	readonly #socket: Socket;

	constructor(all: HalfOpen, socket: Socket) {
		this.#all = all;
		this.#socket = socket;
	}

	wait(): void {
		this.#all.wait(this.#socket);
	}

	serve(): void {
		this.#all.serve(this.#socket);
	}

	done(): void {
		this.#all.done(this.#socket);
	}
}
