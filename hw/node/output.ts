/** What a command prints: human lines with the time since start, or one JSON object a line (`--json`). */
import type { Log, LogValue } from "../../src/port.ts";

export interface Output {
	readonly json: boolean;
	/** One step of the job, to stdout. */
	readonly log: Log;
	/** A result: `human` as it stands, or `record` as one JSON line. */
	result(human: string, record: Readonly<Record<string, unknown>>): void;
}

export function createOutput(
	json: boolean,
	write: (line: string) => void = (line) => void process.stdout.write(line),
): Output {
	const start = performance.now();
	return {
		json,
		log(step, detail = {}) {
			const seconds = (performance.now() - start) / 1000;
			if (json) write(`${JSON.stringify({ event: step, seconds: Number(seconds.toFixed(3)), ...detail })}\n`);
			else write(`${seconds.toFixed(3).padStart(8)} s  ${step.padEnd(22)} ${describe(detail)}\n`);
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
