/** Keeps the last events, tells who listens, and lets tests await one. */
import type { Clock } from "../src/port.ts";
import type { Seen } from "./contract.ts";
import type { CloudEvent, Happening, Witness } from "./event.ts";
import { Listeners } from "./listeners.ts";

export interface Watch {
	readonly events: readonly CloudEvent[];
	readonly witness: Witness;
	readonly listeners: Listeners<CloudEvent>;
	/** The first event that fits, past or to come. Rejects with what `fits` throws. */
	readonly seen: Seen;
}

const MAX_EVENTS = 10_000;
/** Of their texts and bodies; nobody keeps gigabytes for clients that send the largest they may. */
const MAX_BYTES = 32 * 1024 * 1024;

export function createWatch(clock: Clock): Watch {
	const events: CloudEvent[] = [];
	/** Of each of them. */
	const weights: number[] = [];
	let bytes = 0;
	const listeners = new Listeners<CloudEvent>();
	return {
		events,
		listeners,
		witness(happening: Happening) {
			const event: CloudEvent = { time: clock.now(), ...happening };
			events.push(event);
			weights.push(weigh(event));
			bytes += weights.at(-1)!;
			while (events.length > MAX_EVENTS || (bytes > MAX_BYTES && events.length > 1)) {
				events.shift();
				bytes -= weights.shift()!;
			}
			listeners.tell(event);
		},
		async seen(fits: (event: CloudEvent) => boolean) {
			const past = events.find(fits);
			if (past !== undefined) return past as never;
			return new Promise<never>((resolve, reject) => {
				const stop = listeners.add((event) => {
					try {
						if (!fits(event)) return;
						resolve(event as never);
					} catch (error) {
						reject(error);
					}
					stop();
				});
			});
		},
	};
}

function weigh(event: CloudEvent): number {
	let bytes = 0;
	for (const value of Object.values(event)) {
		if (typeof value === "string" || value instanceof Uint8Array) bytes += value.length;
		else if (typeof value === "object") bytes += JSON.stringify(value).length;
	}
	return bytes;
}
