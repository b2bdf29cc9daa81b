/** `enrollee bundle` in this process: a new one for each call would take a second. For tests only. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import { Command, CommanderError } from "commander";
import { addBundle } from "../hw/node/commands/bundle.ts";
import { Fault } from "../src/fault.ts";

export interface Ran {
	readonly code: number;
	readonly out: string;
	/** The message of what was thrown. */
	readonly err: string;
	/** What was printed to stderr on the way. */
	readonly progress: string;
}

export async function enrollee(...options: string[]): Promise<Ran> {
	const program = new Command("enrollee").exitOverride().configureOutput({ writeErr: () => {} });
	addBundle(program);
	for (const command of program.commands[0]!.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
	const written = { out: "", progress: "" };
	const stdout = mock.method(process.stdout, "write", (text: string) => {
		written.out += text;
		return true;
	});
	const stderr = mock.method(process.stderr, "write", (text: string) => {
		written.progress += text;
		return true;
	});
	try {
		await program.parseAsync(["bundle", ...options], { from: "user" });
		return { code: 0, ...written, err: "" };
	} catch (thrown) {
		const isUsage = thrown instanceof CommanderError || (thrown instanceof Fault && thrown.room === "config");
		assert.ok(isUsage || thrown instanceof Fault, String(thrown));
		return { code: isUsage ? 2 : 1, ...written, err: (thrown as Error).message };
	} finally {
		stdout.mock.restore();
		stderr.mock.restore();
	}
}

/** Gives what it prints. */
export async function expect(code: number, options: readonly string[], error?: RegExp): Promise<string> {
	const run = await enrollee(...options);
	assert.equal(run.code, code, run.err);
	if (error !== undefined) assert.match(run.err, error);
	return run.out;
}
