/** Counts what the cloud saw of a fleet, and what a device did sooner than it was told to. Pure. */
import type { CloudEvent } from "../../cloud/event.ts";

export interface Counts {
	/** MQTT connections, DPS and hub, accepted or refused. */
	connects: number;
	registers: number;
	polls: number;
	assigned: number;
	/** 429 of DPS. */
	throttled: number;
	/** CONNACK 3 of the hub. */
	refused: number;
	/** Polls before retry-after had passed. */
	early: number;
	/** Requests after a 429 before its retry-after had passed. */
	hasty: number;
	/** At the hub now. */
	connected: number;
}

const THROTTLED = 3;

export class Tally {
	readonly counts: Counts = {
		connects: 0,
		registers: 0,
		polls: 0,
		assigned: 0,
		throttled: 0,
		refused: 0,
		early: 0,
		hasty: 0,
		connected: 0,
	};
	/** Before when a device that was told to wait may not ask DPS again. */
	readonly #notBefore = new Map<string, number>();

	take(event: CloudEvent): void {
		const { counts } = this;
		if (event.event === "connected") {
			counts.connects++;
			if (event.service === "hub") counts.connected++;
		} else if (event.event === "refused") {
			counts.connects++;
			if (event.returnCode === THROTTLED) counts.refused++;
		} else if (event.event === "disconnected") {
			if (event.service === "hub") counts.connected--;
		} else if (event.event === "register") {
			counts.registers++;
			this.#asked(event);
		} else if (event.event === "poll") {
			counts.polls++;
			if (event.early) counts.early++;
			this.#asked(event);
		} else if (event.event === "registered") {
			if (event.outcome === "assigned") counts.assigned++;
			if (event.status !== 429) return;
			counts.throttled++;
			this.#asked(event);
			this.#notBefore.set(event.deviceId, event.time + (event.retryAfterSeconds ?? 0) * 1000);
		}
	}

	#asked({ deviceId, time }: { readonly deviceId: string; readonly time: number }): void {
		if (time < (this.#notBefore.get(deviceId) ?? 0)) this.counts.hasty++;
		this.#notBefore.delete(deviceId);
	}
}
