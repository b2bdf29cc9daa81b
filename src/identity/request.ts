/**
 * What goes into a certificate request: the operator's own CSR, or a key of ours, and on which curve.
 *
 * With `key: auto` a device begins on P-256, where its build and its keystore have that, and then stays on the curve of the
 * key that it has. Where the service refuses a CSR for its key, a key on the other curve takes the place of the pending one,
 * in one write: that is all the memory there is, and what was refused is never sent again. The first refusal is answered at
 * once; where both curves have been refused, each further turn waits as any refusal does.
 */
import type { Config } from "../config.ts";
import { Fault } from "../fault.ts";
import { curveOf, generateKeyPair, keyCurves } from "../key/pair.ts";
import type { CurveName, Entropy, Keystore, Log, Signer } from "../port.ts";
import { encodeCsr } from "../x509/csr.ts";
import { publicKeyInfo } from "../x509/key.ts";
import type { Journal } from "./journal.ts";
import type { CredentialKey } from "./record.ts";

export interface RequestOptions {
	readonly config: Config;
	readonly journal: Journal;
	readonly entropy: Entropy;
	readonly log: Log;
	/** Where keys are made and stay; absent: in the store. */
	readonly keystore?: Keystore | undefined;
}

/** What a CSR is made of, and what the certificate must match. */
export interface CertificateRequestIdentity {
	readonly key: CredentialKey;
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
}

/** The operator's CSR, or ours: a key that is already pending is used again. */
export function certificateRequest(options: RequestOptions): CertificateRequestIdentity {
	const { config, journal } = options;
	if (config.operational) return config.operational;
	const kept = journal.pending?.key;
	const signer = (fits(kept, options) && kept) || sameKey(options) || newKey(options, curveFor(options));
	return { key: { signer }, csr: encodeCsr(config.registrationId, signer), spki: publicKeyInfo(signer.publicKey) };
}

/**
 * After `fault`: true where the service has refused the key, a key on the other curve is pending, and it may be shown at
 * once. Reports in words what was refused and what comes next.
 */
export function turnCurve(fault: Fault, options: RequestOptions): boolean {
	const { config, journal, log, keystore } = options;
	const pending = refusesKey(fault) && config.key === "auto" && !config.operational ? journal.pending : undefined;
	if (!pending) return false;
	const refused = curveOf(pending.key.publicKey);
	const next = refused === "P-256" ? "P-384" : "P-256";
	const report = (what: string): void => {
		const { code, message } = new Fault("key.curve", `the service refused ${refused} (${fault.message}); ${what}`);
		log("fault", { code, message });
	};
	if (keystore && !keystore.curves.includes(next)) {
		report(`${keystore.name} makes no keys on ${next}`);
		return false;
	}
	try {
		newKey(options, next, refused);
	} catch (thrown) {
		if (!(thrown instanceof Fault && thrown.code === "key.curve")) throw thrown;
		report(thrown.message);
		return false;
	}
	const both = pending.refused !== undefined;
	report(both ? `${next} before it; ${next} is tried again, later` : `${next} is tried next`);
	return !both && fault.retryAfterSeconds === undefined;
}

/** A CSR is refused with 400, whatever else its code says; DPS says more than that about it. */
function refusesKey({ code }: Fault): boolean {
	return code === "dps.csr-rejected" || code === "hub.csr-rejected" || code === "hub.bad-request";
}

/** A key of another kind than is configured now is dropped: another takes its place. */
function fits(key: Signer | undefined, { config, keystore }: RequestOptions): boolean {
	if (!key || (key.reference === undefined) !== (keystore === undefined)) return false;
	return config.key === "auto" || curveOf(key.publicKey) === config.key;
}

/** It is pending like a new one: what is refused has to be known as such (`turnCurve`). */
function sameKey(options: RequestOptions): Signer | undefined {
	if (options.config.renewKey !== "same") return undefined;
	const key = options.journal.load().current?.key;
	if (!key || !("signer" in key) || !fits(key.signer, options)) return undefined;
	options.journal.keepPending({ key: key.signer });
	return key.signer;
}

function curveFor({ config, journal, keystore }: RequestOptions): CurveName {
	if (config.key !== "auto") return config.key;
	const curve = journal.curve ?? "P-256";
	const made = keystore?.curves ?? keyCurves();
	return made.includes(curve) ? curve : made[0]!;
}

/** Written down before its CSR leaves. */
function newKey({ journal, entropy, log, keystore }: RequestOptions, curve: CurveName, refused?: CurveName): Signer {
	const key = keystore ? keystore.generate(curve, journal.references) : generateKeyPair(entropy, curve);
	journal.keepPending({ key, ...(refused && { refused }) });
	log("key.generated", { curve, ...(keystore && { keystore: keystore.name }) });
	return key;
}
