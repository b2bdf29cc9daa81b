/** `bundle.json` beside an app: what a release says of it, unless the command line says otherwise. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Fault } from "../../../src/fault.ts";
import { isSequence, MOST_SEQUENCE } from "../../../src/update/offer.ts";

export interface AppSettings {
	/** Of the archive and of the files. */
	readonly name?: string;
	/** <chip>/<board>/<partition map>. */
	readonly class?: string;
	/** {sequence} stands for the number. */
	readonly uri?: string;
	readonly sequence?: number;
}

/** What bundle.json says, the folder's name where it says none. Throws Fault config.invalid that names the field. */
export function readAppSettings(folder: string): AppSettings & { readonly name: string } {
	const file = join(folder, "bundle.json");
	const settings: AppSettings = existsSync(file) ? parse(file) : {};
	const { name = basename(resolve(folder)) } = settings;
	if (!/^[a-z0-9][a-z0-9._-]{0,47}$/.test(name))
		throw new Fault("config.invalid", `${file}: name ${name}, expected up to 48 of a-z 0-9 . _ -`);
	return { ...settings, name };
}

const TYPES: Readonly<Record<keyof AppSettings, "string" | "number">> = {
	name: "string",
	class: "string",
	uri: "string",
	sequence: "number",
};

function parse(file: string): AppSettings {
	let settings: unknown;
	try {
		settings = JSON.parse(readFileSync(file, "utf8"));
	} catch (thrown) {
		throw new Fault("config.invalid", `${file}: ${(thrown as Error).message}`);
	}
	if (typeof settings !== "object" || settings === null || Array.isArray(settings))
		throw new Fault("config.invalid", `${file}: expected an object`);
	for (const [field, value] of Object.entries(settings)) {
		if (!Object.hasOwn(TYPES, field))
			throw new Fault("config.invalid", `${file}: unknown ${field}, known are ${Object.keys(TYPES).join(" ")}`);
		const type = TYPES[field as keyof AppSettings];
		if (typeof value !== type) throw new Fault("config.invalid", `${file}: ${field}, expected a ${type}`);
	}
	const { sequence } = settings as AppSettings;
	if (sequence !== undefined && !isSequence(sequence))
		throw new Fault(
			"config.invalid",
			`${file}: sequence ${sequence}, expected a whole number from 1 to ${MOST_SEQUENCE}`,
		);
	return settings;
}
