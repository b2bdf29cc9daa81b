/**
 * From the service's answer to a credential: every check that comes before anything is stored.
 *
 * The leaf carries our key and our name, each link of the chain verifies, the leaf has not expired. Links that the device
 * cannot verify are passed on and counted; a clock behind notBefore is reported, because it is more likely wrong than the CA.
 */
import { utf8 } from "../base/bytes.ts";
import { type Endpoint, MQTT_TLS_PORT, parseEndpoint } from "../base/endpoint.ts";
import type { Assignment } from "../dps/registration.ts";
import { Fault } from "../fault.ts";
import type { Log } from "../port.ts";
import type { Certificate } from "../x509/certificate.ts";
import { checkIssued } from "../x509/chain.ts";
import type { Credential, CredentialKey } from "./record.ts";

/** Held in RAM and flash as long as the certificate. */
const MOST_PAYLOAD_BYTES = 4096;

export interface Expectation {
	readonly key: CredentialKey;
	/** SubjectPublicKeyInfo of our key, DER. */
	readonly spki: Uint8Array;
	readonly registrationId: string;
	/** Milliseconds since 1970, by our clock. */
	readonly now: number;
	readonly log: Log;
}

/** Throws Fault cert.missing, cert.key-mismatch, cert.name-mismatch, cert.chain, cert.expired or dps.response. */
export function acceptAssignment(assignment: Assignment, expect: Expectation): Omit<Credential, "sequence"> {
	if (assignment.certificates.length === 0)
		throw new Fault("cert.missing", `hub ${assignment.hub} assigned without a certificate`);
	const hub = parseEndpoint(assignment.hub, MQTT_TLS_PORT, "assignedHub", "dps.response");
	const accepted = acceptCertificates(assignment.certificates, hub, assignment.deviceId, expect);
	const { trustBundle } = assignment;
	if (trustBundle)
		expect.log("dps.trust-bundle", { id: trustBundle.id, certificates: trustBundle.certificates.length });
	return { ...accepted, ...(trustBundle ? { trustBundle } : {}), ...payloadOf(assignment, expect.log) };
}

/** Nothing in here reads it: whatever it is, it is no reason to enrol again. */
function payloadOf({ payload, isPayloadCut }: Assignment, log: Log): Pick<Credential, "payload"> {
	if (payload === undefined && !isPayloadCut) return {};
	const text = JSON.stringify(payload) ?? "";
	const { length } = utf8(text);
	if (!isPayloadCut && length <= MOST_PAYLOAD_BYTES) return { payload: text };
	const what = isPayloadCut
		? "more bytes, members, levels or different names than this device takes"
		: `${length} bytes`;
	const { code, message } = new Fault(
		"dps.payload",
		`payload of ${what}, at most ${MOST_PAYLOAD_BYTES} bytes are kept`,
	);
	log("fault", { code, message });
	return {};
}

/** The same for certificates that the hub issued: hub and device stay as they are. */
export function acceptCertificates(
	certificates: readonly Certificate[],
	hub: Endpoint,
	deviceId: string,
	expect: Expectation,
): Omit<Credential, "sequence"> {
	const { key, spki, registrationId, now, log } = expect;
	const { chain, unverifiedLinks, notYetValid } = checkIssued(certificates, {
		spki,
		commonName: registrationId,
		now,
	});
	const leaf = chain[0]!;
	if (unverifiedLinks > 0) log("cert.unverified", { links: unverifiedLinks });
	if (notYetValid) log("cert.not-yet-valid", { notBefore: new Date(leaf.notBefore).toISOString() });
	return {
		key,
		chain: chain.map((certificate) => certificate.der),
		hub,
		deviceId,
		registrationId,
		notBefore: leaf.notBefore,
		notAfter: leaf.notAfter,
		unknown: [],
	};
}
