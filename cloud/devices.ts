/**
 * The hub's registry: devices that DPS or the operator made known, and their modules. Twin, hub address, what the hub takes
 * as their credential, session that survives a connection. Plain data, so that it can be kept.
 */
import type { IssuedCertificate } from "./authority.ts";
import type { CertificateState, DeviceState } from "./contract.ts";
import type { WaitingMessage } from "./messages.ts";
import type { ActiveRequest } from "./renewal.ts";
import { EMPTY_TWIN, type Twin } from "./twins.ts";

export interface Device extends DeviceState {
	/** Of a module: `device/module`. */
	readonly id: string;
	/** Of a module, which has a key of its own: base64. A device has that of its enrolment. */
	readonly key?: string;
	/** Host name of the hub that the device belongs to. */
	hub: string;
	desired: Twin;
	reported: Twin;
	/** Of the session that clean=0 connections resume: filter to granted QoS. Undefined: no session. */
	subscriptions: Map<string, number> | undefined;
	/**
	 * The certificate with which it registered without asking for one, so that it connects with the same: SHA-256 of the
	 * leaf in hexadecimal, or "authority" for any that the enrolment group's authority has issued to it.
	 */
	enrolled?: string | undefined;
	/** What DPS says of its registration; undefined before the first. */
	registration?: { readonly created: number; readonly etag: string; readonly hub: string } | undefined;
	/** The last issued, newest first. */
	certificates: readonly CertificateState[];
	/** Cloud-to-device messages that wait. */
	messages: WaitingMessage[];
	/** The certificate request that is under way. */
	request: ActiveRequest | undefined;
}

const MAX_RECORDS = 100;
/** Of the newest; a chain has kilobytes, and at each change of a device all that is kept of it is written. */
const MAX_CHAINS = 10;

export interface SavedDevice extends Omit<Device, "subscriptions" | "request"> {
	readonly request?: ActiveRequest;
	readonly subscriptions?: readonly (readonly [string, number])[];
}

/** Told of every change worth keeping. */
export interface Keeper {
	changed(device: SavedDevice): void;
	removed(id: string): void;
}

export class Devices {
	readonly #devices = new Map<string, Device>();
	readonly #keeper: Keeper;

	constructor(saved: readonly SavedDevice[], keeper: Keeper) {
		for (const { subscriptions, request, ...device } of saved)
			this.#devices.set(device.id, {
				...device,
				subscriptions: subscriptions === undefined ? undefined : new Map(subscriptions),
				request,
			});
		this.#keeper = keeper;
	}

	find(id: string): Device | undefined {
		return this.#devices.get(id);
	}

	/** Makes the device if there is none. */
	at(id: string, hub: string, key?: string): Device {
		const found = this.#devices.get(id);
		if (found !== undefined) return found;
		const device: Device = {
			id,
			...(key === undefined ? {} : { key }),
			hub,
			desired: EMPTY_TWIN,
			reported: EMPTY_TWIN,
			subscriptions: undefined,
			certificates: [],
			messages: [],
			request: undefined,
		};
		this.#devices.set(id, device);
		this.changed(device);
		return device;
	}

	/** Remembers what was issued to the device. */
	issued(device: Device, { serial, notBefore, notAfter, chain }: IssuedCertificate): void {
		const base64 = chain.map((der) => Buffer.from(der).toString("base64"));
		const record: CertificateState = { serial, notBefore, notAfter, standing: "valid", chain: base64 };
		device.certificates = [record, ...device.certificates]
			.slice(0, MAX_RECORDS)
			.map(({ chain, ...rest }, i) => (i < MAX_CHAINS && chain !== undefined ? { ...rest, chain } : rest));
		this.changed(device);
	}

	/** Certificates that nobody remembers are judged by their chain and dates alone. */
	standing(deviceId: string, serial: string): CertificateState["standing"] {
		const records = this.#devices.get(deviceId)?.certificates ?? [];
		return records.find((record) => record.serial === serial)?.standing ?? "valid";
	}

	/** The device stays. */
	removeModules(deviceId: string): void {
		for (const id of [...this.#devices.keys()]) {
			if (id === deviceId || splitId(id).deviceId !== deviceId) continue;
			this.#devices.delete(id);
			this.#keeper.removed(id);
		}
	}

	all(): Device[] {
		return [...this.#devices.values()];
	}

	/** In a way that is worth keeping. */
	changed(device: Device): void {
		this.#keeper.changed(savedOf(device));
	}

	save(): SavedDevice[] {
		return this.all().map(savedOf);
	}
}

function savedOf({ subscriptions, request, ...device }: Device): SavedDevice {
	return {
		...device,
		...(subscriptions === undefined ? {} : { subscriptions: [...subscriptions] }),
		...(request === undefined ? {} : { request }),
	};
}

/** The id of a module is `device/module`; moduleId is "" for a device. */
export function splitId(id: string): { readonly deviceId: string; readonly moduleId: string } {
	const [deviceId = "", moduleId = ""] = id.split("/");
	return { deviceId, moduleId };
}
