/**
 * Keep alive (MQTT 3.1.1, 3.1.2.10 and 3.12): when to ping, and when the silence has lasted too long.
 *
 * The standard asks for a ping when we have sent nothing for the interval. Silence of the broker counts here too, or
 * steady QoS 0 telemetry into a dead connection would go unnoticed.
 */
import type { ClientPacket } from "./packet.ts";

export class KeepAlive {
	readonly #interval: number;
	readonly #patience: number;
	#sent = 0;
	#received = 0;
	/** When the PINGRESP that we wait for is due. */
	#pong: number | undefined;

	/** Milliseconds; no interval: never ping. */
	constructor(interval: number, patience: number) {
		this.#interval = interval === 0 ? Number.POSITIVE_INFINITY : interval;
		this.#patience = patience;
	}

	/** When to ping, or, after a ping, when to give up. */
	get deadline(): number {
		return this.#pong ?? Math.min(this.#sent, this.#received) + this.#interval;
	}

	get waits(): boolean {
		return this.#pong !== undefined;
	}

	sent(type: ClientPacket["type"], now: number): void {
		this.#sent = now;
		if (type === "pingreq") this.#pong = now + this.#patience;
	}

	received(now: number): void {
		this.#received = now;
	}

	answered(): void {
		this.#pong = undefined;
	}
}
