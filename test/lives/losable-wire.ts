/** A wire whose connections can die all at once, unnoticed by the peer: the device learns it when its pings would. */
import type { Fault } from "../../src/fault.ts";
import type { Clock, Connection, Wire, WireEvents, WireOptions } from "../../src/port.ts";
import type { Power } from "../support/power.ts";

export class LosableWire implements Wire {
	readonly #inner: Wire;
	readonly #clock: Clock;
	readonly #power: Power;
	readonly #onData: (bytes: Uint8Array) => void;
	/** How to lose each open connection. */
	readonly #open = new Set<(fault: Fault, after: number) => void>();

	/** `onData` sees what arrives before the device does. */
	constructor(inner: Wire, clock: Clock, power: Power, onData: (bytes: Uint8Array) => void) {
		this.#inner = inner;
		this.#clock = clock;
		this.#power = power;
		this.#onData = onData;
	}

	/** After so many milliseconds the device gets to know. */
	lose(fault: Fault, after: number): void {
		for (const lose of this.#open) lose(fault, after);
	}

	connect(options: WireOptions, events: WireEvents): Connection {
		let lost = false;
		const lose = (fault: Fault, after: number): void => {
			if (lost) return;
			lost = true;
			this.#open.delete(lose);
			if (!this.#power.on) return;
			connection.close();
			this.#clock.after(
				after,
				this.#power.guard(() => events.onClose(fault)),
			);
		};
		this.#open.add(lose);
		const connection = this.#inner.connect(options, {
			onOpen: () => lost || events.onOpen(),
			onData: (bytes) => {
				if (lost) return;
				this.#onData(bytes);
				events.onData(bytes);
			},
			onClose: (fault) => {
				if (lost) return;
				this.#open.delete(lose);
				events.onClose(fault);
			},
		});
		return { write: (bytes) => lost || connection.write(bytes), close: () => lost || connection.close() };
	}
}
