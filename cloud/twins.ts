/**
 * Twins of devices and modules, for every door to them: the device over MQTT, the operator over HTTP, a back end to come.
 *
 * Each section has properties, a version that only grows, and for every level of it when it was last changed. Throws
 * TwinRefused when a patch breaks a rule of the service (twin-rules.ts); nothing has changed then.
 */
import { isRecord } from "./json.ts";
import { patchProblem, sizeProblem } from "./twin-rules.ts";

/** One section: desired or reported. */
export interface Twin {
	readonly properties: Record<string, unknown>;
	readonly version: number;
	/** `$lastUpdated` and, in desired properties, `$lastUpdatedVersion` of every level. Absent: never changed. */
	readonly metadata?: Metadata;
}

export interface Metadata {
	readonly [name: string]: Metadata | string | number;
}

export class TwinRefused extends RangeError {
	override readonly name = "TwinRefused";
}

export const EMPTY_TWIN: Twin = { properties: {}, version: 1 };

/**
 * Merges a patch as twins do: null removes, objects merge, anything else, arrays too, replaces. `versioned`: the metadata
 * names the version of each change, as that of desired properties does.
 */
export function patched(twin: Twin, patch: Readonly<Record<string, unknown>>, now: number, versioned: boolean): Twin {
	const version = twin.version + 1;
	const found = patchProblem(patch);
	if (found !== undefined) throw new TwinRefused(found);
	const properties = merge(twin.properties, patch);
	const tooLarge = sizeProblem(twin.properties, properties);
	if (tooLarge !== undefined) throw new TwinRefused(tooLarge);
	const stamp: Metadata = {
		$lastUpdated: new Date(now).toISOString(),
		...(versioned ? { $lastUpdatedVersion: version } : {}),
	};
	return { properties, version, metadata: mark(twin.metadata, patch, stamp) };
}

/** As a device gets it: JSON without metadata, which only the back end sees. Put together as text: a copy of 10,000 members takes four times as long. */
export function sectionForDevice({ properties, version }: Twin): string {
	const members = JSON.stringify(properties).slice(1, -1);
	return `{${members}${members === "" ? "" : ","}"$version":${version}}`;
}

/** As the back end gets it. */
export function sectionForService({ properties, version, metadata = {} }: Twin): Record<string, unknown> {
	return { ...properties, $metadata: metadata, $version: version };
}

/** By entries, not by assignment: a member may be called `__proto__`. */
function merge(into: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>) {
	const merged = new Map(Object.entries(into));
	for (const [name, value] of Object.entries(patch)) {
		const before = merged.get(name);
		if (value === null) merged.delete(name);
		else merged.set(name, isRecord(value) ? merge(isRecord(before) ? before : {}, value) : value);
	}
	return Object.fromEntries(merged);
}

function mark(before: Metadata | undefined, patch: Readonly<Record<string, unknown>>, stamp: Metadata): Metadata {
	const marked = new Map(Object.entries(before ?? {}));
	for (const [name, value] of Object.entries(patch)) {
		const earlier = marked.get(name);
		if (value === null) marked.delete(name);
		else marked.set(name, isRecord(value) ? mark(isRecord(earlier) ? (earlier as Metadata) : {}, value, stamp) : stamp);
	}
	return { ...Object.fromEntries(marked), ...stamp };
}
