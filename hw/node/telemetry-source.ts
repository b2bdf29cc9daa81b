/** What `enrollee run` sends: one message, the same one at an interval, or each line of standard input. */
import { Fault } from "../../src/fault.ts";
import type { Log } from "../../src/port.ts";
import { UsageFault } from "./ending.ts";

/** Hands a message to the agent there is; `done` when it has been acknowledged, or with why it never will be. */
export type Send = (message: object, done: (fault?: Fault) => void) => void;

export interface Sender {
	/** Nothing more will be sent, and all that was is settled. */
	readonly finished: Promise<void>;
	/** Not yet settled. */
	readonly waiting: number;
	/** Why a message was lost, the first one. */
	readonly lost: Fault | undefined;
	/** No further messages. */
	stop(): void;
}

export interface SenderOptions {
	readonly send: Send;
	readonly log: Log;
	/** JSON, or "-". */
	readonly telemetry: string;
	readonly intervalSeconds: number | undefined;
	/** Lines are read no further while so many messages wait. */
	readonly most: number;
	/** Where the telemetry setting stands, for its Fault. */
	readonly source: string;
}

/** Throws UsageFault config.invalid. */
export function startSender({ send, log, telemetry, intervalSeconds, most, source }: SenderOptions): Sender {
	let waiting = 0;
	let lost: Fault | undefined;
	let stopped = false;
	let finish = (): void => {};
	let resume = (): void => {};
	const finished = new Promise<void>((resolve) => {
		finish = resolve;
	});
	const post = (message: object): void => {
		waiting++;
		send(message, (fault) => {
			waiting--;
			lost ??= fault;
			if (fault) log("telemetry.lost", { code: fault.code, message: fault.message });
			else log("telemetry.acknowledged", { bytes: JSON.stringify(message).length });
			if (waiting < most) resume();
			if (stopped && waiting === 0) finish();
		});
	};
	let stop = (): void => {
		stopped = true;
		if (waiting === 0) finish();
	};
	if (telemetry === "-") {
		const end = stop;
		const refuse = (line: number, message: string): void => {
			lost ??= new Fault("hub.invalid", `standard input, line ${line}: ${message}`);
			log("telemetry.refused", { line, message });
		};
		const pump = async (): Promise<void> => {
			let line = 0;
			for await (const text of linesOf(process.stdin)) {
				line++;
				if (stopped) break;
				if (text === undefined) {
					refuse(line, `more than ${MOST_LINE} characters`);
					continue;
				}
				if (text.trim() === "") continue;
				const message = parse(text);
				if (message) post(message);
				else refuse(line, "no JSON object or array");
				while (waiting >= most && !stopped)
					await new Promise<void>((resolve) => {
						resume = resolve;
					});
			}
		};
		void pump()
			.catch((cause: NodeJS.ErrnoException) => {
				// To end it while it waits for more is an error to Node.
				if (!stopped) lost ??= new UsageFault("config.invalid", `${source}: standard input: ${cause.code}`, { cause });
			})
			.finally(end);
		stop = () => {
			end();
			resume();
			process.stdin.destroy();
		};
	} else {
		const message = parse(telemetry);
		if (message === undefined) throw new UsageFault("config.invalid", `${source}: expected a JSON object or array`);
		post(message);
		if (intervalSeconds !== undefined) {
			const timer = setInterval(() => {
				if (waiting < most) post(message);
			}, intervalSeconds * 1000);
			const end = stop;
			stop = () => {
				clearInterval(timer);
				end();
			};
		}
	}
	return {
		finished,
		stop: () => stop(),
		get waiting() {
			return waiting;
		},
		get lost() {
			return lost;
		},
	};
}

/** Longer than any message may be (IoT Hub takes 256 KB): nobody's memory is filled by what never ends. */
const MOST_LINE = 262_144;

/** In place of a line that is longer undefined, once. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string | undefined> {
	let rest = "";
	let isSkipped = false;
	for await (const chunk of input.setEncoding("utf8")) {
		const [first = "", ...others] = String(chunk).split("\n");
		rest += isSkipped ? "" : first;
		for (const next of others) {
			if (!isSkipped) yield rest.length > MOST_LINE ? undefined : rest;
			isSkipped = false;
			rest = next;
		}
		if (rest.length <= MOST_LINE) continue;
		yield undefined;
		isSkipped = true;
		rest = "";
	}
	if (rest !== "") yield rest;
}

function parse(text: string): object | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
}
