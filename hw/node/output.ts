/**
 * What a command prints. Human lines with the time since start (with `-v` the time of day before it), or with `--json` JSON
 * lines and nothing else; with `-q` results and faults only. Faults that end a command go to standard error (cli.ts).
 */
import type { Command } from "commander";
import type { Log, LogValue } from "../../src/port.ts";
import { UsageFault } from "./ending.ts";

/** What every command takes. */
export interface OutputFlags {
	readonly json?: boolean | undefined;
	readonly verbose?: boolean;
	readonly quiet?: boolean;
}

/** What every command takes besides its own. */
export function common(command: Command, json = "one JSON object a line"): Command {
	return command
		.option("--json", `${json}; errors as one JSON object on standard error`)
		.option("-v, --verbose", "the time of day on each line, and what caused a fault")
		.option("-q, --quiet", "results and faults only")
		.hook("preAction", (_, called) => refuseEmpty(called));
}

/** `--state "$FOLDER"` without that variable means no folder, least of all the working one. */
function refuseEmpty(called: Command): void {
	const { args } = called;
	const flags = called.options.filter((option) => {
		const name = option.attributeName();
		return called.getOptionValueSource(name) === "cli" && called.getOptionValue(name) === "";
	});
	const empty = [...flags.map(({ long }) => long), ...(args.includes("") ? ["an argument"] : [])];
	if (empty.length > 0) throw new UsageFault("config.invalid", `${empty.join(", ")}: expected a value, got none`);
}

/** Throws a UsageFault with every one of these flags that is not given, and what else is `missing`. */
export function need(flags: object, names: readonly string[], missing: readonly string[] = []): void {
	const absent = names.filter((name) => !Object.hasOwn(flags, name)).map((name) => `--${name}`);
	if (absent.length + missing.length > 0) throw new UsageFault("config.missing", [...absent, ...missing].join("; "));
}

export interface Output {
	readonly json: boolean;
	/** One step of the job, to stdout. */
	readonly log: Log;
	/** A result: `human` as it stands, or `record` as one JSON line. */
	result(human: string, record: Readonly<Record<string, unknown>>): void;
}

/** Of lines that nobody has read: a step more is counted, and how many there were is said when there is room again. */
const MOST_WAITING = 16 * 1024 * 1024;

export function createOutput(
	{ json = false, verbose = false, quiet = false }: OutputFlags,
	out: { readonly writableLength: number; write(text: string): unknown } = process.stdout,
): Output {
	const start = performance.now();
	const write = (line: string): void => void out.write(line);
	const log: Log = (step, detail = {}) => {
		const seconds = (performance.now() - start) / 1000;
		const time = new Date().toISOString();
		if (json) write(`${JSON.stringify({ event: step, time, seconds: Number(seconds.toFixed(3)), ...detail })}\n`);
		else {
			const day = verbose ? `${time} ` : "";
			write(`${day}${seconds.toFixed(3).padStart(8)} s  ${step.padEnd(22)} ${describe(detail)}\n`);
		}
	};
	let left = 0;
	return {
		json,
		log(step, detail) {
			if (quiet) return;
			if (out.writableLength > MOST_WAITING) return void left++;
			if (left > 0) log("output.behind", { lines: left });
			left = 0;
			log(step, detail);
		},
		result(human, record) {
			write(json ? `${JSON.stringify(record)}\n` : `${human}\n`);
		},
	};
}

function describe(detail: Readonly<Record<string, LogValue>>): string {
	return Object.entries(detail)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}=${value}`)
		.join(" ");
}
