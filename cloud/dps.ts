/**
 * Device Provisioning Service: register, poll, assigned; dialects 2019-03-31, 2021-11-01-preview (A),
 * 2025-07-01-preview (B) and 2026-11-02-preview (D). A request is honoured under every api-version, in its own shape.
 *
 * As in the service, CONNECT succeeds with any credential and the register request is answered 401 if it is wrong.
 */
import type { AttestationOptions, Claim } from "./attestation.ts";
import { DpsSession } from "./dps-session.ts";
import type { Witness } from "./event.ts";
import type { Faults } from "./faults.ts";
import { Registrations } from "./registrations.ts";
import type { Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";

export interface DpsOptions extends AttestationOptions {
	readonly faults: Faults;
	readonly witness: Witness;
	readonly retryAfterSeconds: number;
	/** Polls until the answer; 0 answers the register request itself. */
	readonly polls: number;
	readonly validitySeconds: number;
	readonly throttle: Throttle;
	/** Names of the hub; new devices belong to the first. */
	readonly hosts: readonly string[];
	/** Where the hub listens. */
	port(): number;
}

export interface DpsConnect extends Claim {
	readonly apiVersion: string;
}

/** One operation of a device at DPS, behind every door: MQTT (dps-session.ts) and HTTPS (dps-https.ts). */
export class Dps {
	readonly registrations: Registrations;
	/** By registration id: whose credential has been looked at. */
	readonly #known = new Map<string, DpsSession>();

	constructor(options: DpsOptions) {
		this.registrations = new Registrations(options);
	}

	open(connect: DpsConnect): Session {
		return new DpsSession(this.registrations, connect, this.#known);
	}
}
