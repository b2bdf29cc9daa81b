/**
 * Power cuts at any instruction of enrolments, renewals and updates of an emulated ESP32-C3: about a hundred in ten minutes, a thousand
 * with SWEEP=1. The table in docs/board.md is what the last test prints.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { SEED, sampled } from "../support/random.ts";
import { type Cut, countCuts, liveThroughCuts, placeOf, rangesOf } from "./cuts.ts";
import { STAGES } from "./stage.ts";

const found = findTools();
const tools = found as Tools;
/** Eight cuts each, or some more. */
const LIVES = sampled(108, 11);
const FIRST = SEED * 1000;

describe("power cuts, emulated", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	let firmware: Firmware;
	const cuts: Cut[] = [];
	before(async () => {
		firmware = await buildFirmware(tools);
	});

	for (let seed = FIRST; seed < FIRST + LIVES; seed++)
		test(`seed ${seed}: every start after a cut ends connected, and nothing is lost`, async (t) => {
			const life = await liveThroughCuts(tools, firmware, seed);
			cuts.push(...life);
			t.diagnostic(`${life.length} cuts, ${cuts.length} in all: ${life.map(placeOf).join(", ")}`);
		});

	test("the cuts fall all over an enrolment and a renewal", () => {
		for (const stage of ["enrolment", "renewal"] as const) {
			const [least, most] = rangesOf(cuts)[stage]!.since;
			const whole = STAGES[stage].instructions / 1e6;
			assert.ok(least < whole / 4 && most > (whole * 3) / 4, `${stage}: ${least} to ${most} of ${whole} million`);
		}
	});

	after(() => {
		for (const said of [countCuts(cuts), rangesOf(cuts)])
			process.stderr.write(`${cuts.length} cuts: ${JSON.stringify(said)}\n`);
	});
});
