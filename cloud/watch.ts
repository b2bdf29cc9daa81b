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

export function createWatch(clock: Clock): Watch {
	const events: CloudEvent[] = [];
	const listeners = new Listeners<CloudEvent>();
	return {
		events,
		listeners,
		witness(happening: Happening) {
			const event: CloudEvent = { time: clock.now(), ...happening };
			events.push(event);
			if (events.length > MAX_EVENTS) events.shift();
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
