/** `registrationState` of DPS's answers: when a registration began, its etag, and what it has changed. */
import { randomUUID } from "node:crypto";
import type { Device } from "./devices.ts";

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

/** Base64 of a text with its quotation marks, as the service writes it. */
function newEtag(): string {
	return Buffer.from(`"${randomUUID()}"`).toString("base64");
}
