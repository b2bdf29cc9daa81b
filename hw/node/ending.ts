/** How a command ends: 0 success, 1 the job failed, 2 wrong usage; what failed, once, on standard error. */
import { CommanderError } from "commander";
import { Fault } from "../../src/fault.ts";
import { masked } from "./masked.ts";
import type { OutputFlags } from "./output.ts";

/** A Fault of what the user gave, whatever its code: exit 2. */
export class UsageFault extends Fault {}

/** What Node and the system throw at a command, as a Fault that says what to do; anything else stays as it is. */
export function asFault(thrown: unknown): unknown {
	if (thrown instanceof Fault) return thrown;
	const {
		code = "",
		syscall,
		path,
		port,
		address,
	} = thrown as NodeJS.ErrnoException & { port?: number; address?: string };
	if (syscall === "listen" || syscall === "bind" || code === "EADDRINUSE")
		return new Fault("host.port", `${address ?? ""}:${port ?? ""}: ${portTrouble(code)}`, { cause: thrown });
	if (syscall !== undefined && /^E[A-Z]+$/.test(code))
		return new Fault("store.failed", `${path ?? syscall}: ${code}`, { cause: thrown });
	return thrown;
}

/** Of standard output. */
export function outputFault(cause: NodeJS.ErrnoException): Fault {
	return new Fault("host.output", cause.code === "EPIPE" ? "the output was closed" : `the output: ${cause.code}`, {
		cause,
	});
}

function portTrouble(code: string): string {
	if (code === "EADDRINUSE") return "something listens there already";
	return code === "EACCES" ? "this user may not listen there" : code;
}

const SEE_HELP = "enrollee --help shows the commands, enrollee COMMAND --help its flags.";

/** Prints what went wrong and what to do about it, or with `--json` one JSON object; gives the exit code. */
export function report(raised: unknown, { json = false, verbose = false }: OutputFlags): number {
	const thrown = asFault(raised);
	if (thrown instanceof CommanderError) {
		if (thrown.exitCode === 0) return 0;
		const isBare = thrown.code === "commander.help"; // which has been shown, where a person reads
		const message = isBare ? "a command is missing" : thrown.message.replace(/^error: /, "");
		const fault = new Fault(isBare ? "config.missing" : "config.invalid", message);
		if (json) write({ code: fault.code, message: fault.message, remedy: SEE_HELP });
		else if (!isBare) say(`enrollee: ${fault.message}\n  ${SEE_HELP}\n`);
		return 2;
	}
	if (thrown instanceof Fault) {
		const { code, message, remedy } = thrown;
		if (json) write({ code, message, remedy });
		else say(`enrollee: ${message}\n  ${remedy}\n${verbose ? causes(thrown) : ""}`);
		return thrown instanceof UsageFault || thrown.room === "config" ? 2 : 1;
	}
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	const remedy = "A defect of enrollee: report it, with the trace that --verbose shows.";
	if (json) write({ code: "agent.failed", message, remedy });
	else say(`enrollee: agent.failed: ${message}\n  ${remedy}\n${verbose ? causes(thrown) : ""}`);
	return 1;
}

function write(error: Readonly<Record<string, string>>): void {
	say(`${JSON.stringify({ event: "error", ...error })}\n`);
}

/** On standard error, without what looks like a key: a message may quote what the user gave, and keys are given by mistake. */
function say(text: string): void {
	process.stderr.write(masked(text));
}

function causes(thrown: unknown): string {
	let text = "";
	for (let at = thrown, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) text += `  ${at.stack}\n`;
	return text;
}
