/** `enrollee bundle app`: from an app in TypeScript to its signed bundle. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Fault } from "../../../src/fault.ts";
import { readAppSettings } from "../bundle/app-settings.ts";
import { readApp } from "../bundle/archive.ts";
import { archiveFacts, reason } from "../bundle/describe.ts";
import { writeOut } from "../bundle/file.ts";
import { checkTypes, findEntry, loadToolchain, rollUp } from "../bundle/module.ts";
import { findXsTools, linkArchive } from "../bundle/sdk.ts";
import { sha256 } from "../digest.ts";
import { createOutput } from "../output.ts";
import { missingForSigning, pack, type Release, type SigningFlags, sequence, signing } from "./bundle-pack.ts";

export function addApp(bundle: Command): void {
	signing(bundle.command("app"))
		.argument("<folder>", "with app.ts, whose default export is the app, and bundle.json for the defaults")
		.description(
			"Make an app's bundle from its TypeScript: one module by rollup, an XS archive by the Moddable SDK, signed. The " +
				"same input gives the same bytes. --key is release.pem, where there is one.",
		)
		.option("--sequence <number>", "above that of every release before; default: bundle.json", sequence)
		.option("--class <name>", "<chip>/<board>/<partition map>; default: bundle.json")
		.option("--uri <https-uri>", "where devices will find the archive, {sequence} its number; default: bundle.json")
		.option("--out <folder>", "for <name>-<sequence>.xsa and .suit; default: here")
		.action(app);
}

type AppFlags = Partial<Omit<Release, "component">> & SigningFlags;

async function app(folder: string, flags: AppFlags): Promise<void> {
	const { name, entry, toolchain, tools, ...release } = await gather(folder, flags);
	const { log, result } = createOutput(flags);
	const { code, files, warnings } = await rollUp(toolchain, entry);
	log("rolled up", { files: files.length, bytes: code.length });
	for (const message of warnings) log("warning", { message });
	checkTypes(toolchain, files);
	log("types checked");
	const bytes = linkArchive(tools, code, name);
	const archive = archiveFacts(readApp(bytes), bytes);
	log("compiled", archive);

	const file = join(flags.out ?? ".", `${name}-${release.sequence}`);
	const packed = pack({ bytes, digest: sha256(bytes) }, { ...release, component: "xs", out: `${file}.suit` });
	writeOut(`${file}.xsa`, "--out", bytes, flags.force);
	log("packed");
	const human = `${file}.xsa: ${bytes.length} bytes, XS ${archive.xs}\n${packed.human}`;
	result(human, { ...packed.record, archive: `${file}.xsa`, xs: archive.xs });
}

/** Everything that the job needs. Throws Fault config.missing that names all of what is missing. */
async function gather(folder: string, flags: AppFlags) {
	const settings = readAppSettings(folder);
	const { sequence, class: className, uri } = { ...settings, ...flags };
	const isSignedElsewhere = flags.toBeSigned !== undefined || flags.signature !== undefined;
	const signing = !isSignedElsewhere && existsSync(DEFAULT_KEY) ? { key: DEFAULT_KEY, ...flags } : flags;

	const missing: string[] = [];
	if (sequence === undefined) missing.push("--sequence");
	if (className === undefined) missing.push("--class");
	if (uri === undefined) missing.push("--uri");
	missing.push(...missingForSigning(signing));
	const entry = await orMissing(missing, () => findEntry(folder));
	const tools = await orMissing(missing, () => findXsTools());
	const toolchain = await orMissing(missing, loadToolchain);
	if (!sequence || !className || !uri || !entry || !tools || !toolchain || missing.length > 0)
		throw new Fault("config.missing", missing.join("; "));
	const numbered = uri.replaceAll("{sequence}", String(sequence));
	return { ...signing, name: settings.name, sequence, class: className, uri: numbered, entry, tools, toolchain };
}

async function orMissing<T>(missing: string[], find: () => T | Promise<T>): Promise<T | undefined> {
	try {
		return await find();
	} catch (thrown) {
		missing.push(reason(thrown));
		return undefined;
	}
}

const DEFAULT_KEY = "release.pem";
