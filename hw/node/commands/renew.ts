/** `enrollee renew`: the certificate renewed now, and the new one proven in a connection. */
import type { Command } from "commander";
import { Agent } from "../../../src/agent.ts";
import { Fault } from "../../../src/fault.ts";
import { Journal } from "../../../src/identity/journal.ts";
import { clock } from "../clock.ts";
import { fill } from "../entropy.ts";
import { createFaultLog } from "../fault-log.ts";
import { lockFolder } from "../lock.ts";
import { checkOrigin } from "../origin.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, addSettings, configure, type Flags, stateFolder } from "../settings.ts";
import { openStore } from "../store.ts";
import { createWire } from "../wire.ts";

export function addRenew(program: Command): void {
	const command = addRunSettings(program.command("renew"), ["state"]).description(
		"Renew the certificate now, without waiting for its time; exit 1 where the old one had to stay.",
	);
	common(addSettings(command)).action(renew);
}

async function renew(flags: Flags & OutputFlags): Promise<void> {
	const output = createOutput(flags);
	const config = configure(flags);
	const folder = stateFolder(flags);
	const unlock = lockFolder(folder, "renew");
	const store = openStore(folder);
	const journal = new Journal(store);
	const before = journal.load().current;
	if (before === undefined) throw new Fault("store.empty", `${folder} holds no proven credential`);
	let last: Fault | undefined;
	const faults = createFaultLog(output.log);
	checkOrigin(folder, store, config, faults.log);
	const agent = new Agent({
		wire: createWire(),
		store,
		clock,
		entropy: { fill },
		log: faults.log,
		config,
		once: true,
		onState(_state, fault) {
			last = fault ?? last;
		},
	});
	agent.renew();
	try {
		await agent.finished;
	} catch (thrown) {
		faults.end(thrown instanceof Fault ? thrown : undefined);
		throw thrown;
	}
	faults.end();
	const after = journal.load().current;
	unlock();
	if (after === undefined || after.sequence === before.sequence)
		throw last ?? new Fault("agent.failed", "the certificate was not renewed; the steps above say why");
	const notAfter = new Date(after.notAfter).toISOString();
	output.result(`renewed: sequence ${after.sequence}, until ${notAfter}`, {
		event: "renewed",
		sequence: after.sequence,
		notAfter,
	});
}
