/** `enrollee bundle inspect` and `verify`: what an envelope or an archive says, and whether a device would take it. */
import type { Command } from "commander";
import { equal } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import { MAX_ENVELOPE_BYTES, openEnvelope, readEnvelope, readManifest } from "../../../src/suit/manifest.ts";
import { appClassUuid, classUuid } from "../../../src/suit/uuid.ts";
import { isArchive, readApp, readArchive } from "../bundle/archive.ts";
import {
	archiveFacts,
	componentOf,
	firmwareFacts,
	manifestFacts,
	reason,
	row,
	table,
	uuid,
} from "../bundle/describe.ts";
import { readHashed, readSmall } from "../bundle/file.ts";
import { readPublicKey } from "../bundle/key.ts";
import { vendorUuid } from "../bundle/pack.ts";
import { readReleaseNumber } from "../bundle/release-number.ts";
import { common, createOutput, need, type OutputFlags } from "../output.ts";

export function addInspect(bundle: Command): void {
	const command = bundle
		.command("inspect")
		.argument("<file>", "an envelope, or an .xsa archive")
		.description(
			"What an envelope says: checks its form and its digest, not its signature. Or what an archive holds: its XS " +
				"version, its modules and their sizes, and whether it is an app.",
		);
	common(command, "one JSON object").action(inspect);
}

export function addVerify(bundle: Command): void {
	const command = bundle
		.command("verify")
		.argument("<file>", "an envelope")
		.description("Check an envelope as a device does, and the image against it.")
		.option("--pub <file>", "needed: public release key, SPKI PEM")
		.option("--image <file>", "needed: what --uri will serve")
		.option("--class <name>", "also check the class, as <chip>/<board>/<partition map>")
		.option("--vendor <uuid-or-domain>", "the vendor of that class");
	common(command, "one JSON object").action(verify);
}

function inspect(file: string, flags: OutputFlags): void {
	const bytes = readSmall(file, "file", MAX_ARCHIVE_BYTES);
	const output = createOutput(flags);
	if (isArchive(bytes)) {
		const archive = readArchive(bytes);
		const facts = archiveFacts(archive, bytes);
		const { modules } = archive;
		const refusal = refusalOf(bytes);
		const lines = modules.map(({ path, bytes }) => row("module", `${path}, ${bytes} bytes`));
		const human = [table(facts), ...lines, row("app", refusal ?? "good")].join("\n");
		output.result(human, { event: "archive", file, ...facts, modules, refusal: refusal ?? null });
		return;
	}
	const facts = manifestFacts(readManifest(readEnvelope(readEnvelopeFile(file)).manifest));
	const human = `${table(facts)}\n${row("signature", "not checked (enrollee bundle verify)")}`;
	output.result(human, { event: "bundle", file, ...facts });
}

/** Why a device would not take the archive, whatever is in its image. */
function refusalOf(bytes: Uint8Array): string | undefined {
	try {
		readApp(bytes);
		return undefined;
	} catch (thrown) {
		return reason(thrown);
	}
}

interface VerifyFlags extends OutputFlags {
	readonly pub: string;
	readonly image: string;
	readonly class?: string;
	readonly vendor?: string;
}

function verify(file: string, flags: VerifyFlags): void {
	need(flags, ["pub", "image"]);
	const { manifest } = openEnvelope(readEnvelopeFile(file), [readPublicKey(flags.pub)]);
	const { bytes, digest } = readHashed(flags.image, "--image");
	if (bytes.length !== manifest.size)
		throw new Fault("ota.length", `${flags.image} has ${bytes.length} bytes, signed are ${manifest.size}`);
	if (!equal(digest, manifest.digest)) throw new Fault("ota.digest", `${flags.image} is not the signed image`);
	const xs = componentOf(manifest) === "xs" ? readApp(bytes).version : undefined;
	const number = xs === undefined ? readReleaseNumber(bytes) : undefined;
	if (number !== undefined && number !== manifest.sequence)
		throw new Fault("ota.sequence", `${flags.image} says that it is ${number}, signed is ${manifest.sequence}`);
	const vendor = vendorUuid(flags.vendor);
	if (flags.vendor !== undefined && !equal(vendor, manifest.vendor))
		throw new Fault("ota.class", `vendor ${uuid(manifest.vendor)}`);
	if (flags.class !== undefined) {
		const device = classUuid(vendor, flags.class);
		if (!equal(xs === undefined ? device : appClassUuid(device, xs), manifest.class))
			throw new Fault("ota.class", `${uuid(manifest.class)} is not ${flags.class}${xs ? ` with XS ${xs}` : ""}`);
	}
	const facts = { ...manifestFacts(manifest), ...firmwareFacts(manifest, bytes) };
	const fit = xs === undefined ? "good" : `good, for XS ${xs}`;
	const good = number === undefined && xs === undefined ? `${fit}, without a place for its number` : fit;
	const human = [table(facts), row("signature", "good"), row("image", good)].join("\n");
	createOutput(flags).result(human, { event: "verified", file, ...facts, ...(xs && { xs }) });
}

function readEnvelopeFile(file: string): Uint8Array {
	return readSmall(file, "envelope", MAX_ENVELOPE_BYTES);
}

/** More than any flash has room for. */
const MAX_ARCHIVE_BYTES = 16 * 1024 * 1024;
