/**
 * The device CA: a root and an intermediate (P-384/SHA-384 as the service's, P-256/SHA-256 on request), and the root
 * that signs onboarding certificates. Checks presented chains, and refuses those that do not lead, by what was presented, to one of
 * its roots.
 */
import { KeyObject, X509Certificate } from "node:crypto";
import type { Authority, Examined, Flaw, Issued, IssueRequest, Purpose } from "./authority.ts";
import type { CsrCurves, IssuingCurve } from "./contract.ts";
import { checkCsr } from "./csr.ts";
import { Known, type Read } from "./known.ts";
import { LeafIssuer } from "./leaf.ts";
import {
	type CertificateRequest,
	certificatePem,
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
	#leaves: LeafIssuer;
	#earlierRoots: X509Certificate[] = [];
	readonly onboarding: Entity;
	/** On which curves a request's key may be. */
	csrCurves: CsrCurves = "both";

	private constructor(root: Entity, intermediate: Entity, onboarding: Entity) {
		this.#root = root;
		this.#intermediate = intermediate;
		this.#leaves = new LeafIssuer(intermediate);
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
		this.#leaves = new LeafIssuer(intermediate);
		this.#earlierRoots = forget ? [] : [old, ...this.#earlierRoots];
	}

	#trusted(): Read[] {
		return this.roots.map((root) => this.#known.read(root));
	}

	#read({ certificate }: Entity): Read {
		return this.#known.read(der(certificate));
	}

	async #issue({ commonName, csr, now, validitySeconds, flaw }: IssueRequest): Promise<Issued> {
		const checked = checkCsr(csr, commonName, this.csrCurves);
		if ("error" in checked) return checked;
		const spki = flaw === "foreign-key" ? await foreignKey() : checked.spki;
		const request = leafRequest(commonName, now, validitySeconds, flaw);
		const [root, issuer] = [this.#root, this.#intermediate];
		const leaf = this.#leaves.issue(request, spki);
		this.#known.issued(leaf, request, this.#read(issuer));
		const { notBefore, notAfter } = request;
		return {
			chain: [leaf.der, der(issuer.certificate), der(root.certificate)],
			serial: leaf.serial,
			notBefore,
			notAfter,
		};
	}
}

async function foreignKey(): Promise<Uint8Array> {
	const { publicKey } = await generateKeys("P-256");
	return KeyObject.from(publicKey).export({ type: "spki", format: "der" });
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
	const notBefore = start - (start % 1000);
	return {
		commonName: flaw === "wrong-cn" ? `${name}-other` : name,
		role: { kind: "client" },
		notBefore,
		notAfter: notBefore + validity - (validity % 1000),
	};
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
