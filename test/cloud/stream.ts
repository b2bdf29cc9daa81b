/**
 * What the page is told, as server-sent events: `snapshot` with everything, then `changes`, gathered for a tenth of a
 * second, with the devices that changed, what happened and what went over the wire.
 *
 * A reader that does not keep up is cut off: it comes back and begins with a snapshot.
 */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../src/port.ts";
import type { CloudEvent } from "./event.ts";
import type { Faults } from "./faults.ts";
import type { Listeners } from "./listeners.ts";
import { readable } from "./show.ts";
import type { WireLine, WireLog } from "./wire-log.ts";

export interface StreamSources {
	readonly clock: Clock;
	readonly events: readonly CloudEvent[];
	readonly happenings: Listeners<CloudEvent>;
	readonly wire: WireLog;
	readonly faults: Faults;
	/** What `GET /cloud` answers. */
	readonly cloud: () => object;
	/** What `GET /devices` and `GET /devices/{id}` answer. */
	readonly devices: () => readonly object[];
	readonly device: (id: string) => object | undefined;
}

const GATHER_MS = 100;
/** The newest of a batch; a fleet that powers up fills more than anybody reads. */
const MAX_LINES = 300;
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

export function openStream(response: ServerResponse, sources: StreamSources): void {
	const { clock, wire, faults, happenings } = sources;
	const touched = new Set<string>();
	let events: CloudEvent[] = [];
	let lines: WireLine[] = [];
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
			events: events.slice(-MAX_LINES).map(readable),
			wire: lines.slice(-MAX_LINES),
			...(now === cloud ? {} : { cloud: sources.cloud() }),
		});
		cloud = now;
		touched.clear();
		events = [];
		lines = [];
	};
	const gather = (): void => {
		cancel ??= clock.after(GATHER_MS, flush);
	};

	response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
	send("snapshot", {
		cloud: sources.cloud(),
		devices: sources.devices(),
		events: sources.events.slice(-MAX_LINES).map(readable),
		wire: wire.lines.slice(-MAX_LINES),
	});
	const stops = [
		happenings.add((event) => {
			events.push(event);
			if ("deviceId" in event) touched.add(event.deviceId);
			gather();
		}),
		wire.listeners.add((line) => {
			lines.push(line);
			gather();
		}),
		faults.listeners.add(gather),
	];
	response.once("close", () => {
		cancel?.();
		for (const stop of stops) stop();
	});
}
