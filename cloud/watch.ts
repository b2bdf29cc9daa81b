/** Keeps the last events, tells who listens, and lets tests await one. */
import type { Clock } from "../src/port.ts";
import type { Seen } from "./contract.ts";
import type { CloudEvent, Happening, Witness } from "./event.ts";
import { Listeners } from "./listeners.ts";
import { Newest, weigh } from "./newest.ts";

export interface Watch {
	readonly events: readonly CloudEvent[];
	readonly witness: Witness;
	readonly listeners: Listeners<CloudEvent>;
	/** The first event that fits, past or to come. Rejects with what `fits` throws. */
	readonly seen: Seen;
}

const MAX_EVENTS = 10_000;
const LIMITS = { count: MAX_EVENTS, bytes: 32 * 1024 * 1024 };

export function createWatch(clock: Clock): Watch {
	const newest = new Newest<CloudEvent>(LIMITS);
	const events = newest.items;
	const listeners = new Listeners<CloudEvent>();
	return {
		events,
		listeners,
		witness(happening: Happening) {
			const event: CloudEvent = { time: clock.now(), ...happening };
			newest.add(event, weigh(event));
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
