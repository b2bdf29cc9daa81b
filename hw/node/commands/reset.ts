/** `enrollee reset`: the stored identity given up, for good. */
import { statSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { STARTS_RECORD } from "../../../src/base/starts.ts";
import { Fault } from "../../../src/fault.ts";
import { Journal } from "../../../src/identity/journal.ts";
import { lockFolder } from "../lock.ts";
import { IDENTITY_BLOBS } from "../origin.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, type Flags, stateFolder } from "../settings.ts";
import { openStore } from "../store.ts";

export function addReset(program: Command): void {
	const command = addRunSettings(program.command("reset"), ["state"])
		.description("Remove the stored identity, its key included. Other files of the folder stay. It cannot be undone.")
		.option("--yes", "do not ask");
	common(command, "one JSON object").action(reset);
}

async function reset(flags: Flags & OutputFlags): Promise<void> {
	const folder = stateFolder(flags);
	if (statSync(folder, { throwIfNoEntry: false }) === undefined)
		throw new Fault("store.empty", `${folder} does not exist`);
	const unlock = lockFolder(folder, "reset");
	const store = openStore(folder);
	const there = IDENTITY_BLOBS.filter((name) => store.get(name) !== undefined);
	if (there.length === 0) throw new Fault("store.empty", `${folder} holds no identity`);
	const { current, candidate } = new Journal(store).load();
	const who = (current ?? candidate)?.registrationId ?? "a key without a certificate";
	if (flags.yes !== true && !(await isConfirmed(`Remove the identity of ${who} from ${folder}, key included? [y/N] `)))
		throw new Fault("config.missing", "--yes: nothing was removed");
	for (const name of [...there, STARTS_RECORD]) store.delete(name);
	unlock();
	createOutput(flags).result(`${folder}: the identity of ${who} is removed`, { event: "reset", folder, identity: who });
}

/** Without a terminal nobody can be asked: no. */
async function isConfirmed(question: string): Promise<boolean> {
	if (!process.stdin.isTTY) return false;
	const asking = createInterface({ input: process.stdin, output: process.stderr });
	try {
		return /^y(es)?$/i.test((await asking.question(question)).trim());
	} finally {
		asking.close();
	}
}
