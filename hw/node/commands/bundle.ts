/** `enrollee bundle`: release keys, and the signed SUIT envelopes that devices take as updates. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { equal, hex } from "../../../src/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import { toBeSigned } from "../../../src/ota/cose.ts";
import {
	MAX_ENVELOPE_BYTES,
	type Manifest,
	openEnvelope,
	readEnvelope,
	readManifest,
} from "../../../src/ota/manifest.ts";
import { classUuid } from "../../../src/ota/uuid.ts";
import { encodeEnvelope, encodeManifest, manifestDigest } from "../bundle/envelope.ts";
import { readHashed, readSmall, writeOut } from "../bundle/file.ts";
import { CHIP_IDS, readImage } from "../bundle/image.ts";
import { createReleaseKey, readPublicKey, readReleaseKey, readSignature, sign } from "../bundle/key.ts";
import { createManifest, vendorUuid } from "../bundle/pack.ts";
import { findFirmware } from "../bundle/project.ts";
import { createOutput } from "../output.ts";

interface PackFlags {
	readonly component: "fw" | "xs";
	readonly image: string;
	readonly sequence: number;
	readonly class: string;
	readonly uri: string;
	readonly vendor?: string;
	readonly partitions?: string;
	readonly key?: string;
	readonly toBeSigned?: string;
	readonly signature?: string;
	readonly pub?: string;
	readonly out?: string;
	readonly json?: boolean;
}

type FirmwareFlags = Partial<PackFlags> & { readonly json?: boolean };

export function addBundle(program: Command): void {
	const bundle = program.command("bundle").description("Signed updates: SUIT envelopes, one component, ES256.");
	bundle
		.command("key")
		.description("Make a release key, P-256. Keep the private file away from devices and repositories.")
		.requiredOption("--out <file>", "private key, PKCS#8 PEM, readable by its owner only")
		.requiredOption("--pub <file>", "public key, SPKI PEM, for the firmware")
		.option("--json", "one JSON object")
		.action(key);

	signing(bundle.command("pack"))
		.description("Check an image and write the envelope for it. The same input gives the same bytes.")
		.addOption(new Option("--component <name>", "fw: firmware, xs: a mod").choices(["fw", "xs"]).default("fw"))
		.requiredOption("--image <file>", "xs_esp32.bin, or an .xsa archive")
		.requiredOption("--sequence <number>", "above that of every release before", sequence)
		.requiredOption("--class <name>", "<chip>/<board>/<partition map>, for example esp32/devkit/4m")
		.requiredOption("--uri <https-uri>", "where devices will find the image")
		.action(pack);

	signing(bundle.command("firmware"))
		.description("Pack the image that the last `npm run flash` left.")
		.option("--sequence <number>", "above that of every release before", sequence)
		.option("--class <name>", "default: <chip of the image>/devkit/4m")
		.option("--uri <https-uri>", "where devices will find the image")
		.action(firmware);

	bundle
		.command("inspect")
		.argument("<file>", "an envelope")
		.description("What an envelope says. Checks its form and its digest, not its signature.")
		.option("--json", "one JSON object")
		.action(inspect);

	bundle
		.command("verify")
		.argument("<file>", "an envelope")
		.description("Check an envelope as a device does, and the image against it.")
		.requiredOption("--pub <file>", "public release key, SPKI PEM")
		.requiredOption("--image <file>", "what --uri will serve")
		.option("--class <name>", "also check the class, as <chip>/<board>/<partition map>")
		.option("--vendor <uuid-or-domain>", "the vendor of that class")
		.option("--json", "one JSON object")
		.action(verify);
}

function signing(command: Command): Command {
	return command
		.option("--key <file>", "private release key, PEM")
		.option("--out <file>", "the envelope")
		.option("--to-be-signed <file>", "instead: write what an external signer has to sign (ECDSA P-256, SHA-256)")
		.option("--signature <file>", "the external signature, DER or r || s; needs --pub")
		.option("--pub <file>", "the external signer's public key, PEM")
		.option("--vendor <uuid-or-domain>", "default: Enrollee's own")
		.option("--partitions <file>", "partition table, CSV; default: by the class (4m)")
		.option("--json", "one JSON object");
}

function key(flags: { readonly out: string; readonly pub: string; readonly json?: boolean }): void {
	createReleaseKey(flags.out, flags.pub);
	const human = `${flags.out}: private release key\n${flags.pub}: public release key`;
	createOutput(flags.json === true).result(human, { event: "release-key", key: flags.out, publicKey: flags.pub });
}

function pack(flags: PackFlags): void {
	const { bytes, digest } = readHashed(flags.image, "--image");
	const manifest = createManifest({ ...flags, image: bytes, digest, className: flags.class });
	const encoded = encodeManifest(manifest);
	const message = toBeSigned(manifestDigest(encoded));
	const output = createOutput(flags.json === true);
	if (flags.toBeSigned !== undefined) {
		writeOut(flags.toBeSigned, "--to-be-signed", message);
		const human = `${flags.toBeSigned}: ${message.length} bytes to be signed with ECDSA P-256 and SHA-256`;
		output.result(human, { event: "to-be-signed", file: flags.toBeSigned });
		return;
	}
	if (flags.out === undefined) throw new Fault("config.missing", "--out");
	const envelope = encodeEnvelope(encoded, signatureOf(message, flags));
	writeOut(flags.out, "--out", envelope);
	const human = `${flags.out}: ${envelope.length} bytes\n${table(manifest)}`;
	output.result(human, { event: "bundle", file: flags.out, ...facts(manifest) });
}

function firmware(flags: FirmwareFlags): void {
	const missing: string[] = [];
	if (flags.sequence === undefined) missing.push("--sequence");
	if (flags.uri === undefined) missing.push("--uri");
	if (flags.toBeSigned === undefined && flags.key === undefined && flags.signature === undefined)
		missing.push("--key (make one with `enrollee bundle key`)");
	let image = "";
	try {
		image = findFirmware();
	} catch (thrown) {
		missing.push(Fault.of(thrown, "config.missing").message.replace("config.missing: ", ""));
	}
	if (missing.length > 0) throw new Fault("config.missing", missing.join("; "));
	const { chipId } = readImage(readHashed(image, "firmware").bytes);
	const chip = Object.keys(CHIP_IDS).find((name) => CHIP_IDS[name] === chipId) ?? "unknown";
	const out = flags.out ?? `firmware-${flags.sequence}.suit`;
	pack({ class: `${chip}/devkit/4m`, ...flags, component: "fw", image, out } as PackFlags);
}

function inspect(file: string, flags: { readonly json?: boolean }): void {
	const manifest = readManifest(readEnvelope(readEnvelopeFile(file)).manifest);
	const human = `${table(manifest)}\nsignature   not checked (enrollee bundle verify)`;
	createOutput(flags.json === true).result(human, { event: "bundle", file, ...facts(manifest) });
}

interface VerifyFlags {
	readonly pub: string;
	readonly image: string;
	readonly class?: string;
	readonly vendor?: string;
	readonly json?: boolean;
}

function verify(file: string, flags: VerifyFlags): void {
	const { manifest } = openEnvelope(readEnvelopeFile(file), [readPublicKey(flags.pub)]);
	const { bytes, digest } = readHashed(flags.image, "--image");
	if (bytes.length !== manifest.size)
		throw new Fault("ota.length", `${flags.image} has ${bytes.length} bytes, signed are ${manifest.size}`);
	if (!equal(digest, manifest.digest)) throw new Fault("ota.digest", `${flags.image} is not the signed image`);
	const vendor = vendorUuid(flags.vendor);
	if (flags.vendor !== undefined && !equal(vendor, manifest.vendor))
		throw new Fault("ota.class", `vendor ${uuid(manifest.vendor)}`);
	if (flags.class !== undefined && !equal(classUuid(vendor, flags.class), manifest.class))
		throw new Fault("ota.class", `${uuid(manifest.class)} is not ${flags.class}`);
	const human = `${table(manifest)}\nsignature   good\nimage       good`;
	createOutput(flags.json === true).result(human, { event: "verified", file, ...facts(manifest) });
}

function signatureOf(message: Uint8Array, flags: PackFlags): Uint8Array {
	if (flags.signature === undefined) {
		if (flags.key === undefined) throw new Fault("config.missing", "--key, or --to-be-signed and --signature");
		return sign(readReleaseKey(flags.key), message);
	}
	if (flags.pub === undefined) throw new Fault("config.missing", "--pub: a signature made elsewhere is checked first");
	return readSignature(readSmall(flags.signature, "--signature", 128), message, readPublicKey(flags.pub));
}

function readEnvelopeFile(file: string): Uint8Array {
	return readSmall(file, "envelope", MAX_ENVELOPE_BYTES);
}

function facts(manifest: Manifest): Readonly<Record<string, string | number>> {
	return {
		sequence: manifest.sequence,
		component: manifest.component.map((part) => String.fromCharCode(...part)).join("/"),
		vendor: uuid(manifest.vendor),
		class: uuid(manifest.class),
		size: manifest.size,
		digest: hex(manifest.digest),
		uri: manifest.uri,
	};
}

function table(manifest: Manifest): string {
	return Object.entries(facts(manifest))
		.map(([name, value]) => `${name.padEnd(11)} ${value}`)
		.join("\n");
}

function uuid(bytes: Uint8Array): string {
	return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function sequence(text: string): number {
	const number = Number(text);
	if (!/^[0-9]+$/.test(text) || number < 1 || !Number.isSafeInteger(number))
		throw new InvalidArgumentError("expected a whole number from 1");
	return number;
}
