/**
 * npm run lives -- --lives N --years Y --seed S [--threads T] [--plot FILE] [--json] [--only K]
 *
 * Prints what the lives came to, and on standard error every few seconds how many are lived; with --json the last line is one JSON object. --only K lives through life number K alone
 * and prints its trace. Exit 1 after a violation.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { isReal, REAL_EVERY, runLives } from "./lives.ts";
import { plot } from "./plot.ts";
import { choose } from "./stand-in/choose.ts";
import { summary } from "./summary.ts";

const { values } = parseArgs({
	options: {
		lives: { type: "string", default: "200" },
		years: { type: "string", default: "10" },
		seed: { type: "string", default: String(Date.now() % 1_000_000) },
		threads: { type: "string", default: "2" },
		plot: { type: "string", default: "build/lives.svg" },
		json: { type: "boolean", default: false },
		only: { type: "string" },
	},
});
const [lives, years, seed, threads] = [values.lives, values.years, values.seed, values.threads].map(Number) as [
	number,
	number,
	number,
	number,
];
if (![lives, years, seed, threads].every((number) => number >= 0)) throw new RangeError("expected numbers");

const PROGRESS_SECONDS = 2;

process.exitCode = (values.only === undefined ? await all() : await one(Number(values.only))) ? 0 : 1;

async function all(): Promise<boolean> {
	const began = process.hrtime.bigint();
	const elapsed = (): number => Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000;
	let lived = 0;
	let next = PROGRESS_SECONDS;
	const results = await runLives({
		lives,
		years,
		seed,
		threads,
		onLife: ({ seed: own, violations }) => {
			lived++;
			if (elapsed() >= next) {
				process.stderr.write(`${elapsed().toFixed(0).padStart(5)} s  ${lived} of ${lives} lives\n`);
				next = elapsed() + PROGRESS_SECONDS;
			}
			for (const violation of violations) console.log(`VIOLATION ${violation} (--seed ${seed} --only ${own - seed})`);
		},
	});
	const seconds = elapsed();
	const total = summary(results);
	mkdirSync(dirname(values.plot), { recursive: true });
	writeFileSync(values.plot, plot(results, { years, seed }));
	if (!values.json) {
		console.log(`${lives} lives of ${years} years, seed ${seed}, ${seconds} s on ${threads} threads`);
		console.log(`cryptography: stand-in keys; the device's own in one life of ${REAL_EVERY}`);
		for (const [name, value] of Object.entries(total)) console.log(`${name.padEnd(22)} ${value}`);
		console.log(`plot: ${values.plot}`);
	} else console.log(JSON.stringify({ ...total, years, seed, seconds, plot: values.plot }));
	const firstBad = results.find(({ violations }) => violations.length > 0);
	if (firstBad)
		console.error(`a trace: npm run lives -- --years ${years} --seed ${seed} --only ${firstBad.seed - seed}`);
	return firstBad === undefined;
}

async function one(number: number): Promise<boolean> {
	choose({ cheap: !isReal(number) });
	const { live } = await import("./life.ts");
	const { renewedAt: _r, reenrolledAt: _e, ...result } = await live(seed + number, years, (line) => console.log(line));
	console.log(JSON.stringify(result));
	return result.violations.length === 0;
}
