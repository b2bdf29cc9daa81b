/**
 * A Wire for downloads, of firmware and application alike: one connection at a time. The next one begins once the one before has closed,
 * which takes a turn of its own: offers or redirects that come faster would be a TLS connection each, held at the same time.
 */
import type { Fault } from "../fault.ts";
import type { Connection, Wire, WireEvents, WireOptions } from "../port.ts";

export class OneAtATime implements Wire {
	readonly #wire: Wire;
	/** The first has its turn. */
	#turns: readonly Turn[] = [];

	constructor(wire: Wire) {
		this.#wire = wire;
	}

	/** The options' deadline counts from the connection's turn. A connection that is closed before hears nothing more. */
	connect(options: WireOptions, events: WireEvents): Connection {
		const turn = new Turn(this, options, events);
		this.#turns = [...this.#turns, turn];
		if (this.#turns.length === 1) turn.begin(this.#wire);
		return turn;
	}

	/** It is over. */
	leave(turn: Turn): void {
		const isFirst = this.#turns[0] === turn;
		this.#turns = this.#turns.filter((one) => one !== turn);
		if (isFirst) this.#turns[0]?.begin(this.#wire);
	}
}

class Turn implements Connection, WireEvents {
	readonly #owner: OneAtATime;
	readonly #options: WireOptions;
	readonly #events: WireEvents;
	#connection: Connection | undefined;

	constructor(owner: OneAtATime, options: WireOptions, events: WireEvents) {
		this.#owner = owner;
		this.#options = options;
		this.#events = events;
	}

	begin(wire: Wire): void {
		this.#connection = wire.connect(this.#options, this);
	}

	write(bytes: Uint8Array): void {
		this.#connection?.write(bytes);
	}

	close(): void {
		if (this.#connection) this.#connection.close();
		else this.#owner.leave(this);
	}

	onOpen(): void {
		this.#events.onOpen();
	}

	onData(bytes: Uint8Array): void {
		this.#events.onData(bytes);
	}

	/** The next one first: what hears of the end may ask for another. */
	onClose(fault?: Fault): void {
		this.#owner.leave(this);
		this.#events.onClose(fault);
	}
}
