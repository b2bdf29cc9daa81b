/**
 * What a peer may send over TLS whose records are as large as the device takes them, by a server that does not know max_fragment_length:
 * such a record is held whole beside everything else. In machines that cannot grow; hostile.test.ts has the same rows in records of 1 KB.
 * SWEEP=1: all phases.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type App, skip } from "../../hw/simulator/harness.ts";
import { recordBytes } from "../../src/mqtt/header.ts";
import { HostileCloud } from "../support/hostile/cloud.ts";
import { endOf, judge } from "../support/hostile/judge.ts";
import { buildWithoutLimit } from "../support/hostile/machine.ts";
import { AS_SMALL, playOn } from "../support/hostile/play.ts";
import type { Row } from "../support/hostile/row.ts";
import { allRows } from "../support/hostile/rows.ts";
import { FIXED, RESERVED } from "../support/instrumented.ts";
import { sampled } from "../support/random.ts";

/** Of what the manifest's default is; a smaller one changes nothing. */
const RECORD_BYTES = recordBytes(2048);
const PHASES: readonly Row["phase"][] = ["dps", "hub", "twin", "desired", "method", "c2d"];

describe("what a peer may send in records of 4 KB, on XS", { skip }, () => {
	const state = mkdtempSync(join(tmpdir(), "enrollee-records-"));
	let hostile: HostileCloud;
	let app: App;
	let small: App;
	before(async () => {
		hostile = await HostileCloud.start();
		hostile.recordBytes = RECORD_BYTES;
		app = await buildWithoutLimit(RESERVED);
		small = await buildWithoutLimit(FIXED);
	});
	after(async () => {
		await hostile?.close();
		rmSync(state, { recursive: true });
	});

	/** Certificates with keys of RSA-4096 are more than such a record holds. */
	const rows = (...phases: readonly Row["phase"][]): Row[] =>
		allRows(hostile).filter(({ phase, authority }) => phases.includes(phase) && authority === undefined);
	const first = (): Row[] => rows("hub").slice(0, 1);

	test("a record of a byte more is refused by its header", async () => {
		hostile.recordBytes = RECORD_BYTES + 1;
		const large = rows("twin").filter(({ name }) => name === "28 KB of plain text");
		const [ended] = await playOn(app, [...first(), ...large], { hostile, state }).then((all) => all.slice(1));
		assert.ok(ended?.codes.includes("tls.record"), JSON.stringify(ended));
		hostile.recordBytes = RECORD_BYTES;
	});

	for (const phase of [...sampled(PHASES, ["twin", "method", "c2d"]), "renewal"] as const)
		test(`${phase}: every row ends as it should in what the manifest reserves`, async () => {
			await playOn(app, first(), { hostile, state });
			judge(rows(phase), await playOn(app, rows(phase), { hostile, state }));
		});

	for (const phase of sampled(PHASES, ["twin"]))
		test(`${phase}: no row ends a machine of 64 KB`, async () => {
			const environment = AS_SMALL;
			await playOn(small, first(), { hostile, state, environment });
			const ended = await playOn(small, rows(phase), { hostile, state, environment });
			assert.deepEqual(
				ended.map(({ how }) => how),
				rows(phase).map(endOf),
			);
		});
});
