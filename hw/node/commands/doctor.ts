/** `enrollee doctor`: what could keep a device from working, looked at one by one, with a remedy for each trouble. */
import type { Command } from "commander";
import { Fault } from "../../../src/fault.ts";
import { examine, type Finding } from "../doctor.ts";
import { UsageFault } from "../ending.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, addSettings, type Flags } from "../settings.ts";

export function addDoctor(program: Command): void {
	const command = addRunSettings(program.command("doctor"), ["state"]).description(
		"Examine clock, names, ports, TLS, the stored identity and the tools for boards. Exit 1 where something is wrong, 2 where a setting is.",
	);
	common(addSettings(command)).action(doctor);
}

const MARKS = { good: "ok", note: "note", bad: "BAD" } as const;

async function doctor(flags: Flags & OutputFlags): Promise<void> {
	const output = createOutput(flags);
	const bad: string[] = [];
	await examine(flags, (finding: Finding) => {
		const { name, state, text, remedy } = finding;
		if (state === "bad") bad.push(name);
		if (flags.quiet && state !== "bad") return;
		const help = remedy === undefined ? "" : `\n${" ".repeat(18)}${remedy}`;
		output.result(`${MARKS[state].padEnd(6)}${name.padEnd(12)}${text}${help}`, { event: "doctor", ...finding });
	});
	if (bad.length === 0) return;
	throw new (bad.includes("settings") ? UsageFault : Fault)("host.unfit", bad.join(", "));
}
