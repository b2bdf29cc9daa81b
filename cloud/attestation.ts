/** Whether a client may register: ID scope, then certificate (onboarding, or issued where that is allowed), then SAS. */
import { groupIdProblem } from "../src/dps/sas.ts";
import type { Clock } from "../src/port.ts";
import type { Authority } from "./authority.ts";
import type { Devices } from "./devices.ts";
import type { Enrolments } from "./enrolments.ts";
import { checkSas } from "./sas.ts";
import type { Peer } from "./session.ts";

export interface AttestationOptions {
	readonly idScope: string;
	readonly clock: Clock;
	readonly authority: Authority;
	readonly enrolments: Enrolments;
	readonly devices: Devices;
	/** A certificate that the device CA issued also counts. */
	readonly acceptIssued: boolean;
}

/** What the client said of itself. */
export interface Claim {
	readonly idScope: string;
	readonly registrationId: string;
	readonly password: string | undefined;
	readonly peer: Peer;
}

/** Why not, or undefined. */
export function refusal(claim: Claim, options: AttestationOptions): string | undefined {
	const { idScope, clock, authority, enrolments, devices, acceptIssued } = options;
	const { registrationId, password, peer } = claim;
	if (claim.idScope !== idScope) return "unknown ID scope";
	if (peer.chain.length > 0) {
		const onboarding = authority.examine(peer.chain, registrationId, clock.now(), "onboarding");
		if (!("refusal" in onboarding)) return undefined;
		if (!acceptIssued) return onboarding.refusal;
		const issued = authority.examine(peer.chain, registrationId, clock.now(), "operational");
		if ("refusal" in issued) return issued.refusal;
		const standing = devices.standing(enrolments.find(registrationId).deviceId, issued.serial);
		return standing === "valid" ? undefined : `the certificate has been ${standing}`;
	}
	if (password === undefined) return "no credential";
	const resource = `${idScope}/registrations/${registrationId}`.toLowerCase();
	const { key, group } = enrolments.find(registrationId);
	const problem = group === undefined ? undefined : groupIdProblem(registrationId);
	if (problem !== undefined) return `registration id ${registrationId}: ${problem}`;
	const checked = checkSas(password, key, (sr) => sr.toLowerCase() === resource, clock.now());
	return "refusal" in checked ? checked.refusal : undefined;
}
