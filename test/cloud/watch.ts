/** Keeps the last events and lets tests await one. */
import type { Clock } from "../../src/port.ts";
import type { CloudEvent, Happening, Witness } from "./event.ts";

export interface Watch {
	readonly events: readonly CloudEvent[];
	readonly witness: Witness;
	/** The first event that fits, past or to come. */
	seen<T extends CloudEvent>(fits: (event: CloudEvent) => event is T): Promise<T>;
	seen(fits: (event: CloudEvent) => boolean): Promise<CloudEvent>;
}

const MAX_EVENTS = 10_000;

export function createWatch(clock: Clock, onEvent: (event: CloudEvent) => void = () => {}): Watch {
	const events: CloudEvent[] = [];
	const waiting = new Set<(event: CloudEvent) => void>();
	return {
		events,
		witness(happening: Happening) {
			const event: CloudEvent = { time: clock.now(), ...happening };
			events.push(event);
			if (events.length > MAX_EVENTS) events.shift();
			onEvent(event);
			for (const wake of [...waiting]) wake(event);
		},
		seen(fits: (event: CloudEvent) => boolean) {
			const past = events.find(fits);
			if (past !== undefined) return Promise.resolve(past as never);
			return new Promise<never>((resolve) => {
				const wake = (event: CloudEvent) => {
					if (!fits(event)) return;
					waiting.delete(wake);
					resolve(event as never);
				};
				waiting.add(wake);
			});
		},
	};
}
