/** The cloud of a fleet, in a process of its own, so that its memory and CPU are its own: `fork`ed by run.ts. */
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions, Ready } from "../../cloud/contract.ts";
import { type Counts, Tally } from "./tally.ts";

export type CloudOrder = { readonly start: CloudOptions } | "cut" | "restore" | "end";

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
		cloud = await startCloud({ ...order.start, onEvent: (event) => tally.take(event) });
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

function sample(): CloudSample {
	const { user, system } = process.cpuUsage();
	return { ...tally.counts, rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 };
}

function tell(report: CloudReport): void {
	if (process.connected) process.send?.(report);
}
