/**
 * Certificate signing requests: PKCS#10 (RFC 2986) with subject CN=<registration id>, a P-256 key with
 * ecdsa-with-SHA256 or a P-384 key with ecdsa-with-SHA384.
 *
 * The signature is deterministic (RFC 6979), so the same key and id give the same bytes. Send it as `base64(der)` or as
 * `encodePem("CERTIFICATE REQUEST", der)`. Ids that DPS or a common name cannot hold are refused, naming the rule.
 */
import { sha256, sha384 } from "#digest";
import { Fault } from "../fault.ts";
import { curveOf } from "../key/pair.ts";
import type { Signer } from "../port.ts";
import { bitString, context, type DerReader, element, oid, readDer, sequence, smallInteger, Tag } from "./der.ts";
import { parsePublicKey, publicKeyInfo } from "./key.ts";
import { commonNameOf, encodeName } from "./name.ts";
import { Oid } from "./oid.ts";
import { checkSignature, readSignatureAlgorithm } from "./signature.ts";

/** Limit of DPS. */
const MAX_REGISTRATION_ID = 128;
/** ub-common-name, RFC 5280 appendix A.1. */
const MAX_COMMON_NAME = 64;

/**
 * Throws Fault x509.registration-id. First character: "Runtime Registration: Register Device" (REST reference, Microsoft,
 * 2021-10-01); last one: "DPS terminology" (2019-09-18), which alone allows a hyphen there.
 */
export function checkRegistrationId(id: string): void {
	if (id.length === 0) refuse("is empty");
	if (id.length > MAX_REGISTRATION_ID) refuse(`has ${id.length} characters; DPS allows ${MAX_REGISTRATION_ID}`);
	if (id.length > MAX_COMMON_NAME)
		refuse(`has ${id.length} characters; a certificate's common name holds ${MAX_COMMON_NAME} (RFC 5280)`);
	const foreign = /[^A-Za-z0-9._:-]/.exec(id);
	if (foreign !== null)
		refuse(
			`has ${JSON.stringify(foreign[0])} at position ${foreign.index + 1}; DPS allows letters, digits and - . _ :`,
		);
	if (!/^[A-Za-z0-9]/.test(id)) refuse(`begins with ${JSON.stringify(id[0])}; DPS wants a letter or a digit`);
	if (!/[A-Za-z0-9-]$/.test(id)) refuse(`ends with ${JSON.stringify(id.at(-1))}; DPS wants a letter, a digit or -`);
}

export function encodeCsr(registrationId: string, signer: Signer): Uint8Array {
	checkRegistrationId(registrationId);
	const noAttributes = element(context(0));
	const info = sequence(smallInteger(0), encodeName(registrationId), publicKeyInfo(signer.publicKey), noAttributes);
	const isP256 = curveOf(signer.publicKey) === "P-256";
	const algorithm = sequence(oid(isP256 ? Oid.ECDSA_SHA256 : Oid.ECDSA_SHA384));
	return sequence(info, algorithm, bitString(signer.sign(isP256 ? sha256(info) : sha384(info))));
}

export interface Csr {
	readonly commonName: string;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
}

/**
 * Reads a request, ours or an operator's. EC self-signatures (P-256, P-384) are checked; RSA ones are the service's to check.
 * A signature or a key in an algorithm or a form that is not known here is Fault x509.algorithm, a signature that is wrong x509.csr.
 */
export function parseCsr(der: Uint8Array): Csr {
	return readDer(der, (reader) =>
		reader.inside(Tag.SEQUENCE, (request) => {
			const info = request.element(Tag.SEQUENCE);
			const algorithm = readSignatureAlgorithm(request);
			const signature = request.octetsOfBits();
			const { name, spki } = readDer(info, readInfo);
			const commonName = commonNameOf(name);
			if (commonName === undefined) throw new Fault("x509.csr", "the subject has no single common name");
			const key = parsePublicKey(spki);
			if (key.type === "unknown")
				throw new Fault(
					"x509.algorithm",
					"the key is not read: RSA, or a P-256 or P-384 point, named curve, uncompressed",
				);
			if (algorithm === "unknown")
				throw new Fault("x509.algorithm", `the request's signature, by its ${key.type} key, cannot be judged here`);
			if (checkSignature(algorithm, key, info, signature) === "wrong")
				throw new Fault("x509.csr", "the request is not signed by its own key");
			return { commonName, spki };
		}),
	);
}

function readInfo(reader: DerReader): { name: Uint8Array; spki: Uint8Array } {
	return reader.inside(Tag.SEQUENCE, (info) => {
		if (info.smallInteger() !== 0) throw new Fault("x509.csr", "version is not 1");
		const name = info.element(Tag.SEQUENCE);
		const spki = info.element(Tag.SEQUENCE);
		// What else the operator wants of the certificate is the service's to judge; that it can be read is ours.
		info.each(context(0), (attributes) =>
			attributes.inside(Tag.SEQUENCE, (attribute) => {
				const type = attribute.oid();
				let values = 0;
				attribute.each(Tag.SET, (value) => {
					if (type !== Oid.EXTENSION_REQUEST) value.element();
					else value.each(Tag.SEQUENCE, readWanted);
					values++;
				});
				if (values === 0) throw new Fault("x509.csr", `attribute ${type} has no value`);
			}),
		);
		return { name, spki };
	});
}

/** Extension, RFC 5280 section 4.1. */
function readWanted(extensions: DerReader): void {
	extensions.inside(Tag.SEQUENCE, (extension) => {
		extension.oid();
		if (extension.tag === Tag.BOOLEAN) extension.boolean();
		extension.content(Tag.OCTET_STRING);
	});
}

function refuse(why: string): never {
	throw new Fault("x509.registration-id", `the registration id ${why}`);
}
