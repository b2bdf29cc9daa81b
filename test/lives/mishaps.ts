/**
 * What goes wrong in a life, by chance: network, service, power, flash, clock, operators. Rates are per year and, where a
 * thing only matters while something happens, per occasion. Everything that strikes is an excuse for a while.
 */
import { type FaultName, Faults } from "../../cloud/faults.ts";
import { Fault } from "../../src/fault.ts";
import type { WireOptions } from "../../src/port.ts";
import type { Random } from "../support/random.ts";
import type { Link } from "../support/wire.ts";
import { SERVICE_FAULTS } from "./service-faults.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What a fault says that nothing has caused. */
export const BY_CHANCE = "by chance";

/** Of all connections, so many in a hundred. */
const LINKS = { refused: 3, cutReceived: 4, cutSent: 3, pieces: 10, duplicates: 4, slow: 10 } as const;
const OVERTAKEN = 2;

/** Faults of the wire: those that pass, and those that somebody must mend. */
const WIRE_FAULTS = [
	"wire.dns",
	"wire.refused",
	"wire.timeout",
	"wire.closed",
	"tls.untrusted",
	"tls.expired",
] as const;

export class Mishaps {
	readonly #source: Random;
	readonly #now: () => number;
	readonly #trouble: (until?: number) => void;
	readonly faults: Faults;
	#outageUntil = 0;
	/** The next writes to flash that fail. */
	failingWrites = 0;
	networkCuts = 0;
	serviceErrors = 0;
	/** The hub holds a renewal until the operator lets it go. */
	onHold: () => void = () => {};

	constructor(source: Random, now: () => number, trouble: (until?: number) => void) {
		this.#source = source;
		this.#now = now;
		this.#trouble = trouble;
		this.faults = new StrikingFaults((name) => {
			this.serviceErrors++;
			trouble();
			if (name === "renew-hold") this.onHold();
		});
	}

	get online(): boolean {
		return this.#now() >= this.#outageUntil;
	}

	/** In a hundred. */
	chance(percent: number): boolean {
		return this.#source.integer(10_000) < percent * 100;
	}

	/** Around `mean`, most shorter, some much longer. */
	span(mean: number): number {
		return Math.ceil(-Math.log((this.#source.integer(1_000_000) + 1) / 1_000_001) * mean);
	}

	/** Mostly `usual`; one in twenty hours to days, one in two hundred weeks to months. */
	gap(usual: number): number {
		if (this.chance(0.5)) return this.span(40 * DAY_MS);
		return this.span(this.chance(5) ? 20 * HOUR_MS : usual);
	}

	/** Days at the longest: in months of them the device would do the same thing ten thousand times. */
	outage(): number {
		const length = Math.min(10 * DAY_MS, this.span(this.chance(4) ? 10 * HOUR_MS : HOUR_MS / 4));
		this.#outageUntil = Math.max(this.#outageUntil, this.#now() + length);
		this.#trouble(this.#outageUntil);
		return this.#outageUntil;
	}

	serviceFault(): void {
		if (this.faults.list().length > 3) this.faults.disarm();
		this.faults.arm(SERVICE_FAULTS[this.#source.integer(SERVICE_FAULTS.length)]!);
	}

	link(_number: number, _options: WireOptions): Link {
		const source = this.#source;
		if (!this.online) {
			this.#trouble();
			return { refuse: new Fault("wire.timeout", "outage") };
		}
		if (this.chance(LINKS.refused)) {
			this.#trouble();
			return { refuse: new Fault(WIRE_FAULTS[source.integer(WIRE_FAULTS.length)]!, "by chance") };
		}
		const cutAfterReceived = this.chance(LINKS.cutReceived) ? source.integer(3000) : undefined;
		const cutAfterSent = this.chance(LINKS.cutSent) ? source.integer(1200) : undefined;
		if (cutAfterReceived !== undefined || cutAfterSent !== undefined) this.networkCuts++;
		const duplicates = this.chance(LINKS.duplicates);
		return {
			cutAfterReceived,
			cutAfterSent,
			pieces: this.chance(LINKS.pieces) ? 1 + source.integer(300) : undefined,
			// Only messages: MQTT allows them twice, acknowledgements it does not.
			duplicate: duplicates ? (bytes) => this.#is(PUBLISH, bytes) && this.chance(50) : undefined,
			delay: this.chance(LINKS.slow) ? () => 1 + source.integer(2000) : undefined,
		};
	}

	/** Messages and acknowledgements of messages may change places. */
	overtaken(bytes: Uint8Array): boolean {
		return (this.#is(PUBLISH, bytes) || this.#is(PUBACK, bytes)) && this.chance(OVERTAKEN);
	}

	refuseWrite(): Fault | undefined {
		if (this.failingWrites === 0) return undefined;
		this.failingWrites--;
		this.#trouble();
		return new Fault(this.chance(50) ? "store.failed" : "store.full", BY_CHANCE);
	}

	#is(type: number, bytes: Uint8Array): boolean {
		return bytes[0]! >> 4 === type;
	}
}

/** Packet types, MQTT 3.1.1 table 2.1. */
const PUBLISH = 3;
const PUBACK = 4;

class StrikingFaults extends Faults {
	readonly #onStrike: (name: FaultName) => void;

	constructor(onStrike: (name: FaultName) => void) {
		super();
		this.#onStrike = onStrike;
	}

	override strikes(name: FaultName, wanted?: string): string | undefined {
		const value = super.strikes(name, wanted);
		if (value !== undefined) this.#onStrike(name);
		return value;
	}
}
