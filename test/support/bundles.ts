/** `enrollee bundle` in this process: a new one for each call would take a second. For tests only. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { mock } from "node:test";
import { Command, CommanderError } from "commander";
import { addBundle } from "../../hw/node/commands/bundle.ts";
import { Fault } from "../../src/fault.ts";

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
	const mocks = [capture(process.stdout, "out"), capture(process.stderr, "progress")];
	try {
		await capturing.run(written, () => program.parseAsync(["bundle", ...options], { from: "user" }));
		return { code: 0, ...written, err: "" };
	} catch (thrown) {
		const isUsage = thrown instanceof CommanderError || (thrown instanceof Fault && thrown.room === "config");
		assert.ok(isUsage || thrown instanceof Fault, String(thrown));
		return { code: isUsage ? 2 : 1, ...written, err: (thrown as Error).message };
	} finally {
		for (const { mock } of mocks) mock.restore();
	}
}

/** What is written in the name of a command; the test runner writes, too. */
const capturing = new AsyncLocalStorage<{ out: string; progress: string }>();

function capture(stream: NodeJS.WriteStream, into: "out" | "progress") {
	const write = stream.write.bind(stream);
	return mock.method(stream, "write", (text: string) => {
		const written = capturing.getStore();
		if (written === undefined) return write(text);
		written[into] += text;
		return true;
	});
}

/** Gives what it prints. */
export async function expect(code: number, options: readonly string[], error?: RegExp): Promise<string> {
	const run = await enrollee(...options);
	assert.equal(run.code, code, run.err);
	if (error !== undefined) assert.match(run.err, error);
	return run.out;
}
