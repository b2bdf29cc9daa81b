/**
 * The device CA: a root and an intermediate (P-384/SHA-384 as the service's, P-256/SHA-256 on request), and the root
 * that signs onboarding certificates. Checks requests (PKCS#10, RFC 2986) and presented chains.
 *
 * Refuses requests over 8 KB, with another common name, with a broken self-signature, or with a key that is not P-256,
 * P-384 or RSA of 2048 bits and more. Refuses chains that do not lead, by what was presented, to one of its roots.
 */
import { X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { Authority, CsrError, Examined, Flaw, Issued, IssueRequest, Purpose } from "./authority.ts";
import type { CsrCurves, IssuingCurve } from "./contract.ts";
import { Known, type Read } from "./known.ts";
import {
	type CertificateRequest,
	certificatePem,
	certify,
	createEntity,
	der,
	type Entity,
	generateKeys,
	loadEntity,
	type SavedEntity,
	saveEntity,
} from "./pki.ts";

export interface SavedCa {
	readonly generation: number;
	readonly root: SavedEntity;
	readonly intermediate: SavedEntity;
	readonly onboarding: SavedEntity;
	/** Earlier roots that are still trusted, PEM. */
	readonly earlierRoots: readonly string[];
}

export class Ca implements Authority {
	readonly #known = new Known();
	#generation = 1;
	#root: Entity;
	#intermediate: Entity;
	#earlierRoots: X509Certificate[] = [];
	readonly onboarding: Entity;
	/** On which curves a request's key may be. */
	csrCurves: CsrCurves = "both";

	private constructor(root: Entity, intermediate: Entity, onboarding: Entity) {
		this.#root = root;
		this.#intermediate = intermediate;
		this.onboarding = onboarding;
	}

	static async create(curve: IssuingCurve, now: number): Promise<Ca> {
		const [root, intermediate] = await tiers(curve, 1, now);
		return new Ca(root, intermediate, await createEntity("P-256", authorityRequest("Onboarding CA", "root", now)));
	}

	static async load(saved: SavedCa): Promise<Ca> {
		const [root, intermediate, onboarding] = await Promise.all(
			[saved.root, saved.intermediate, saved.onboarding].map(loadEntity),
		);
		const ca = new Ca(root!, intermediate!, onboarding!);
		ca.#generation = saved.generation;
		ca.#earlierRoots = saved.earlierRoots.map((pem) => new X509Certificate(pem));
		return ca;
	}

	async save(): Promise<SavedCa> {
		const [root, intermediate, onboarding] = await Promise.all(
			[this.#root, this.#intermediate, this.onboarding].map(saveEntity),
		);
		return {
			generation: this.#generation,
			root: root!,
			intermediate: intermediate!,
			onboarding: onboarding!,
			earlierRoots: this.#earlierRoots.map(String),
		};
	}

	get roots(): Uint8Array[] {
		return [der(this.#root.certificate), ...this.#earlierRoots.map((root) => new Uint8Array(root.raw))];
	}

	/** All roots that are trusted, newest first. */
	rootsPem(): string {
		return [certificatePem(this.#root), ...this.#earlierRoots.map(String)].join("");
	}

	issue(request: IssueRequest, done: (issued: Issued) => void): void {
		this.#issue(request).then(done, (error: Error) => done({ error: "FailedToDecodeCsr", message: error.message }));
	}

	examine(chain: readonly Uint8Array[], expected: string, now: number, purpose: Purpose): Examined {
		let certificates: Read[];
		try {
			certificates = chain.map((bytes) => this.#known.read(bytes));
		} catch {
			return { refusal: "a certificate cannot be read" };
		}
		const leaf = certificates[0];
		if (leaf === undefined) return { refusal: "no certificate" };
		const roots = purpose === "onboarding" ? [this.#read(this.onboarding)] : this.#trusted();
		if (!leadsTo(certificates, roots, this.#known))
			return { refusal: "the presented chain does not lead to the device CA" };
		if (leaf.isAuthority) return { refusal: "an authority's certificate is not a device's" };
		if (leaf.commonName.toLowerCase() !== expected.toLowerCase())
			return { refusal: `the certificate is for ${leaf.commonName}` };
		for (const { notBefore, notAfter } of certificates)
			if (now < notBefore || now > notAfter) return { refusal: "a certificate is outside its dates" };
		return { serial: leaf.serial, notAfter: leaf.notAfter };
	}

	/** A new root and intermediate issue from now on; the old root stays trusted unless `forget`. */
	async roll(curve: IssuingCurve, now: number, forget: boolean): Promise<void> {
		const old = new X509Certificate(der(this.#root.certificate));
		const [root, intermediate] = await tiers(curve, ++this.#generation, now);
		this.#root = root;
		this.#intermediate = intermediate;
		this.#earlierRoots = forget ? [] : [old, ...this.#earlierRoots];
	}

	#trusted(): Read[] {
		return this.roots.map((root) => this.#known.read(root));
	}

	#read({ certificate }: Entity): Read {
		return this.#known.read(der(certificate));
	}

	async #issue({ commonName, csr, now, validitySeconds, flaw }: IssueRequest): Promise<Issued> {
		const checked = await checkCsr(csr, commonName, this.csrCurves);
		if ("error" in checked) return checked;
		const publicKey = flaw === "foreign-key" ? (await generateKeys("P-256")).publicKey : checked.publicKey;
		const request = leafRequest(commonName, now, validitySeconds, flaw);
		const [issuer, root] = [this.#intermediate, this.#root];
		const leaf = await certify(request, publicKey, issuer);
		const chain = [leaf, issuer.certificate, root.certificate].map(der);
		const read = this.#known.read(chain[0]!);
		this.#known.issued(read, this.#read(issuer));
		const { serial, notBefore, notAfter } = read;
		return { chain, serial, notBefore, notAfter };
	}
}

async function tiers(curve: IssuingCurve, generation: number, now: number): Promise<[Entity, Entity]> {
	const name = (tier: string) => `Device ${tier}${generation === 1 ? "" : ` ${generation}`}`;
	const root = await createEntity(curve, authorityRequest(name("Root CA"), "root", now));
	return [root, await createEntity(curve, authorityRequest(name("Issuing CA"), "intermediate", now), root)];
}

const DAY = 24 * 3600 * 1000;

export function authorityRequest(name: string, kind: "root" | "intermediate", now: number): CertificateRequest {
	const notAfter = now + 30 * 365 * DAY;
	return { commonName: `Enrollee ${name}`, role: { kind }, notBefore: now - DAY, notAfter };
}

function leafRequest(name: string, now: number, validitySeconds: number, flaw?: Flaw): CertificateRequest {
	const validity = validitySeconds * 1000;
	const start = flaw === "expired-cert" ? now - validity - 60_000 : flaw === "not-yet-valid" ? now + 3600_000 : now;
	return {
		commonName: flaw === "wrong-cn" ? `${name}-other` : name,
		role: { kind: "client" },
		notBefore: start - (start % 1000),
		notAfter: start - (start % 1000) + validity,
	};
}

const CURVE_NAMES = { p256: "P-256", p384: "P-384" } as const;

const MAX_CSR_BYTES = 8192;

async function checkCsr(
	bytes: Uint8Array,
	expected: string,
	curves: CsrCurves,
): Promise<{ publicKey: x509.PublicKey } | { error: CsrError; message: string }> {
	if (bytes.length > MAX_CSR_BYTES) return { error: "CsrTooLarge", message: "the request exceeds 8 KB" };
	let csr: x509.Pkcs10CertificateRequest;
	try {
		csr = new x509.Pkcs10CertificateRequest(bytes as never);
		if (csr.rawData.byteLength !== bytes.length || outerLength(bytes) !== bytes.length) throw new Error("length");
	} catch {
		return { error: "FailedToDecodeCsr", message: "the request is not PKCS#10" };
	}
	if (!keyIsSupported(csr.publicKey))
		return { error: "CsrKeyNotSupported", message: "the key must be P-256, P-384 or RSA of 2048 bits and more" };
	const { namedCurve = "RSA" } = csr.publicKey.algorithm as { namedCurve?: string };
	if (curves !== "both" && namedCurve !== CURVE_NAMES[curves])
		return {
			error: "CsrKeyNotSupported",
			message: `the key must be ${CURVE_NAMES[curves]}, this one is ${namedCurve}`,
		};
	const { name, hash } = csr.signatureAlgorithm as { name: string; hash?: unknown };
	if (hash === undefined)
		return {
			error: "CsrSignatureVerificationFailed",
			message: `the request is signed in a way that is not known here (${name}): nothing says that it is wrong`,
		};
	if (!(await csr.verify().catch(() => false)))
		return { error: "CsrSignatureVerificationFailed", message: "the request's signature does not verify" };
	const names = csr.subjectName.getField("CN");
	if (names.length !== 1 || names[0]!.toLowerCase() !== expected.toLowerCase())
		return { error: "CsrCommonNameMismatch", message: `the common name must be ${expected}` };
	return { publicKey: csr.publicKey };
}

function keyIsSupported(key: x509.PublicKey): boolean {
	const algorithm = key.algorithm as { name: string; namedCurve?: string; modulusLength?: number };
	if (algorithm.name === "ECDSA") return algorithm.namedCurve === "P-256" || algorithm.namedCurve === "P-384";
	return algorithm.name.startsWith("RSA") && (algorithm.modulusLength ?? 0) >= 2048;
}

/** The whole length that a SEQUENCE's header claims, definite form only. */
function outerLength(bytes: Uint8Array): number {
	const first = bytes[1] ?? 0;
	if (first < 0x80) return 2 + first;
	const count = first & 0x7f;
	let length = 0;
	for (let i = 0; i < count; i++) length = length * 256 + (bytes[2 + i] ?? 0);
	return 2 + count + length;
}

/** Every certificate issued by the next one presented, the last by a root (or being it). */
function leadsTo(chain: readonly Read[], roots: readonly Read[], known: Known): boolean {
	let current = chain[0]!;
	for (let depth = 0; depth < 4; depth++) {
		const root = roots.find((candidate) => known.isIssuedBy(current, candidate));
		if (root !== undefined) return true;
		const next = chain.find(
			(candidate) => candidate !== current && candidate.isAuthority && known.isIssuedBy(current, candidate),
		);
		if (next === undefined) return false;
		current = next;
	}
	return false;
}
