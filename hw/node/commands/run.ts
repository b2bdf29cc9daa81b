/** `enrollee run`: the agent on this machine, as it runs on a device. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { Agent } from "../../../src/agent.ts";
import { Fault } from "../../../src/fault.ts";
import { clock } from "../clock.ts";
import { UsageFault } from "../ending.ts";
import { fill } from "../entropy.ts";
import { createFaultLog } from "../fault-log.ts";
import { lockFolder } from "../lock.ts";
import { checkOrigin, isEnrolled } from "../origin.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import {
	addRunSettings,
	addSettings,
	configure,
	type Flags,
	type InForce,
	runSetting,
	stateFolder,
} from "../settings.ts";
import { RUN_DEFAULTS } from "../settings-table.ts";
import { openSlot } from "../slot.ts";
import { openStore } from "../store.ts";
import { type Sender, startSender } from "../telemetry-source.ts";
import { createWire } from "../wire.ts";

/** When the user ends the program: what is queued has so long to leave, then the connection until the second time to end in order. */
const LEAVING_MS = { queue: 1500, connection: 2000 } as const;

export function addRun(program: Command): void {
	const command = addRunSettings(program.command("run"))
		.description("Enrol if needed, connect to the hub, send telemetry. Without --once: for ever, until interrupted.")
		.option("--re-enrol", "set a stored identity aside and enrol anew");
	common(addSettings(command)).action(run);
}

async function run(flags: Flags & OutputFlags): Promise<void> {
	const faults = createFaultLog(createOutput(flags).log);
	try {
		await live(flags, faults.log);
		faults.end();
	} catch (thrown) {
		faults.end(thrown instanceof Fault ? thrown : undefined);
		throw thrown;
	}
}

async function live(flags: Flags, write: ReturnType<typeof createFaultLog>["log"]): Promise<void> {
	const folder = stateFolder(flags);
	const config = configure(flags, { onboarding: flags.reEnrol === true || !isEnrolled(folder) });
	const telemetry = runSetting(flags, "telemetry");
	const intervalSeconds = secondsOf(flags);
	const once = isOn(flags, "once");
	const isStream = telemetry?.value === "-";
	let ending = false;
	const log: typeof write = (step, detail) => {
		// That the user ends it is no fault of anything under way.
		if (!(ending && step === "fault" && detail?.code === "agent.closed")) write(step, detail);
	};
	const unlock = lockFolder(folder, "run");
	checkOrigin(folder, openStore(folder), config, log, flags.reEnrol === true);

	let agent: Agent | undefined;
	let failure: Fault | undefined;
	const early: (() => void)[] = [];
	const sender: Sender = startSender({
		send: (message, done) =>
			agent ? agent.telemetry(message, {}, done) : early.push(() => agent?.telemetry(message, {}, done)),
		log,
		telemetry: telemetry?.value ?? RUN_DEFAULTS.telemetry,
		source: telemetry?.source ?? "--telemetry",
		intervalSeconds,
		most: Math.max(1, config.queue.messages >> 1),
	});
	let abandon = (): void => {};
	const abandoned = new Promise<void>((resolve) => {
		abandon = resolve;
	});
	const leave = (): void => {
		if (ending) abandon();
		ending = true;
		sender.stop();
		setTimeout(() => agent?.close(), LEAVING_MS.queue).unref();
		setTimeout(abandon, LEAVING_MS.connection).unref();
		void sender.finished.then(() => agent?.close());
	};
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, leave);
	if (isStream) void sender.finished.then(leave);

	// Each turn is a boot: a restart, asked for by the hub or by an update, ends the agent.
	for (let restarting = true; restarting && !ending; ) {
		restarting = false;
		const restart = (): void => {
			log("restart");
			restarting = true;
			agent?.close();
		};
		const slots = slotsFolder(flags, folder);
		agent = undefined;
		const started: Agent = new Agent({
			wire: createWire(),
			store: openStore(folder),
			clock,
			entropy: { fill },
			log,
			config,
			// Lines may still come when the queue is empty for a moment.
			once: once && !isStream,
			slot: slots === undefined ? undefined : openSlot({ folder: slots, restart }),
			restart,
			onState(state, fault) {
				if (state !== "waiting" || !once || !isStream) return;
				failure = fault;
				started.close();
			},
		});
		agent = started;
		// An image that is unfit goes back while the agent is being made.
		if (restarting) agent.close();
		for (const send of early.splice(0)) send();
		await Promise.race([agent.finished, abandoned]);
	}
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, leave);
	const unsent = sender.waiting;
	if (unsent > 0 && !failure) log("telemetry.unsent", { messages: unsent });
	sender.stop();
	unlock();
	failure ??= once || isStream ? sender.lost : undefined;
	if (failure) throw failure;
	// A peer that does not answer keeps its connection for some seconds, and the process with it.
	if (ending) setTimeout(() => process.exit(), 0);
}

function secondsOf(flags: Flags): number | undefined {
	const interval = runSetting(flags, "interval");
	if (interval === undefined) return undefined;
	const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(interval.value) ? Number(interval.value) : 0;
	if (seconds < 0.1 || seconds > 604_800)
		throw new UsageFault("config.invalid", `${interval.source}: expected 0.1 to 604800 seconds`);
	return seconds;
}

function isOn(flags: Flags, name: string): boolean {
	const setting = runSetting(flags, name);
	if (setting === undefined) return false;
	const value = asSwitch(setting);
	if (value === undefined) throw new UsageFault("config.invalid", `${setting.source}: expected true or false`);
	return value;
}

/** As a variable or in the file: true, 1, false, 0. */
function asSwitch({ value }: InForce): boolean | undefined {
	if (/^(true|1|yes)$/.test(value)) return true;
	return /^(false|0|no)$/.test(value) ? false : undefined;
}

function slotsFolder(flags: Flags, state: string): string | undefined {
	const slots = runSetting(flags, "slots");
	const isPlain = slots && asSwitch(slots);
	if (slots === undefined || isPlain === false) return undefined;
	return isPlain ? state : resolve(slots.folder ?? ".", slots.value);
}
