/** `enrollee bundle`: release keys, and the signed SUIT envelopes that devices take as updates. */
import type { Command } from "commander";
import { Fault } from "../../../src/fault.ts";
import { reason } from "../bundle/describe.ts";
import { readHashed } from "../bundle/file.ts";
import { CHIP_IDS, readImage } from "../bundle/image.ts";
import { createReleaseKey } from "../bundle/key.ts";
import { findFirmware } from "../bundle/project.ts";
import { common, createOutput, need, type OutputFlags } from "../output.ts";
import { addApp } from "./bundle-app.ts";
import { addInspect, addVerify } from "./bundle-inspect.ts";
import {
	addPack,
	missingForSigning,
	numbered,
	pack,
	type Release,
	type SigningFlags,
	sequence,
	signing,
} from "./bundle-pack.ts";

export function addBundle(program: Command): void {
	const bundle = program.command("bundle").description("Signed updates: SUIT envelopes, one component, ES256.");
	const command = bundle
		.command("key")
		.description("Make a release key, P-256. Keep the private file away from devices and repositories.")
		.option("--out <file>", "needed: private key, PKCS#8 PEM, readable by its owner only")
		.option("--pub <file>", "needed: public key, SPKI PEM, for the firmware")
		.option("--force", "replace files that are there");
	common(command, "one JSON object").action(key);
	addPack(bundle);
	signing(bundle.command("firmware"))
		.description("Pack the image that the last `npm run flash` left.")
		.option("--sequence <number>", "above that of every release before", sequence)
		.option("--class <name>", "default: <chip of the image>/devkit/4m")
		.option("--uri <https-uri>", "where devices will find the image")
		.option("--out <file>", "the envelope; default: firmware-<sequence>.suit")
		.action(firmware);
	addApp(bundle);
	addInspect(bundle);
	addVerify(bundle);
}

interface KeyFlags extends OutputFlags {
	readonly out: string;
	readonly pub: string;
	readonly force?: boolean;
}

function key(flags: KeyFlags): void {
	need(flags, ["out", "pub"]);
	createReleaseKey(flags.out, flags.pub, flags.force);
	const human = `${flags.out}: private release key\n${flags.pub}: public release key`;
	createOutput(flags).result(human, { event: "release-key", key: flags.out, publicKey: flags.pub });
}

function firmware(flags: Partial<Release> & SigningFlags): void {
	const { sequence, uri } = flags;
	const missing = [
		...(sequence === undefined ? ["--sequence"] : []),
		...(uri === undefined ? ["--uri"] : []),
		...missingForSigning(flags),
	];
	let image = "";
	try {
		image = findFirmware();
	} catch (thrown) {
		missing.push(reason(thrown));
	}
	if (missing.length > 0 || sequence === undefined || uri === undefined)
		throw new Fault("config.missing", missing.join("; "));
	const { chipId } = readImage(readHashed(image, "firmware").bytes);
	const chip = Object.keys(CHIP_IDS).find((name) => CHIP_IDS[name] === chipId) ?? "unknown";
	const out = flags.out ?? `firmware-${sequence}.suit`;
	const release = { class: `${chip}/devkit/4m`, ...flags, component: "fw" as const, sequence, uri, out };
	const { human, record } = pack(numbered(image, release), release);
	createOutput(flags).result(human, record);
}
