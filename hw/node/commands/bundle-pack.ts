/** `enrollee bundle pack`: from an image to its signed envelope; what `firmware` and `app` do in the end, too. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Fault } from "../../../src/fault.ts";
import { toBeSigned } from "../../../src/suit/cose.ts";
import { isSequence, MOST_SEQUENCE } from "../../../src/update/offer.ts";
import { firmwareFacts, manifestFacts, table } from "../bundle/describe.ts";
import { encodeEnvelope, encodeManifest, manifestDigest } from "../bundle/envelope.ts";
import { readHashed, readSmall, writeOut } from "../bundle/file.ts";
import { readPublicKey, readReleaseKey, readSignature, sign } from "../bundle/key.ts";
import { createManifest } from "../bundle/pack.ts";
import { numberImage } from "../bundle/release-number.ts";
import { sha256 } from "../digest.ts";
import { common, createOutput, need, type OutputFlags } from "../output.ts";

/** How an envelope is signed and where it goes. */
export interface SigningFlags extends OutputFlags {
	readonly key?: string;
	readonly out?: string;
	readonly toBeSigned?: string;
	readonly signature?: string;
	readonly pub?: string;
	readonly vendor?: string;
	readonly partitions?: string;
	readonly force?: boolean;
}

/** What the envelope says of the image. */
export interface Release {
	readonly component: "fw" | "xs";
	readonly sequence: number;
	readonly class: string;
	readonly uri: string;
}

export interface Packed {
	readonly file: string;
	readonly human: string;
	readonly record: Readonly<Record<string, string | number>>;
}

export function addPack(bundle: Command): void {
	signing(bundle.command("pack"))
		.description(
			"Check an image, write the sequence number into it (firmware), and the envelope for it. The same input gives the " +
				"same bytes.",
		)
		.addOption(new Option("--component <name>", "fw: firmware, xs: an app").choices(["fw", "xs"]).default("fw"))
		.option("--image <file>", "needed: xs_esp32.bin, or an .xsa archive")
		.option("--sequence <number>", "needed: above that of every release before", sequence)
		.option("--class <name>", "needed: <chip>/<board>/<partition map>, for example esp32/devkit/4m")
		.option("--uri <https-uri>", "needed: where devices will find the image")
		.option("--out <file>", "the envelope")
		.action((flags: Release & SigningFlags & { readonly image: string }) => {
			const out = flags.toBeSigned === undefined ? ["out"] : [];
			need(flags, ["image", "sequence", "class", "uri", ...out], missingForSigning(flags));
			const { human, record } = pack(numbered(flags.image, flags), flags);
			createOutput(flags).result(human, record);
		});
}

/** The options that packing shares, whatever is packed. */
export function signing(command: Command): Command {
	command
		.option("--key <file>", "private release key, PEM")
		.option("--to-be-signed <file>", "instead: write what an external signer has to sign (ECDSA P-256, SHA-256)")
		.option("--signature <file>", "the external signature, DER or r || s; needs --pub")
		.option("--pub <file>", "the external signer's public key, PEM")
		.option("--vendor <uuid-or-domain>", "default: Enrollee's own")
		.option("--partitions <file>", "partition table, CSV; default: by the class (4m, 4m-app)")
		.option("--force", "replace files that are there");
	return common(command, "one JSON object a line");
}

/** Writes the envelope, or what is to be signed for it. Throws Fault config.*, ota.*, and has written nothing then. */
export function pack(
	{ bytes, digest }: { readonly bytes: Uint8Array; readonly digest: Uint8Array },
	flags: Release & SigningFlags,
): Packed {
	const manifest = createManifest({ ...flags, image: bytes, digest, className: flags.class });
	const encoded = encodeManifest(manifest);
	const message = toBeSigned(manifestDigest(encoded));
	if (flags.toBeSigned !== undefined) {
		const file = flags.toBeSigned;
		writeOut(file, "--to-be-signed", message, flags.force);
		const human = `${file}: ${message.length} bytes to be signed with ECDSA P-256 and SHA-256`;
		return { file, human, record: { event: "to-be-signed", file } };
	}
	if (flags.out === undefined) throw new Fault("config.missing", "--out");
	const file = flags.out;
	const envelope = encodeEnvelope(encoded, signatureOf(message, flags));
	writeOut(file, "--out", envelope, flags.force);
	const facts = { ...manifestFacts(manifest), ...firmwareFacts(manifest, bytes) };
	return {
		file,
		human: `${file}: ${envelope.length} bytes\n${table(facts)}`,
		record: { event: "bundle", file, ...facts },
	};
}

/**
 * The image in a file, numbered there: what is signed is what lies at the URI and what is flashed by cable. Throws Fault
 * config.invalid, ota.image.
 */
export function numbered(file: string, { component, sequence }: Pick<Release, "component" | "sequence">) {
	const hashed = readHashed(file, "--image");
	const bytes = component === "fw" ? numberImage(hashed.bytes, sequence) : hashed.bytes;
	if (bytes === hashed.bytes) return hashed;
	writeOut(file, "--image", bytes, true);
	return { bytes, digest: sha256(bytes) };
}

/** What an envelope cannot be signed without, for a list of what is missing. */
export function missingForSigning(flags: SigningFlags): string[] {
	if (flags.toBeSigned !== undefined || flags.key !== undefined || flags.signature !== undefined) return [];
	return ["--key (make one with `enrollee bundle key`)"];
}

/** For commander. */
export function sequence(text: string): number {
	const number = Number(text);
	if (!/^[0-9]+$/.test(text) || !isSequence(number))
		throw new InvalidArgumentError(`expected a whole number from 1 to ${MOST_SEQUENCE}`);
	return number;
}

function signatureOf(message: Uint8Array, flags: SigningFlags): Uint8Array {
	if (flags.signature === undefined) {
		if (flags.key === undefined) throw new Fault("config.missing", "--key, or --to-be-signed and --signature");
		return sign(readReleaseKey(flags.key), message);
	}
	if (flags.pub === undefined) throw new Fault("config.missing", "--pub: a signature made elsewhere is checked first");
	return readSignature(readSmall(flags.signature, "--signature", 128), message, readPublicKey(flags.pub));
}
