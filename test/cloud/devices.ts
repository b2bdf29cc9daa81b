/** The hub's devices: twin, hub address, session that survives a connection. Plain data, so that it can be kept. */

import type { ActiveRequest } from "./renewal.ts";

export interface Twin {
	readonly properties: Record<string, unknown>;
	readonly version: number;
}

export interface Device {
	readonly id: string;
	/** Host name of the hub that the device belongs to. */
	hub: string;
	desired: Twin;
	reported: Twin;
	/** Of the session that clean=0 connections resume: filter to granted QoS. Undefined: no session. */
	subscriptions: Map<string, number> | undefined;
	/** The certificate request that is under way. */
	request: ActiveRequest | undefined;
}

export interface SavedDevice extends Omit<Device, "subscriptions" | "request"> {
	readonly request?: ActiveRequest;
	readonly subscriptions?: readonly (readonly [string, number])[];
}

export class Devices {
	readonly #devices = new Map<string, Device>();
	readonly #changed: () => void;

	/** `changed` is called after every change worth keeping. */
	constructor(saved: readonly SavedDevice[], changed: () => void) {
		for (const { subscriptions, request, ...device } of saved)
			this.#devices.set(device.id, {
				...device,
				subscriptions: subscriptions === undefined ? undefined : new Map(subscriptions),
				request,
			});
		this.#changed = changed;
	}

	find(id: string): Device | undefined {
		return this.#devices.get(id);
	}

	/** Makes the device if there is none. */
	at(id: string, hub: string): Device {
		const found = this.#devices.get(id);
		if (found !== undefined) return found;
		const empty: Twin = { properties: {}, version: 1 };
		const device: Device = { id, hub, desired: empty, reported: empty, subscriptions: undefined, request: undefined };
		this.#devices.set(id, device);
		this.#changed();
		return device;
	}

	all(): Device[] {
		return [...this.#devices.values()];
	}

	changed(): void {
		this.#changed();
	}

	save(): SavedDevice[] {
		return this.all().map(({ subscriptions, request, ...device }) => ({
			...device,
			...(subscriptions === undefined ? {} : { subscriptions: [...subscriptions] }),
			...(request === undefined ? {} : { request }),
		}));
	}
}

/** Merges a patch as twins do: null removes, objects merge, anything else replaces. */
export function patched(twin: Twin, patch: Readonly<Record<string, unknown>>): Twin {
	return { properties: merge(twin.properties, patch), version: twin.version + 1 };
}

function merge(into: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>) {
	const merged: Record<string, unknown> = { ...into };
	for (const [name, value] of Object.entries(patch)) {
		if (value === null) delete merged[name];
		else if (isRecord(value)) merged[name] = merge(isRecord(merged[name]) ? merged[name] : {}, value);
		else merged[name] = value;
	}
	return merged;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
