/** What a hub has issued: from the certificates as they came, once their session has ended, to a candidate in flash. */
import { Fault } from "../fault.ts";
import type { Clock } from "../port.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { acceptCertificates } from "./accept.ts";
import type { Held } from "./held.ts";
import type { Journal } from "./journal.ts";
import type { Credential } from "./record.ts";
import { type CertificateRequestIdentity, type RequestOptions, turnCurve } from "./request.ts";

/** What the hub has issued, and what is needed to judge it. */
export interface Issued {
	/** DER, in the order received. */
	readonly certificates: readonly Uint8Array[];
	readonly identity: Omit<CertificateRequestIdentity, "csr">;
}

/** The candidate that comes of it, in flash; throws Fault cert.* or x509.* that says why none does, or store.*. `credential`: of the session. */
export function acceptIssued(
	{ certificates, identity }: Issued,
	options: RequestOptions & { readonly credential: Held; readonly clock: Clock },
): Credential {
	const { credential, config, clock, log, journal } = options;
	try {
		// Before anything is made of the certificates: each record that is read for this has some KB.
		const place = journal.place();
		const expect = { ...identity, registrationId: config.registrationId, now: clock.now(), log };
		const accepted = acceptCertificates(
			certificates.map(parseCertificate),
			credential.hub,
			credential.deviceId,
			expect,
		);
		// As it stands: nothing is made of it beside the certificates.
		const unknown = credential.assignedBytes > 0 ? journal.assigned(credential.sequence) : [];
		const candidate = journal.propose({ ...accepted, unknown }, place);
		log("credential.stored", { sequence: candidate.sequence, notAfter: new Date(candidate.notAfter).toISOString() });
		return candidate;
	} catch (thrown) {
		throw afterFault(Fault.of(thrown, "hub.response"), options);
	}
}

/** A refused request is over at the hub: its id must not be resumed, its key may be used again. Gives the Fault that is left. */
export function afterFault(fault: Fault, options: RequestOptions): Fault {
	try {
		if (!fault.retryable && !turnCurve(fault, options)) forgetRequestId(options.journal);
		return fault;
	} catch (thrown) {
		return Fault.of(thrown, "store.failed");
	}
}

function forgetRequestId(journal: Journal): void {
	const { pending } = journal;
	if (pending?.requestId === undefined) return;
	const { key, refused } = pending;
	journal.keepPending({ key, ...(refused && { refused }) });
}
