/** `enrollee doctor`: what could keep a device from working, looked at one by one, with a remedy for each trouble. */
import type { Command } from "commander";
import { examine, type Finding } from "../doctor.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, addSettings, type Flags } from "../settings.ts";

export function addDoctor(program: Command): void {
	const command = addRunSettings(program.command("doctor"), ["state"]).description(
		"Examine clock, names, ports, TLS, the stored identity and the tools for boards. Exit 1 where something is wrong.",
	);
	common(addSettings(command)).action(doctor);
}

const MARKS = { good: "ok", note: "note", bad: "BAD" } as const;

async function doctor(flags: Flags & OutputFlags): Promise<void> {
	const output = createOutput(flags);
	let bad = 0;
	await examine(flags, (finding: Finding) => {
		const { name, state, text, remedy } = finding;
		if (state === "bad") bad++;
		if (flags.quiet && state !== "bad") return;
		const help = remedy === undefined ? "" : `\n${" ".repeat(18)}${remedy}`;
		output.result(`${MARKS[state].padEnd(6)}${name.padEnd(12)}${text}${help}`, { event: "doctor", ...finding });
	});
	if (bad > 0) process.exitCode = 1;
}
