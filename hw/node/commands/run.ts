/** `enrollee run`: the agent on this machine, as it runs on a device. */
import type { Command } from "commander";
import { Agent } from "../../../src/agent.ts";
import { parseConfig } from "../../../src/config.ts";
import { Fault } from "../../../src/fault.ts";
import { clock } from "../clock.ts";
import { fill } from "../entropy.ts";
import { lockFolder } from "../lock.ts";
import { createOutput } from "../output.ts";
import { addSettings, readSettings } from "../settings.ts";
import { openSlot } from "../slot.ts";
import { openStore } from "../store.ts";
import { createWire } from "../wire.ts";

interface RunFlags {
	readonly state: string;
	readonly once?: boolean;
	/** True: the state folder. */
	readonly slots?: string | true;
	readonly telemetry?: string;
	readonly json?: boolean;
}

export function addRun(program: Command): void {
	const command = program
		.command("run")
		.description("Enrol if needed, connect to the hub, send telemetry. Without --once: for ever, until interrupted.")
		.option("--state <folder>", "the device's flash [ENROLLEE_STATE]", process.env.ENROLLEE_STATE ?? ".enrollee")
		.option("--once", "one acknowledged message, then exit; exit 1 with the first fault")
		.option("--slots [folder]", "take updates over the air, into slots as files; default: in the state folder")
		.option("--telemetry <json>", "the message to send", '{"hello":"hub"}')
		.option("--json", "one JSON object a line");
	addSettings(command).action(async (flags: RunFlags & Record<string, unknown>) => run(flags));
}

async function run(flags: RunFlags & Record<string, unknown>): Promise<void> {
	const { log } = createOutput(flags.json === true);
	const config = parseConfig(readSettings(flags));
	const message = parseTelemetry(flags.telemetry ?? "{}");
	const unlock = lockFolder(flags.state, "run");
	let isOver = false;
	let lost: Fault | undefined;
	let agent: Agent | undefined;
	for (const signal of ["SIGINT", "SIGTERM"] as const)
		process.once(signal, () => {
			isOver = true;
			agent?.close();
		});
	// Each turn is a boot: a restart, asked for by the hub or by an update, ends the agent.
	for (let restarting = true; restarting && !isOver; ) {
		restarting = false;
		const restart = (): void => {
			log("restart");
			restarting = true;
			agent?.close();
		};
		const folder = flags.slots === true ? flags.state : flags.slots;
		agent = undefined;
		agent = new Agent({
			wire: createWire(),
			store: openStore(flags.state),
			clock,
			entropy: { fill },
			log,
			config,
			once: flags.once === true,
			slot: folder === undefined ? undefined : openSlot({ folder, restart }),
			restart,
		});
		// An image that is unfit goes back while the agent is being made.
		if (restarting) agent.close();
		agent.telemetry(message, {}, (fault) => {
			lost = fault;
			if (fault) log("telemetry.lost", { code: fault.code, message: fault.message });
			else log("telemetry.acknowledged", { bytes: JSON.stringify(message).length });
		});
		await agent.finished;
	}
	unlock();
	if (lost && flags.once) throw lost;
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
