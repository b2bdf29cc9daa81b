#!/usr/bin/env node
/** `enrollee`: the command line on Node. Exit 0 success, 1 the job failed, 2 wrong usage. One file a command in commands/. */
import { Command, CommanderError } from "commander";
import { Fault } from "../../src/fault.ts";
import { addBundle } from "./commands/bundle.ts";
import { addCloud } from "./commands/cloud.ts";
import { addCsr } from "./commands/csr.ts";
import { addDemo } from "./commands/demo.ts";
import { addFactory } from "./commands/factory.ts";
import { addRun } from "./commands/run.ts";
import { addShow } from "./commands/show.ts";

const program = new Command("enrollee")
	.description("Device agent: makes its own identity, enrols through Azure DPS with a CSR, works with IoT Hub.")
	.exitOverride()
	.showHelpAfterError("(enrollee --help shows everything)");

addRun(program);
addDemo(program);
addCsr(program);
addShow(program);
addCloud(program);
addBundle(program);
addFactory(program);

try {
	await program.parseAsync();
} catch (thrown) {
	process.exitCode = report(thrown);
}

/** Prints what went wrong and what to do about it; gives the exit code. */
function report(thrown: unknown): number {
	if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
	if (thrown instanceof Fault) {
		process.stderr.write(`enrollee: ${thrown.message}\n  ${thrown.remedy}\n`);
		return thrown.room === "config" ? 2 : 1;
	}
	process.stderr.write(`enrollee: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
	return 1;
}
