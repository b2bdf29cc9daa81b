/** The cloud of a fleet, in a process of its own, so that its memory and CPU are its own: `fork`ed by run.ts. */
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions, Ready } from "../../cloud/contract.ts";
import { clock } from "../../hw/node/clock.ts";
import type { Clock } from "../../src/port.ts";
import { type Counts, Tally } from "./tally.ts";

/** `atOnce`: the throttle counts all that comes before it was met as of one second, however slow the machine of the devices is. */
export type CloudOrder = { readonly start: CloudOptions; readonly atOnce: boolean } | "cut" | "restore" | "end";

export interface CloudSample extends Counts {
	readonly rssBytes: number;
	/** User and system, since the start. */
	readonly cpuMs: number;
}

export type CloudReport = { readonly ready: Ready } | { readonly sample: CloudSample };

const SAMPLE_MS = 200;
const tally = new Tally();
let cloud: Cloud | undefined;

process.on("message", (order: CloudOrder) => void obey(order));
process.on("disconnect", () => process.exit());

async function obey(order: CloudOrder): Promise<void> {
	if (typeof order === "object") {
		const time = order.atOnce ? { clock: standing() } : {};
		cloud = await startCloud({ ...order.start, ...time, onEvent: (event) => tally.take(event) });
		tell({ ready: cloud.ready });
		setInterval(() => tell({ sample: sample() }), SAMPLE_MS);
	} else if (order === "cut") {
		// Nobody gets through from here on: what connects is dropped before TLS.
		cloud?.arm("drop-after=tcp");
		cloud?.service.closeAll("the outage");
	} else if (order === "restore") cloud?.disarm();
	else {
		await cloud?.close();
		process.disconnect();
	}
}

/** Its ticks begin when the throttle was met. */
function standing(): Clock {
	let begin = clock.ticks();
	const ticks = (): number => {
		if (tally.counts.throttled === 0) begin = clock.ticks();
		return clock.ticks() - begin;
	};
	return { ...clock, ticks };
}

function sample(): CloudSample {
	const { user, system } = process.cpuUsage();
	return { ...tally.counts, rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 };
}

function tell(report: CloudReport): void {
	if (process.connected) process.send?.(report);
}
