/** `enrollee run`: the agent on this machine, as it runs on a device. */
import type { Command } from "commander";
import { Agent } from "../../../src/agent.ts";
import { parseConfig } from "../../../src/config.ts";
import { Fault } from "../../../src/fault.ts";
import { clock } from "../clock.ts";
import { fill } from "../entropy.ts";
import { createOutput } from "../output.ts";
import { addSettings, readSettings } from "../settings.ts";
import { openStore } from "../store.ts";
import { createWire } from "../wire.ts";

interface RunFlags {
	readonly state: string;
	readonly once?: boolean;
	readonly telemetry?: string;
	readonly json?: boolean;
}

export function addRun(program: Command): void {
	const command = program
		.command("run")
		.description("Enrol if needed, connect to the hub, send telemetry. Without --once: for ever, until interrupted.")
		.option("--state <folder>", "the device's flash [ENROLLEE_STATE]", process.env.ENROLLEE_STATE ?? ".enrollee")
		.option("--once", "one acknowledged message, then exit; exit 1 with the first fault")
		.option("--telemetry <json>", "the message to send", '{"hello":"hub"}')
		.option("--json", "one JSON object a line");
	addSettings(command).action(async (flags: RunFlags & Record<string, unknown>) => run(flags));
}

async function run(flags: RunFlags & Record<string, unknown>): Promise<void> {
	const output = createOutput(flags.json === true);
	const config = parseConfig(readSettings(flags));
	const message = parseTelemetry(flags.telemetry ?? "{}");
	const agent = new Agent({
		wire: createWire(),
		store: openStore(flags.state),
		clock,
		entropy: { fill },
		log: output.log,
		config,
		once: flags.once === true,
	});
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => agent.close());
	agent.telemetry(message, {}, (fault) => {
		if (fault) output.log("telemetry.lost", { code: fault.code });
		else output.log("telemetry.acknowledged", { bytes: JSON.stringify(message).length });
	});
	await agent.finished;
}

function parseTelemetry(text: string): object {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null) return value;
	} catch {
		// The same Fault as for a number or a text.
	}
	throw new Fault("config.invalid", "--telemetry: expected a JSON object or array");
}
