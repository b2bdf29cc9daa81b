/**
 * How often a device comes to the service, and whether it waits as told. Within one boot: what a device was told before
 * a power cut it cannot know. The limits stand far above what a sound agent does and far below what a loop would do.
 */
import type { Happening } from "../../cloud/event.ts";

/** Of one device, one boot. Azure counts per hub and per enrolment service; this is a fair device's share of either. */
export const LIMITS = { dpsPerHour: 60, hubPerMinute: 30, renewalsPerHour: 60 } as const;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export class Pace {
	readonly #now: () => number;
	readonly #violation: (text: string) => void;
	readonly #times: Record<keyof typeof LIMITS, number[]> = { dpsPerHour: [], hubPerMinute: [], renewalsPerHour: [] };
	readonly most: Record<keyof typeof LIMITS, number> = { dpsPerHour: 0, hubPerMinute: 0, renewalsPerHour: 0 };
	#dpsNotBefore = 0;
	#renewalNotBefore = 0;

	constructor(now: () => number, violation: (text: string) => void) {
		this.#now = now;
		this.#violation = violation;
	}

	booted(): void {
		for (const times of Object.values(this.#times)) times.length = 0;
		this.#dpsNotBefore = this.#renewalNotBefore = 0;
	}

	onCloud(happening: Happening): void {
		if (happening.event === "connected" || happening.event === "refused") {
			if (happening.service === "dps") this.#count("dpsPerHour", HOUR_MS);
			if (happening.service === "hub") this.#count("hubPerMinute", MINUTE_MS);
		} else if (happening.event === "renew") {
			this.#count("renewalsPerHour", HOUR_MS);
			if (this.#now() < this.#renewalNotBefore) this.#violation("a renewal before the hub's retryAfter had passed");
		} else if (happening.event === "poll" && happening.early) this.#violation("a poll before retry-after had passed");
	}

	/** What comes from the device; one character a byte. */
	onRequest(text: string): void {
		if (text.includes("$dps/registrations/") && this.#now() < this.#dpsNotBefore)
			this.#violation("a request to DPS before its retry-after had passed");
	}

	/** What the device has been told: one whole packet. */
	onAnswer(packet: string): void {
		const dps = /\$dps\/registrations\/res\/429\/\?\$rid=\d+&retry-after=(\d+)/.exec(packet)?.[1];
		// The agent holds what it believes to 300 s and to an hour, as the service's own clients do.
		if (dps !== undefined) this.#dpsNotBefore = this.#now() + Math.min(300, Number(dps)) * 1000 - 1000;
		const renewal = /credentials\/res\/(?:429|5\d\d)\/.*"retryAfter":(\d+)/s.exec(packet)?.[1];
		if (renewal !== undefined) this.#renewalNotBefore = this.#now() + Math.min(3600, Number(renewal)) * 1000 - 1000;
	}

	#count(what: keyof typeof LIMITS, span: number): void {
		const times = this.#times[what];
		times.push(this.#now());
		while (times[0]! <= this.#now() - span) times.shift();
		this.most[what] = Math.max(this.most[what], times.length);
		if (times.length === LIMITS[what] + 1) this.#violation(`${what}: more than ${LIMITS[what]}`);
	}
}
