/**
 * Where a command's settings come from: a flag, else its ENROLLEE_* variable, else the AZ_IOT_* variable of Azure's
 * samples, else `enrollee.json` (config-file.ts). Files are read here, so that the core sees texts only.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Command } from "commander";
import { type Config, type ConfigInput, parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { type ConfigFile, findConfigFile } from "./config-file.ts";
import { UsageFault } from "./ending.ts";
import { RUN_DEFAULTS, RUN_SETTINGS, SETTINGS, type Setting } from "./settings-table.ts";
import { suggestion } from "./suggest.ts";

export function addSettings(command: Command): Command {
	for (const setting of SETTINGS) command.option(setting.flag, describe(setting));
	return command;
}

export function addRunSettings(command: Command, names = RUN_SETTINGS.map(nameOf)): Command {
	for (const setting of RUN_SETTINGS)
		if (names.includes(nameOf(setting))) command.option(setting.flag, describe(setting));
	return command;
}

export type Flags = Readonly<Record<string, unknown>>;

/** One setting as it is in force. */
export interface InForce {
	readonly setting: Setting;
	/** By the flag's name, without dashes, as in `enrollee.json`. */
	readonly name: string;
	readonly value: string;
	/** The flag, the variable or the file. */
	readonly source: string;
	/** Where a relative path begins. */
	readonly folder: string | undefined;
}

/** All settings that are given anywhere, the strongest source of each. Throws Fault config.invalid for a bad enrollee.json. */
export function inForce(flags: Flags, environment = process.env, file = findConfigFile()): InForce[] {
	const unknown = Object.keys(file?.values ?? {}).find((name) => !SETTING_NAMES.includes(name));
	if (file && unknown !== undefined)
		throw new Fault("config.invalid", `${file.path}: ${unknown} is no setting${suggestion(unknown, SETTING_NAMES)}`);
	const found: InForce[] = [];
	for (const source of sourcesOf(flags, environment, file)) {
		// A kind of onboarding chosen by a stronger source is not mixed with one from a weaker source.
		const settled = found.some(({ setting }) => isOnboarding(setting));
		for (const setting of [...SETTINGS, ...RUN_SETTINGS]) {
			const given = source(setting);
			if (given === undefined || given.value === "") continue;
			if (found.some((it) => it.setting === setting || (it.setting.field && it.setting.field === setting.field)))
				continue;
			if (settled && isOnboarding(setting)) continue;
			found.push({ setting, name: nameOf(setting), folder: undefined, ...given });
		}
	}
	return found;
}

/** What the agent is configured with, as texts; files are read. Throws Fault config.invalid. */
export function readSettings(flags: Flags, environment = process.env, file = findConfigFile()): ConfigInput {
	return textsOf(inForce(flags, environment, file));
}

function textsOf(settings: readonly InForce[]): ConfigInput {
	const input: { -readonly [field in keyof ConfigInput]: string | undefined } = {};
	for (const { setting, value, source, folder } of settings)
		if (setting.field) input[setting.field] = setting.file ? readText(value, source, folder) : value;
	return input;
}

/**
 * The agent's configuration; `onboarding`: it will have to enrol. Throws config.missing with everything that is missing, or a
 * UsageFault that names the flag, the variable or the file where the bad value stands.
 */
export function configure(flags: Flags, { onboarding = false } = {}): Config {
	const settings = inForce(flags);
	const missing = ["--id-scope", "--registration-id"]
		.filter((flag) => !settings.some(({ setting }) => flagOf(setting) === flag))
		.map(named);
	if (onboarding && !settings.some(({ setting }) => isOnboarding(setting)))
		missing.push(`${named("--symmetric-key")} or ${named("--onboarding-cert")}`);
	if (missing.length > 0) throw new Fault("config.missing", missing.join(", "));
	return parse(settings, textsOf(settings));
}

