/**
 * Key pairs and certificates (RFC 5280) through @peculiar/x509 and WebCrypto, so that what a client meets was made by
 * somebody else's code than the client's.
 */
import { webcrypto } from "node:crypto";
import "reflect-metadata"; // @peculiar/x509 wants it loaded before itself
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as never);

export type KeyType = "P-256" | "P-384" | "RSA";

/** Somebody with a key and a certificate for it. */
export interface Entity {
	readonly type: KeyType;
	readonly certificate: x509.X509Certificate;
	readonly key: webcrypto.CryptoKey;
}

/** As it is kept: PEM, the key as PKCS#8. */
export interface SavedEntity {
	readonly type: KeyType;
	readonly certificate: string;
	readonly key: string;
}

export type Role =
	| { readonly kind: "root" }
	| { readonly kind: "intermediate" }
	| { readonly kind: "server"; readonly hosts: readonly string[] }
	| { readonly kind: "client" };

export interface CertificateRequest {
	readonly commonName: string;
	readonly role: Role;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

export async function generateKeys(type: KeyType): Promise<webcrypto.CryptoKeyPair> {
	return (await webcrypto.subtle.generateKey(ALGORITHMS[type], true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

/** A certificate for `publicKey`; without a certified issuer, signed by its own key. */
export async function certify(
	request: CertificateRequest,
	publicKey: x509.PublicKey | webcrypto.CryptoKey,
	issuer: Entity | { readonly type: KeyType; readonly key: webcrypto.CryptoKey },
): Promise<x509.X509Certificate> {
	const key = publicKey as x509.PublicKeyType;
	const subject = [{ CN: [request.commonName] }];
	return x509.X509CertificateGenerator.create({
		subject,
		issuer: "certificate" in issuer ? issuer.certificate.subjectName : subject,
		notBefore: new Date(request.notBefore),
		notAfter: new Date(request.notAfter),
		publicKey: key,
		signingKey: issuer.key as never,
		signingAlgorithm: ALGORITHMS[issuer.type],
		extensions: [
			...extensions(request.role),
			await x509.SubjectKeyIdentifierExtension.create(key),
			...("certificate" in issuer ? [authorityKeyIdentifier(issuer.certificate)] : []),
		],
	});
}

/** What is the same in all certificates of a role that an issuer issues: extensions, DER. */
export function issuedExtensions(
	role: Role,
	{ certificate }: Entity,
): { role: Uint8Array[]; keyIdentifier: Uint8Array } {
	const bytes = ({ rawData }: x509.Extension) => new Uint8Array(rawData);
	return { role: extensions(role).map(bytes), keyIdentifier: bytes(authorityKeyIdentifier(certificate)) };
}

export async function createEntity(type: KeyType, request: CertificateRequest, issuer?: Entity): Promise<Entity> {
	const keys = await generateKeys(type);
	const certificate = await certify(request, keys.publicKey, issuer ?? { type, key: keys.privateKey });
	return { type, certificate, key: keys.privateKey };
}

export async function saveEntity(entity: Entity): Promise<SavedEntity> {
	const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", entity.key);
	return {
		type: entity.type,
		certificate: certificatePem(entity),
		key: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
	};
}

export async function loadEntity(saved: SavedEntity): Promise<Entity> {
	const pkcs8 = x509.PemConverter.decodeFirst(saved.key);
	const key = await webcrypto.subtle.importKey("pkcs8", pkcs8, ALGORITHMS[saved.type], true, ["sign"]);
	return { type: saved.type, certificate: new x509.X509Certificate(saved.certificate), key };
}

export function certificatePem(...entities: readonly Entity[]): string {
	return entities.map((entity) => `${entity.certificate.toString("pem")}\n`).join("");
}

export function der(certificate: x509.X509Certificate): Uint8Array {
	return new Uint8Array(certificate.rawData);
}

function extensions(role: Role): readonly x509.Extension[] {
	switch (role.kind) {
		case "root":
			return [new x509.BasicConstraintsExtension(true, undefined, true), CA_USAGE()];
		case "intermediate":
			return [new x509.BasicConstraintsExtension(true, 0, true), CA_USAGE()];
		case "server":
			return [
				new x509.BasicConstraintsExtension(false, undefined, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
				new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
				new x509.SubjectAlternativeNameExtension(
					role.hosts.map((host) => ({ type: /^[\d.]+$|:/.test(host) ? "ip" : "dns", value: host }) as const),
				),
			];
		case "client":
			return CLIENT;
	}
}

/** Made once: they are the same for every device. */
const CLIENT: readonly x509.Extension[] = [
	new x509.BasicConstraintsExtension(false, undefined, true),
	new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
	new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.2"]),
];

/** What the issuer's own certificate calls its key (RFC 5280 section 4.2.1.1). */
function authorityKeyIdentifier(issuer: x509.X509Certificate): x509.Extension {
	const { keyId } = issuer.getExtension(x509.SubjectKeyIdentifierExtension)!;
	return new x509.AuthorityKeyIdentifierExtension(keyId);
}

const CA_USAGE = () => new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true);

const ALGORITHMS = {
	"P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
	"P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
	RSA: {
		name: "RSASSA-PKCS1-v1_5",
		hash: "SHA-256",
		modulusLength: 2048,
		publicExponent: Uint8Array.of(1, 0, 1),
	},
} as const;
