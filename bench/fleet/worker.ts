/** Some of a fleet's agents, in a process of their own: `fork`ed by run.ts. Real agents on Node's wire, flash in memory. */
import type { Ready } from "../../cloud/contract.ts";
import { Device } from "../../test/support/device.ts";

export type WorkerOrder =
	/** Power up, all at once. */
	| { readonly start: { readonly ready: Ready; readonly ca: string; readonly ids: readonly string[] } }
	/** Every agent has something to say, now or when it is connected. */
	| "speak"
	| "end";

export interface WorkerSample {
	/** Times that an agent set out to enrol or to connect. */
	readonly attempts: number;
	/** Agents that say they are connected. */
	readonly connected: number;
	/** Messages that the hub acknowledged. */
	readonly acknowledged: number;
	/** What made agents wait, by code. */
	readonly faults: Readonly<Record<string, number>>;
}

const SAMPLE_MS = 200;
const agents: ReturnType<Device["boot"]>[] = [];
const faults: Record<string, number> = {};
let attempts = 0;
let acknowledged = 0;

process.on("message", obey);
process.on("disconnect", () => process.exit());

function obey(order: WorkerOrder): void {
	if (typeof order === "object") {
		const { ready, ca, ids } = order.start;
		for (const id of ids) agents.push(powerUp(ready, ca, id));
		speak();
		setInterval(tell, SAMPLE_MS);
	} else if (order === "speak") speak();
	else {
		for (const agent of agents) agent.close();
		process.disconnect();
	}
}

function powerUp(ready: Ready, ca: string, registrationId: string) {
	const input = { registrationId, groupKey: ready.groupKey, ca };
	return new Device(ready).boot(input, {
		onState(state, fault) {
			if (state === "enrolling" || state === "connecting") attempts++;
			if (fault) faults[fault.code] = (faults[fault.code] ?? 0) + 1;
		},
	});
}

function speak(): void {
	for (const agent of agents)
		agent.telemetry({ fleet: true }, {}, (fault) => {
			if (!fault) acknowledged++;
		});
}

function tell(): void {
	const connected = agents.filter(({ state }) => state === "connected").length;
	const sample: WorkerSample = { attempts, connected, acknowledged, faults };
	if (process.connected) process.send?.(sample);
}
