/** Makes SUIT envelopes of the profile that src/suit/manifest.ts reads. Reproducible: no time, no randomness. */
import { type Cbor, type CborMap, encode, Tagged } from "../../../src/suit/cbor.ts";
import { PROTECTED } from "../../../src/suit/cose.ts";
import {
	CLASS,
	FETCH,
	IMAGE_MATCH,
	type Manifest,
	OVERRIDE_PARAMETERS,
	SHA256,
	TAG_ENVELOPE,
	VENDOR,
} from "../../../src/suit/manifest.ts";
import { sha256 } from "../digest.ts";

export function encodeManifest(manifest: Manifest): Uint8Array {
	const parameters = members([
		[1, manifest.vendor],
		[2, manifest.class],
		[3, suitDigest(manifest.digest)],
		[14, manifest.size],
	]);
	const common = members([
		[2, [manifest.component]],
		[4, encode([OVERRIDE_PARAMETERS, parameters, VENDOR, REPORT_ALL, CLASS, REPORT_ALL])],
	]);
	const uri = members([[21, manifest.uri]]);
	return encode(
		members([
			[1, 1],
			[2, manifest.sequence],
			[3, encode(common)],
			[7, encode([IMAGE_MATCH, REPORT_ALL])],
			[20, encode([OVERRIDE_PARAMETERS, uri, FETCH, REPORT_FAILURE, IMAGE_MATCH, REPORT_ALL])],
		]),
	);
}

/** What the release key signs, through toBeSigned: the SUIT_Digest of the wrapped manifest. */
export function manifestDigest(manifest: Uint8Array): Uint8Array {
	return suitDigest(sha256(encode(manifest)));
}

/** `signature`: r || s, 64 bytes, over toBeSigned(manifestDigest(manifest)). */
export function encodeEnvelope(manifest: Uint8Array, signature: Uint8Array): Uint8Array {
	const sign1 = new Tagged(TAG_SIGN1, [Uint8Array.from(PROTECTED), new Map(), null, signature]);
	const authentication = encode([manifestDigest(manifest), encode(sign1)]);
	return encode(
		new Tagged(
			TAG_ENVELOPE,
			members([
				[2, authentication],
				[3, manifest],
			]),
		),
	);
}

const TAG_SIGN1 = 18;
/** Reporting policies (section 8.4.8 of the draft), as in its Example 1. */
const REPORT_ALL = 15;
const REPORT_FAILURE = 2;

function suitDigest(digest: Uint8Array): Uint8Array {
	return encode([SHA256, digest]);
}

function members(entries: readonly (readonly [number, Cbor])[]): CborMap {
	return new Map(entries);
}
