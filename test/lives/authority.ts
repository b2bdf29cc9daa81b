/**
 * The certificate authority of simulated lives: a root and an issuing CA that sign with src's own KeyPair, so that the
 * flavour chosen for the device (stand-in or real) is theirs, too. Knows every certificate it ever issued.
 */
import type { Authority, Examined, Issued, IssueRequest, Purpose } from "../../cloud/authority.ts";
import type { CsrCurves } from "../../cloud/contract.ts";
import { sha256 } from "../../hw/node/digest.ts";
import { concat, fromHex, hex, utf8 } from "../../src/base/bytes.ts";
import { generateKeyPair, type KeyPair } from "../../src/key/pair.ts";
import type { Entropy } from "../../src/port.ts";
import { parseCsr } from "../../src/x509/csr.ts";
import { bitString, context, element, octetString, oid, sequence, smallInteger, Tag } from "../../src/x509/der.ts";
import { parsePublicKey, publicKeyInfo } from "../../src/x509/key.ts";
import { encodeName } from "../../src/x509/name.ts";
import { Oid } from "../../src/x509/oid.ts";

export interface IssuedLeaf {
	readonly serial: string;
	/** SubjectPublicKeyInfo that is in the certificate, hexadecimal. */
	readonly spki: string;
	readonly commonName: string;
	readonly notBefore: number;
	readonly notAfter: number;
	/** A hub has let its owner in. */
	accepted: boolean;
	/** The hub did not, the last time. */
	refused: boolean;
	revoked: boolean;
}

const DAY_MS = 24 * 3600_000;

export class LifeAuthority implements Authority {
	readonly #entropy: Entropy;
	readonly #leaves = new Map<string, IssuedLeaf>();
	readonly #issuingCas = new Set<string>();
	#root!: Ca;
	#issuing!: Ca;
	#generation = 0;
	#serial = 0;
	/** On which a CSR's key may be. */
	curves: CsrCurves = "both";
	/** Told about every request for a certificate, with the key in it. */
	onRequest: (spki: string) => void = () => {};

	constructor(entropy: Entropy, now: number) {
		this.#entropy = entropy;
		this.roll(now);
	}

