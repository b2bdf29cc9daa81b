/**
 * What is held of a credential for as long as its session lasts. A key and a chain, some KB of RAM, are for a handshake: who needs them after it
 * reads the record again.
 */
import { utf8 } from "../base/bytes.ts";
import { parseCertificate } from "../x509/certificate.ts";
import type { Credential } from "./record.ts";

export interface Held extends Pick<Credential, "sequence" | "hub" | "deviceId" | "notBefore" | "notAfter"> {
	/** Of the leaf; undefined where it is none that is read here. */
	readonly serial: string | undefined;
	/** What only DPS says, payload and trust bundle: it stays in flash, beside this certificate and the next. */
	readonly assignedBytes: number;
}

export function heldOf(credential: Credential): Held;
export function heldOf(credential: Credential | undefined): Held | undefined;
export function heldOf(credential: Credential | undefined): Held | undefined {
	if (credential === undefined) return undefined;
	const { sequence, hub, deviceId, notBefore, notAfter, chain, payload, trustBundle } = credential;
	return {
		sequence,
		hub,
		deviceId,
		notBefore,
		notAfter,
		serial: serialOf(chain[0]!),
		assignedBytes: (trustBundle?.certificates ?? []).reduce(
			(sum, { length }) => sum + length,
			utf8(payload ?? "").length,
		),
	};
}

/** A leaf that an image before this one has stored is the hub's to judge. */
function serialOf(leaf: Uint8Array): string | undefined {
	try {
		return parseCertificate(leaf).serial;
	} catch {
		return undefined;
	}
}
