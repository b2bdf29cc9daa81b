/** What a release is made of in tests: a key made now, stand-in images, envelopes. */
import { encodeEnvelope, encodeManifest, manifestDigest } from "../../hw/node/bundle/envelope.ts";
import { encodeImage } from "../../hw/node/bundle/image.ts";
import { sign } from "../../hw/node/bundle/key.ts";
import { numberImage, RELEASE_BYTES, RELEASE_MARK } from "../../hw/node/bundle/release-number.ts";
import { sha256 } from "../../hw/node/digest.ts";
import { fill } from "../../hw/node/entropy.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { toBeSigned } from "../../src/suit/cose.ts";
import type { Manifest } from "../../src/suit/manifest.ts";
import { classUuid, defaultVendor } from "../../src/suit/uuid.ts";

export const RELEASE_KEY = generateKeyPair({ fill });
export const NEXT_KEY = generateKeyPair({ fill });
export const FOREIGN_KEY = generateKeyPair({ fill });
export const VENDOR = defaultVendor();
export const CLASS = classUuid(VENDOR, "esp32/devkit/4m");

/**
 * A valid image of about `bytes` bytes; another `fillByte`, another image. `sequence`: the number built into it; `secureVersion`:
 * of its application descriptor.
 */
export function standInImage(
	fillByte: number,
	bytes = 300 * 1024,
	chipId = 0,
	sequence = 0,
	secureVersion = 0,
): Uint8Array {
	const segment = Uint8Array.from({ length: bytes - 80 }, (_, i) => (i * 31 + (i >> 8) + fillByte) & 0xff);
	new DataView(segment.buffer).setUint32(4, secureVersion, true);
	segment.set(utf8(RELEASE_MARK), 512);
	segment.fill(0, 512 + RELEASE_MARK.length, 512 + RELEASE_MARK.length + RELEASE_BYTES);
	return numberImage(encodeImage(chipId, segment), sequence);
}

export function manifestOf(image: Uint8Array, change: Partial<Manifest> = {}): Manifest {
	return {
		sequence: 2,
		component: [utf8("fw")],
		vendor: VENDOR,
		class: CLASS,
		digest: sha256(image),
		size: image.length,
		uri: "https://updates.example.com/agent.bin",
		...change,
	};
}

export function bundle(manifest: Manifest, key = RELEASE_KEY): Uint8Array {
	const encoded = encodeManifest(manifest);
	return encodeEnvelope(encoded, sign(key, toBeSigned(manifestDigest(encoded))));
}
