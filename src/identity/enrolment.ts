/**
 * From an onboarding credential to a candidate: the pending or a new key, a CSR, one registration with DPS, every
 * check, the journal.
 *
 * The key is written before its CSR leaves the device, so that a cut in the middle costs nothing. Any Fault leaves the
 * credential records as they were.
 */
import type { Waiting } from "../base/waiting.ts";
import type { Config } from "../config.ts";
import { exchange, type Onboarding } from "../dps/exchange.ts";
import type { Assignment } from "../dps/registration.ts";
import { Fault } from "../fault.ts";
import { generateKeyPair, type KeyPair } from "../key/pair.ts";
import type { Clock, Entropy, Log, Wire } from "../port.ts";
import { encodeCsr } from "../x509/csr.ts";
import { publicKeyInfo } from "../x509/key.ts";
import { acceptAssignment } from "./accept.ts";
import type { Journal } from "./journal.ts";
import type { Credential, CredentialKey } from "./record.ts";

export interface EnrolmentOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly config: Config;
	readonly journal: Journal;
	readonly waiting: Waiting;
}

/** What a CSR is made of, and what the certificate must match. */
export interface CertificateRequestIdentity {
	readonly key: CredentialKey;
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
}

/** `onboarding`: what to show DPS, the config's own by default. `onRequest`: the CSR leaves. */
export async function enrol(
	options: EnrolmentOptions,
	onboarding: Onboarding | undefined = options.config.onboarding,
	onRequest: () => void = () => {},
): Promise<Credential> {
	const { config, clock, log, journal } = options;
	const { registrationId } = config;
	if (!onboarding)
		throw new Fault("config.missing", "symmetricKey, or onboardingCert and onboardingKey: needed to enrol");
	const identity = certificateRequest(options);
	log("csr.ready", { registrationId, bytes: identity.csr.length });
	const assignment = await options.waiting.until<Assignment>((resolve, reject) =>
		exchange(
			{
				...options,
				...config.dps,
				anchors: config.anchors,
				idScope: config.idScope,
				onboarding,
				onRequest,
				request: { dialect: config.dialect, registrationId, csr: identity.csr, payload: config.payload },
			},
			(result) => (result instanceof Fault ? reject(result) : resolve(result)),
		),
	);
	log("dps.assigned", { hub: assignment.hub, deviceId: assignment.deviceId });
	const expect = { ...identity, registrationId, now: clock.now(), log };
	const credential = journal.propose(acceptAssignment(assignment, expect));
	const notAfter = new Date(credential.notAfter).toISOString();
	log("credential.stored", { sequence: credential.sequence, certificates: credential.chain.length, notAfter });
	return credential;
}

/** The operator's CSR, or ours: a key that is already pending is used again. */
export function certificateRequest({
	config,
	journal,
	entropy,
	log,
}: Pick<EnrolmentOptions, "config" | "journal" | "entropy" | "log">): CertificateRequestIdentity {
	if (config.operational) return config.operational;
	let signer = journal.pending?.key;
	if (!signer && config.renewKey === "same") signer = signerOf(journal.load().current);
	if (!signer) {
		signer = generateKeyPair(entropy);
		journal.keepPending({ key: signer });
		log("key.generated", { curve: "P-256" });
	}
	return { key: { signer }, csr: encodeCsr(config.registrationId, signer), spki: publicKeyInfo(signer.publicKey) };
}

function signerOf(credential: Credential | undefined): KeyPair | undefined {
	return credential && "signer" in credential.key ? credential.key.signer : undefined;
}
