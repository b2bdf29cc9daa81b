/** Starts that did not last, counted in flash (src/base/starts.ts). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Starts } from "../../src/base/starts.ts";
import { Fault } from "../../src/fault.ts";
import type { Log, ResetReason } from "../../src/port.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { FakeClock } from "../support/clock.ts";
import { Power, PowerCut } from "../support/power.ts";
import { FakeStore } from "../support/store.ts";

const HOUR_MS = 3600_000;

describe("starts", () => {
	const bench = (store = new FakeStore()) => {
		const clock = new FakeClock();
		const said: unknown[] = [];
		const log: Log = (_, detail) => said.push(detail?.code);
		const start = (lastReset?: ResetReason) => new Starts({ store, clock, lastReset }, log);
		return { store, clock, said, start };
	};

	test("that do not last make the fourth one careful, and each costs one write", () => {
		const { store, start } = bench();
		for (let i = 1; i <= 3; i++) {
			assert.equal(start("software").unstable, undefined);
			assert.equal(store.writes, i);
		}
		assert.deepEqual(start("panic").unstable, { starts: 3, lastReset: "panic" });
		assert.deepEqual(start().unstable, { starts: 4, lastReset: "unknown" });
	});

	test("that power has ended do not count, nor do those that end as they should", () => {
		for (const reason of ["power-on", "reset-pin", "deep-sleep", "brownout"] as const) {
			const { store, start } = bench();
			for (let i = 0; i < 10; i++) assert.equal(start(reason).unstable, undefined);
			assert.equal(store.writes, 1, "the count is there already");
		}
		const { store, start } = bench();
		start();
		for (let i = 0; i < 10; i++) {
			const one = start("software");
			assert.equal(one.unstable, undefined);
			one.end();
		}
		assert.deepEqual(store.blobs.get("unstable"), Uint8Array.of(1, 0, 0));
	});

	test("stay careful over sleep and a switch when they end as they should, until they were connected for an hour in all", async () => {
		for (const reason of ["deep-sleep", "power-on"] as const) {
			const { store, clock, start } = bench();
			for (let i = 0; i < 3; i++) start("software");
			let starts = start("software");
			const wake = async (ms: number): Promise<void> => {
				starts.connected();
				await clock.advance(ms);
				starts.end();
				starts.disconnected();
				starts = start(reason);
			};
			for (let i = 0; i < 5; i++) {
				assert.equal(starts.unstable?.starts, 3, `${reason} ${i}`);
				await wake(600_000);
			}
			assert.equal(starts.leftMs, 600_000);
			// Power that is cut takes back this start, and no other.
			starts = start(reason);
			assert.equal(starts.unstable?.starts, 3);
			assert.equal(starts.leftMs, HOUR_MS, "what was connected before an end of that kind no longer counts");
			await wake(HOUR_MS - 1000);
			assert.equal(starts.leftMs, 1000);
			starts = start("panic");
			assert.equal(starts.unstable?.starts, 4);
			assert.ok(store.blobs.get("unstable"));
		}
	});

	test("keep their count over a power cut at any moment of counting, ending and forgiving", async () => {
		const life = async (cutAt: number): Promise<{ points: number; kept: number; before: number }> => {
			const blobs = new Map<string, Uint8Array>();
			const clock = new FakeClock();
			const boot = (power: Power, lastReset: ResetReason) =>
				new Starts({ store: new PairStore(new FakeStore({ blobs, power })), clock, lastReset }, () => {});
			// One more than makes it careful: a cut before a start is counted is taken for the end of the one before.
			for (let i = 0; i < 4; i++) boot(new Power(), "software");
			const power = new Power(cutAt);
			let before = 4;
			try {
				const starts = boot(power, "software");
				starts.end();
				const next = boot(power, "panic");
				before = 0;
				next.forgive();
			} catch (thrown) {
				assert.ok(thrown instanceof PowerCut);
			}
			const { unstable } = boot(new Power(), "power-on");
			return { points: power.points, kept: unstable?.starts ?? 0, before };
		};
		const { points } = await life(Number.POSITIVE_INFINITY);
		assert.ok(points > 30, `${points}`);
		for (let cut = 0; cut < points; cut++) {
			const { kept, before } = await life(cut);
			assert.ok(kept === 3 || kept === 4 || (before === 0 && kept === 0), `cut ${cut}: ${kept}`);
		}
	});

	test("last once they have been connected for an hour, in one session or in several", async () => {
		const { store, clock, start } = bench();
		for (let i = 0; i < 3; i++) start();
		const starts = start();
		starts.connected();
		await clock.advance(HOUR_MS / 2);
		starts.disconnected();
		await clock.advance(10 * HOUR_MS);
		starts.connected();
		await clock.advance(HOUR_MS / 2 - 1);
		assert.equal(starts.leftMs, 1);
		await clock.advance(1);
		assert.equal(starts.leftMs, 0);
		starts.forgive();
		assert.equal(starts.unstable, undefined);
		assert.equal(store.blobs.size, 0);
		// What ends it now is the first one again.
		assert.equal(start("panic").unstable, undefined);
		assert.deepEqual(store.blobs.get("unstable"), Uint8Array.of(1));
	});

	test("are not counted on flash that fails, and the device starts all the same", () => {
		const refuse = () => new Fault("store.full", "no room");
		const { said, start } = bench(new FakeStore({ refuse }));
		for (let i = 0; i < 5; i++) assert.equal(start().unstable, undefined);
		assert.deepEqual(said, Array(5).fill("store.full"));
	});
});
