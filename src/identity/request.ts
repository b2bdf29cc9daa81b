/**
 * What goes into a certificate request: the operator's own CSR, or a key of ours, and on which curve.
 *
 * With `key: auto` a device begins on P-256, where its build and its keystore have that, and then stays on the curve of the
 * key that it has. Where the service refuses a CSR for its key, a key on the other curve takes the place of the pending one,
 * in one write, and what was refused is never sent again. The first refusal of an attempt is answered at once, so that one that
 * only chance has given costs no wait; the next waits as any refusal does.
 *
 * The credential remembers the curve that was refused before its own. A hub that refuses that one, too, has said nothing about
 * curves: the key stays, and DPS has the last word on it.
 */
import type { Config } from "../config.ts";
import { Fault, type FaultCode } from "../fault.ts";
import { curveOf, generateKeyPair, keyCurves } from "../key/pair.ts";
import type { CurveName, Entropy, Keystore, Log, Signer } from "../port.ts";
import { encodeCsr } from "../x509/csr.ts";
import { publicKeyInfo } from "../x509/key.ts";
import type { Journal } from "./journal.ts";
import type { Pending } from "./pending.ts";
import { type CredentialKey, otherCurve } from "./record.ts";

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
	const old = (fits(kept, options) && kept) || sameKey(options) || unprovenKey(options);
	const signer = old || newKey(options, curveFor(options));
	return { key: { signer }, csr: encodeCsr(config.registrationId, signer), spki: publicKeyInfo(signer.publicKey) };
}

/**
 * After `fault`: true where the service has refused the key, a key on the other curve is pending, and it may be shown at
 * once. Reports in words what was refused and what comes next. `isFirst`: no other was refused in this attempt.
 */
export function turnCurve(fault: Fault, options: RequestOptions, isFirst = true): boolean {
	const pending = refusesKey(fault) ? turnable(options) : undefined;
	if (!pending) return false;
	const { journal } = options;
	const refused = curveOf(pending.key.publicKey);
	const next = otherCurve(refused);
	if (fault.room === "hub" && (pending.refused ?? journal.refused) === next) {
		journal.keepPending({ key: pending.key, refused });
		report(fault, options, refused, `${next} before it; DPS is asked with the same key`);
		return false;
	}
	const before = pending.refused === next ? `${next} before it; ` : "";
	const isNext = isFirst && fault.retryAfterSeconds === undefined;
	return turn(fault, options, refused, `${before}${next} is tried ${isNext ? "next" : "later"}`) && isNext;
}

/** The hub has refused both curves, this key last: DPS is to be asked with it, and not the hub again. */
export function isForDps({ config, journal }: RequestOptions): boolean {
	return config.key === "auto" && journal.isForDps;
}

/** By DPS: whatever the key, and without a certificate for it. */
const REFUSED_ALTOGETHER: readonly FaultCode[] = /* @__PURE__ */ Object.freeze([
	...(["dps.unauthorized", "dps.forbidden", "dps.not-found", "dps.disabled", "dps.bad-request"] as const),
]);

/**
 * After a renewal that `fault` has ended. DPS, which had the last word on a key that the hub has refused, refuses the device
 * altogether: the hub may take the other curve by now. Gives the Fault that counts.
 */
export function leaveCurve(fault: Fault, options: RequestOptions): Fault {
	try {
		const pending = REFUSED_ALTOGETHER.includes(fault.code) && isForDps(options) ? turnable(options) : undefined;
		if (!pending) return fault;
		const refused = curveOf(pending.key.publicKey);
		turn(fault, options, refused, `the hub has refused it, too; ${otherCurve(refused)} is tried again, later`);
		return fault;
	} catch (thrown) {
		return Fault.of(thrown, "store.failed");
	}
}

function turnable({ config, journal }: RequestOptions): Pending | undefined {
	return config.key === "auto" && !config.operational ? journal.pending : undefined;
}

/** Says `what` where a key on the other curve could be made, else why not. */
function turn(fault: Fault, options: RequestOptions, refused: CurveName, what: string): boolean {
	const { keystore } = options;
	const next = otherCurve(refused);
	if (keystore && !keystore.curves.includes(next)) {
		report(fault, options, refused, `${keystore.name} makes no keys on ${next}`);
		return false;
	}
	try {
		newKey(options, next, refused);
	} catch (thrown) {
		if (!(thrown instanceof Fault && thrown.code === "key.curve")) throw thrown;
		report(fault, options, refused, thrown.message);
		return false;
	}
	report(fault, options, refused, what);
	return true;
}

function report({ message: said }: Fault, { log }: RequestOptions, refused: CurveName, what: string): void {
	const { code, message } = new Fault("key.curve", `the service refused ${refused} (${said}); ${what}`);
	log("fault", { code, message });
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

/**
 * In hardware a new key could take the place of a candidate's that nobody has refused. One that stands beside a credential in
 * use is that: what the hub refuses goes (`Journal.reject`).
 */
function unprovenKey(options: RequestOptions): Signer | undefined {
	const { journal, keystore } = options;
	const { current, candidate } = keystore ? journal.load() : {};
	if (!current || !candidate || !("signer" in candidate.key) || !fits(candidate.key.signer, options)) return undefined;
	journal.keepPending({ key: candidate.key.signer });
	return candidate.key.signer;
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