/** Whether what is given is right, whatever is missing. Throws as `configure` does of a bad value; gives what is in force. */
export function checkGiven(flags: Flags): InForce[] {
	const settings = inForce(flags);
	const { operationalCsr, operationalKey, ...texts } = textsOf(settings);
	// An own CSR is of a device, so it cannot be judged without its id.
	const own = texts.registrationId === undefined ? {} : { operationalCsr, operationalKey };
	parse(settings, { idScope: "0", registrationId: "0", ...texts, ...own });
	return settings;
}

function parse(settings: readonly InForce[], texts: ConfigInput): Config {
	try {
		return parseConfig(texts);
	} catch (thrown) {
		if (!(thrown instanceof Fault)) throw thrown;
		throw new UsageFault(thrown.code, locate(thrown, settings), { cause: thrown });
	}
}

/** A setting of `run`, and where it stands; undefined when it is nowhere. */
export function runSetting(flags: Flags, name: string): InForce | undefined {
	return inForce(flags).find((setting) => setting.name === name);
}

/** The device's flash; by default beside enrollee.json, so that the device is the same wherever below it one stands. */
export function stateFolder(flags: Flags): string {
	const { value, folder = "." } = runSetting(flags, "state") ?? { value: RUN_DEFAULTS.state, ...findConfigFile() };
	return isAbsolute(value) ? value : join(folder, value);
}

/** The message, with the field's name as the user wrote it. */
function locate(fault: Fault, settings: readonly InForce[]): string {
	const text = fault.message.slice(fault.code.length + 2);
	const field = /^([a-zA-Z]+)\b/.exec(text)?.[1];
	const culprit =
		settings.find(({ setting }) => setting.field === field) ??
		(fault.code === "x509.registration-id" ? settings.find(({ name }) => name === "registrationId") : undefined);
	if (culprit === undefined) return text;
	return `${culprit.source}: ${culprit.setting.field === field ? text.slice(field!.length).replace(/^: /, "") : text}`;
}

type Source = (setting: Setting) => (Pick<InForce, "value" | "source"> & Partial<InForce>) | undefined;

function sourcesOf(flags: Flags, environment: NodeJS.ProcessEnv, file: ConfigFile | undefined): readonly Source[] {
	return [
		(setting) => text(flags[nameOf(setting)], flagOf(setting)),
		(setting) => text(environment[variableOf(setting.flag)], variableOf(setting.flag)),
		(setting) => (setting.azure ? text(environment[setting.azure], setting.azure) : undefined),
		(setting) => {
			const given = text(file?.values[nameOf(setting)], `${file?.path}: ${nameOf(setting)}`);
			return given && { ...given, folder: file?.folder };
		},
	];
}

function text(given: unknown, source: string): { readonly value: string; readonly source: string } | undefined {
	if (given === undefined || given === false) return undefined;
	return { value: String(given), source };
}

const ONBOARDING: readonly (keyof ConfigInput | undefined)[] = [
	"symmetricKey",
	"groupKey",
	"onboardingCert",
	"onboardingKey",
];

const isOnboarding = ({ field }: Setting): boolean => field !== undefined && ONBOARDING.includes(field);

const named = (flag: string): string => `${flag} [${variableOf(flag)}]`;

const describe = (setting: Setting): string => `${setting.help} [${variableOf(setting.flag)}]`;

const flagOf = ({ flag }: Setting): string => flag.split(" ")[0]!;

/** `--id-scope <scope>` is ENROLLEE_ID_SCOPE and, in commander's record and in enrollee.json, idScope. */
function variableOf(flag: string): string {
	return `ENROLLEE_${flag.split(" ")[0]!.slice(2).toUpperCase().replaceAll("-", "_")}`;
}

function nameOf(setting: Setting): string {
	return flagOf(setting)
		.slice(2)
		.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** What may stand in enrollee.json. */
const SETTING_NAMES: readonly string[] = [...SETTINGS, ...RUN_SETTINGS].map(nameOf);

function readText(path: string, source: string, folder = "."): string {
	const file = resolve(folder, path);
	try {
		return readFileSync(file, "utf8");
	} catch (cause) {
		throw new Fault("config.invalid", `${source}: cannot read ${path}`, { cause });
	}
}
