/** The hub's devices: twin, hub address, session that survives a connection. Plain data, so that it can be kept. */
import type { IssuedCertificate } from "./authority.ts";
import type { WaitingMessage } from "./messages.ts";
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
	/** The last issued, newest first. */
	certificates: readonly CertificateRecord[];
	/** Cloud-to-device messages that wait. */
	messages: WaitingMessage[];
	/** The certificate request that is under way. */
	request: ActiveRequest | undefined;
}

export interface CertificateRecord {
	readonly serial: string;
	readonly notBefore: number;
	readonly notAfter: number;
	/** What the operator says of it; its dates count besides. */
	readonly standing: "valid" | "revoked" | "expired";
}

const MAX_RECORDS = 100;

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
		const device: Device = {
			id,
			hub,
			desired: empty,
			reported: empty,
			subscriptions: undefined,
			certificates: [],
			messages: [],
			request: undefined,
		};
		this.#devices.set(id, device);
		this.#changed();
		return device;
	}

	/** Remembers what was issued to the device. */
	issued(device: Device, { serial, notBefore, notAfter }: IssuedCertificate): void {
		const record: CertificateRecord = { serial, notBefore, notAfter, standing: "valid" };
		device.certificates = [record, ...device.certificates].slice(0, MAX_RECORDS);
		this.#changed();
	}

	/** Certificates that nobody remembers are judged by their chain and dates alone. */
	standing(deviceId: string, serial: string): CertificateRecord["standing"] {
		const records = this.#devices.get(deviceId)?.certificates ?? [];
		return records.find((record) => record.serial === serial)?.standing ?? "valid";
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
