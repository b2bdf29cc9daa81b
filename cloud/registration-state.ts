/** `registrationState` of DPS's answers: when a registration began, its etag, what it has changed, and the device's payload. */
import { randomUUID } from "node:crypto";
import type { Device } from "./devices.ts";
import { Newest, weigh } from "./newest.ts";

export type State = Readonly<Record<string, unknown>>;

/** Remembers that the device is assigned to its present hub; gives the substatus. */
export function keepRegistration(device: Device, now: number): string {
	const { registration, hub } = device;
	if (registration?.hub === hub) return "reprovisionedToInitialAssignment";
	device.registration = { created: registration?.created ?? now, etag: newEtag(), hub };
	return registration === undefined ? "initialAssignment" : "deviceDataMigrated";
}

export function registrationState(registrationId: string, now: number, device?: Device): State {
	const { created = now, etag = newEtag() } = device?.registration ?? {};
	return {
		registrationId,
		createdDateTimeUtc: new Date(created).toISOString(),
		lastUpdatedDateTimeUtc: new Date(now).toISOString(),
		etag,
	};
}

/** What an outcome holds, as it is answered. */
export function stateOf({ state, payload }: { state: State; payload?: Payload }, status: string): State {
	return { ...state, ...(payload && { payload: payload.value }), status };
}

export interface Payload {
	readonly value: unknown;
}

/** Those of the newest registrations; of an earlier one it is null when it is asked for again. */
export class Payloads {
	readonly #newest = new Newest<{ value: unknown }>({ count: 10_000, bytes: 32 * 1024 * 1024 }, (payload) => {
		payload.value = null;
	});

	keep(value: unknown): Payload {
		const payload = { value };
		this.#newest.add(payload, weigh(payload));
		return payload;
	}
}

/** Base64 of a text with its quotation marks, as the service writes it. */
function newEtag(): string {
	return Buffer.from(`"${randomUUID()}"`).toString("base64");
}
