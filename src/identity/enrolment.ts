/**
 * From an onboarding credential to a candidate: the pending or a new key, a CSR, one registration with DPS, every
 * check, the journal.
 *
 * The key is written before its CSR leaves the device, so that a cut in the middle costs nothing. Any Fault leaves the
 * credential records as they were.
 */
import type { Names } from "../base/names.ts";
import type { Waiting } from "../base/waiting.ts";
import type { Config } from "../config.ts";
import { exchange, type Onboarding } from "../dps/exchange.ts";
import type { Assignment } from "../dps/registration.ts";
import { Fault } from "../fault.ts";
import type { Clock, Entropy, Keystore, Log, Wire } from "../port.ts";
import { acceptAssignment } from "./accept.ts";
import type { Journal, Place } from "./journal.ts";
import { type Credential, identityOf } from "./record.ts";
import { type CertificateRequestIdentity, certificateRequest, turnCurve } from "./request.ts";

export interface EnrolmentOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly config: Config;
	readonly journal: Journal;
	readonly waiting: Waiting;
	/** Member names of all payloads that DPS has sent, where the engine keeps them. */
	readonly names?: Names | undefined;
	readonly keystore?: Keystore | undefined;
}

/** `show`: reads what DPS is shown in place of the config's own onboarding credential, if it is there. `onRequest`: the CSR leaves. */
export async function enrol(
	options: EnrolmentOptions,
	show: () => Credential | undefined,
	onRequest: () => void,
): Promise<Credential> {
	const { config, clock, log, journal } = options;
	const { registrationId } = config;
	if (!config.onboarding) shown(options, show); // before a key is made for nothing
	const { identity, place, assignment } = await register(options, show, onRequest);
	log("dps.assigned", { hub: assignment.hub, deviceId: assignment.deviceId });
	const expect = { ...identity, registrationId, now: clock.now(), log };
	const credential = journal.propose(acceptAssignment(assignment, expect), place);
	const notAfter = new Date(credential.notAfter).toISOString();
	log("credential.stored", { sequence: credential.sequence, certificates: credential.chain.length, notAfter });
	return credential;
}

/** Once more, in the same attempt, where the service refuses the key for its curve. */
async function register(
	options: EnrolmentOptions,
	show: () => Credential | undefined,
	onRequest: () => void,
): Promise<{
	readonly identity: CertificateRequestIdentity;
	readonly place: Place;
	readonly assignment: Assignment;
}> {
	const { config, journal, log } = options;
	const { registrationId } = config;
	for (let isFirst = true; ; isFirst = false) {
		const identity = certificateRequest(options);
		const place = journal.place();
		log("csr.ready", { registrationId, bytes: identity.csr.length });
		try {
			const assignment = await options.waiting.until<Assignment>((resolve, reject) =>
				exchange(
					{
						...options,
						...config.dps,
						anchors: config.anchors,
						idScope: config.idScope,
						// Read here, and held by nobody once it has been shown.
						onboarding: shown(options, show),
						onRequest,
						request: {
							dialect: config.dialect,
							registrationId,
							csr: identity.csr,
							payload: config.payload,
							maxMessageBytes: config.maxMessageBytes,
							names: options.names,
						},
					},
					(result) => (result instanceof Fault ? reject(result) : resolve(result)),
				),
			);
			return { identity, place, assignment };
		} catch (thrown) {
			if (!(thrown instanceof Fault && turnCurve(thrown, options, isFirst))) throw thrown;
		}
	}
}

function shown({ config }: EnrolmentOptions, show: () => Credential | undefined): Onboarding {
	const credential = show();
	const onboarding = credential ? { identity: identityOf(credential) } : config.onboarding;
	if (onboarding) return onboarding;
	throw new Fault("config.missing", "symmetricKey, or onboardingCert and onboardingKey: needed to enrol");
}
