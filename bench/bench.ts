/**
 * `npm run bench -- [crypto] [mqtt] [agent] [wake] [story] [cloud] [start] [--json] [--check] [--write]`: what things cost on XS, the
 * cloud beside mosquitto, the command line beside Node itself; without a name, all.
 *
 * Prints tables; with --json its last line is one JSON object with what ran. --check compares with bench/budgets.json and
 * fails, with both numbers, where a number differs by more than 5 %, or is over a bound of its own. --write makes the budgets of what ran anew.
 * --default-table also runs stock noble with the table that no device has room for, --creation the story in heaps of other sizes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { skip } from "../hw/simulator/harness.ts";
import { measureAgent } from "./agent/agent.ts";
import { formatAgent } from "./agent/format.ts";
import { compare } from "./budgets.ts";
import { missing as cloudMissing, measureCloud, tooDear } from "./cloud/cloud.ts";
import { formatCloud } from "./cloud/format.ts";
import { measureCrypto, measureDefaultTable, tooSlow } from "./crypto/crypto.ts";
import { formatCrypto } from "./crypto/format.ts";
import { formatMqtt, measureMqtt } from "./mqtt/mqtt.ts";
import { formatStart } from "./start/format.ts";
import { measureStart, tooLate } from "./start/start.ts";
import { formatCreation, measureCreation } from "./story/creation.ts";
import { formatStory } from "./story/format.ts";
import { measureStory, missing as storyMissing, tooMuch } from "./story/story.ts";
import { formatWake, measureWake } from "./wake/wake.ts";

const BUDGETS = new URL("budgets.json", import.meta.url);

interface Bench {
	/** What it lacks here. */
	readonly missing: string | false;
	/** Compared with bench/budgets.json; else it has bounds of its own. */
	readonly budgeted: boolean;
	/** By CPU time, which depends on what else the machine does; else by counts, which do not. */
	readonly timed: boolean;
	run(): Promise<{ readonly result: object; readonly table: string; readonly failures: readonly string[] }>;
}

const valgrind = spawnSync("valgrind", ["--version"]).error ? "SKIPPED: no valgrind" : false;
const mbedtls = existsSync("/usr/include/mbedtls/ecdsa.h") ? false : "SKIPPED: no libmbedtls-dev";
const bench = <T extends object>(
	missing: string | false,
	measure: () => Promise<T>,
	format: (result: T) => string,
	fail: (result: T) => readonly string[] = () => [],
	{ budgeted = true, timed = false } = {},
): Bench => ({
	missing,
	budgeted,
	timed,
	async run() {
		const result = await measure();
		return { result, table: format(result), failures: fail(result) };
	},
});

const BENCHES: Readonly<Record<string, Bench>> = {
	crypto: bench(skip || valgrind || mbedtls, measureCrypto, formatCrypto, tooSlow),
	mqtt: bench(skip || valgrind, measureMqtt, formatMqtt),
	agent: bench(skip, measureAgent, formatAgent),
	wake: bench(skip || valgrind, measureWake, formatWake),
	story: bench(storyMissing() || valgrind, measureStory, formatStory, tooMuch, { budgeted: false }),
	cloud: bench(cloudMissing(), () => measureCloud(), formatCloud, tooDear, { budgeted: false, timed: true }),
	start: bench(
		process.platform === "linux" ? false : "SKIPPED: CPU is counted by Linux",
		measureStart,
		formatStart,
		tooLate,
		{ budgeted: false, timed: true },
	),
};

const USAGE = `npm run bench -- [${Object.keys(BENCHES).join("] [")}] [options]; without a name, all
  --check          fails where a number is over its bound, or differs by more than 5 % from bench/budgets.json
  --write          makes the budgets of what runs anew
  --json           ends with one line of JSON
  --default-table  also runs stock noble with the table that no device has room for
  --creation       also runs the story in heaps of other sizes`;

const { values: options, positionals } = read();
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (options.help) console.log(USAGE);
else if (unknown.length > 0) refuse(`no such bench: ${unknown.join(" ")}`);
else await run();

function read() {
	const flag = { type: "boolean" } as const;
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				help: { ...flag, short: "h" },
				json: flag,
				check: flag,
				write: flag,
				"default-table": flag,
				creation: flag,
			},
		});
	} catch (thrown) {
		refuse((thrown as Error).message);
		process.exit();
	}
}

function refuse(message: string): void {
	console.error(`bench: ${message}\n${USAGE}`);
	process.exitCode = 2;
}

async function run(): Promise<void> {
	const results: Record<string, object> = {};
	const failures: string[] = [];
	const measure = async (name: string) => {
		const { missing, run } = BENCHES[name]!;
		return { name, ...(missing ? { table: `${name}: ${missing}` } : await run()) };
	};
	// Counts all at once, times by themselves.
	const measured = await Promise.all(names.filter((name) => !BENCHES[name]!.timed).map(measure));
	for (const name of names) if (BENCHES[name]!.timed) measured.push(await measure(name));
	for (const { name, table, ...rest } of measured) {
		console.log(`${table}\n`);
		if (!("result" in rest)) continue;
		if (BENCHES[name]!.budgeted) results[name] = rest.result;
		failures.push(...rest.failures);
	}
	if (options.creation) console.log(`${formatCreation(await measureCreation())}\n`);
	if (options["default-table"]) console.log("stock noble, default table", await measureDefaultTable());

	const budgets = JSON.parse(readFileSync(BUDGETS, "utf8"));
	if (options.write) writeFileSync(BUDGETS, `${JSON.stringify({ ...budgets, ...results }, undefined, "\t")}\n`);
	if (options.check) {
		for (const [name, result] of Object.entries(results))
			failures.push(...compare(budgets[name] ?? {}, result, `${name}.`));
		for (const line of failures) console.error(line);
		if (failures.length > 0) process.exitCode = 1;
	}
	if (options.json) console.log(JSON.stringify(results));
}