	get roots(): readonly Uint8Array[] {
		return [this.#root.certificate];
	}

	/** Another root issues from now on; what the old one issued stays valid. */
	roll(now: number): void {
		const names = ["Root", "Issuing"].map((tier) => `${tier} ${++this.#generation}`);
		const dates = { notBefore: now - DAY_MS, notAfter: now + 20 * 365 * DAY_MS };
		const make = (name: string, issuer?: Ca): Ca => {
			const key = generateKeyPair(this.#entropy);
			const by = issuer ?? { name, key };
			const spki = publicKeyInfo(key.publicKey);
			return { name, key, certificate: certify({ ...dates, name, spki, isCa: true, serial: this.#nextSerial() }, by) };
		};
		this.#root = make(names[0]!);
		this.#issuing = make(names[1]!, this.#root);
		this.#issuingCas.add(nameOf(this.#issuing.certificate));
	}

	issue({ commonName, csr, now, validitySeconds, flaw }: IssueRequest, done: (issued: Issued) => void) {
		const request = parseCsr(csr);
		this.onRequest(hex(request.spki));
		const { type } = parsePublicKey(request.spki);
		if (this.curves !== "both" && type !== { p256: "P-256", p384: "P-384" }[this.curves])
			return done({ error: "CsrKeyNotSupported", message: `the key must not be ${type}` });
		if (request.commonName !== commonName) return done({ error: "CsrCommonNameMismatch", message: "another name" });
		const validity = validitySeconds * 1000;
		const start = flaw === "expired-cert" ? now - validity - 60_000 : flaw === "not-yet-valid" ? now + 3600_000 : now;
		const notBefore = start - (start % 1000);
		const leaf: IssuedLeaf = {
			serial: hex(this.#nextSerial()).toUpperCase(),
			spki: flaw === "foreign-key" ? hex(publicKeyInfo(generateKeyPair(this.#entropy).publicKey)) : hex(request.spki),
			commonName: flaw === "wrong-cn" ? `${commonName}-other` : commonName,
			notBefore,
			notAfter: notBefore + validity,
			accepted: false,
			refused: false,
			revoked: false,
		};
		const wanted = {
			...leaf,
			name: leaf.commonName,
			spki: fromHex(leaf.spki),
			serial: fromHex(leaf.serial),
			isCa: false,
		};
		const certificate = certify(wanted, this.#issuing);
		this.#leaves.set(nameOf(certificate), leaf);
		done({ ...leaf, chain: [certificate, this.#issuing.certificate, this.#root.certificate] });
	}

	examine(chain: readonly Uint8Array[], expected: string, now: number, purpose: Purpose): Examined {
		const leaf = purpose === "operational" && chain[0] ? this.find(chain[0]) : undefined;
		if (leaf === undefined) return { refusal: "the presented chain does not lead to the device CA" };
		if (!chain.some((certificate) => this.#issuingCas.has(nameOf(certificate))))
			return { refusal: "no issuer presented" };
		if (leaf.commonName !== expected) return { refusal: `the certificate is for ${leaf.commonName}` };
		if (now < leaf.notBefore || now > leaf.notAfter) return { refusal: "a certificate is outside its dates" };
		return { serial: leaf.serial, notAfter: leaf.notAfter };
	}

	/** What was issued as this certificate. */
	find(certificate: Uint8Array): IssuedLeaf | undefined {
		return this.#leaves.get(nameOf(certificate));
	}

	revokeAll(): void {
		for (const leaf of this.#leaves.values()) leaf.revoked = true;
	}

	/** Whether the owner of `publicKey` may show this chain in a handshake. */
	fits(chain: readonly Uint8Array[], publicKey: Uint8Array): boolean {
		const leaf = chain[0] && this.find(chain[0]);
		return leaf?.spki.endsWith(Buffer.from(publicKey).toString("hex")) ?? false;
	}

	#nextSerial(): Uint8Array {
		const number = ++this.#serial;
		return Uint8Array.of(0x40, number >> 16, number >> 8, number);
	}
}

/** Of a certificate, for a map: its signature, which ends it. */
function nameOf(certificate: Uint8Array): string {
	const { buffer, byteOffset, length } = certificate;
	return Buffer.from(buffer, byteOffset, length).toString("latin1", Math.max(0, length - 64));
}

interface Ca {
	readonly name: string;
	readonly key: KeyPair;
	readonly certificate: Uint8Array;
}

interface Wanted {
	readonly name: string;
	readonly spki: Uint8Array;
	readonly serial: Uint8Array;
	readonly notBefore: number;
	readonly notAfter: number;
	readonly isCa: boolean;
}

function certify(wanted: Wanted, issuer: Pick<Ca, "name" | "key">): Uint8Array {
	const algorithm = sequence(oid(Oid.ECDSA_SHA256));
	const constraints = sequence(
		oid(Oid.BASIC_CONSTRAINTS),
		element(Tag.BOOLEAN, Uint8Array.of(0xff)),
		octetString(sequence(...(wanted.isCa ? [element(Tag.BOOLEAN, Uint8Array.of(0xff))] : []))),
	);
	const tbs = sequence(
		element(context(0), smallInteger(2)),
		element(Tag.INTEGER, wanted.serial),
		algorithm,
		encodeName(issuer.name),
		sequence(time(wanted.notBefore), time(wanted.notAfter)),
		encodeName(wanted.name),
		wanted.spki,
		element(context(3), sequence(constraints)),
	);
	return sequence(concat(tbs, algorithm, bitString(issuer.key.sign(sha256(tbs)))));
}

/** GeneralizedTime, so that no century has to be thought of. */
function time(milliseconds: number): Uint8Array {
	const digits = new Date(milliseconds).toISOString().replace(/\.\d+Z$|[^0-9]/g, "");
	return element(Tag.GENERALIZED_TIME, utf8(`${digits}Z`));
}
