/** `enrollee config`: the settings in force, and where each comes from. Secrets are not shown. */
import type { Command } from "commander";
import { DEFAULTS } from "../../../src/config.ts";
import { masked } from "../masked.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, addSettings, type Flags, inForce } from "../settings.ts";
import { RUN_DEFAULTS } from "../settings-table.ts";

export function addConfig(program: Command): void {
	const command = program
		.command("config")
		.description(
			"Settings in force and their sources: a flag, else ENROLLEE_*, else AZ_IOT_*, else enrollee.json in the working " +
				"folder or above it, else the default. Secrets are masked.",
		);
	common(addRunSettings(addSettings(command)), "one JSON object").action(show);
}

const MASK = "********";

function show(flags: Flags & OutputFlags): void {
	const given = inForce(flags).map(({ name, setting, value, source }) => ({
		name,
		value: setting.secret ? MASK : masked(value),
		source,
	}));
	const defaults = Object.entries({ ...RUN_DEFAULTS, ...DEFAULTS })
		.filter(([name]) => !given.some((it) => it.name === name))
		.map(([name, value]) => ({ name, value: value as string, source: "default" }));
	const settings = [...given, ...defaults];
	const width = Math.max(...settings.map(({ name }) => name.length)) + 2;
	const valueWidth = Math.max(...settings.map(({ value }) => value.length)) + 2;
	const human = settings.map(({ name, value, source }) => `${name.padEnd(width)}${value.padEnd(valueWidth)}${source}`);
	createOutput(flags).result(human.join("\n"), { event: "config", settings });
}
