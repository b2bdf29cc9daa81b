/**
 * What the page is told, as server-sent events: `snapshot` with everything, then `changes`, gathered for a tenth of a
 * second, with the devices that changed, what happened and what went over the wire.
 *
 * A reader that does not keep up is cut off: it comes back and begins with a snapshot.
 */
import type { ServerResponse } from "node:http";
import type { Clock } from "../src/port.ts";
import type { CloudEvent } from "./event.ts";
import type { Faults } from "./faults.ts";
import type { Entry, Log } from "./log.ts";
import { readable } from "./show.ts";

export interface StreamSources {
	readonly clock: Clock;
	readonly events: readonly CloudEvent[];
	readonly log: Log;
	readonly faults: Faults;
	/** What `GET /cloud` answers. */
	readonly cloud: () => object;
	/** What `GET /devices` and `GET /devices/{id}` answer. */
	readonly devices: () => readonly object[];
	readonly device: (id: string) => object | undefined;
}

const GATHER_MS = 100;
/** The newest of a batch; a fleet that powers up fills more than anybody reads. */
const MAX_ENTRIES = 500;
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

export function openStream(response: ServerResponse, sources: StreamSources): void {
	const { clock, events, log, faults } = sources;
	const touched = new Set<string>();
	let entries: Entry[] = [];
	let cloud = JSON.stringify(sources.cloud());
	let cancel: (() => void) | undefined;

	const send = (event: string, data: object): void => {
		if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
		else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
	};
	const flush = (): void => {
		cancel = undefined;
		const now = JSON.stringify(sources.cloud());
		send("changes", {
			devices: [...touched].flatMap((id) => sources.device(id) ?? []),
			log: entries.slice(-MAX_ENTRIES).map(readable),
			...(now === cloud ? {} : { cloud: sources.cloud() }),
		});
		cloud = now;
		touched.clear();
		entries = [];
	};
	const gather = (): void => {
		cancel ??= clock.after(GATHER_MS, flush);
	};

	response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
	const telemetry = events.filter(({ event }) => event === "telemetry");
	send("snapshot", {
		cloud: sources.cloud(),
		devices: sources.devices(),
		telemetry: telemetry.slice(-MAX_ENTRIES).map(readable),
		log: log.entries.map(readable),
	});
	const stops = [
		log.listeners.add((entry) => {
			entries.push(entry);
			touched.add(entry.deviceId);
			gather();
		}),
		faults.listeners.add(gather),
	];
	response.once("close", () => {
		cancel?.();
		for (const stop of stops) stop();
	});
}
