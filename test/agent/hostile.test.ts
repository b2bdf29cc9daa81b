/** The rows that a device on XS survives (test/sim/hostile.test.ts), renewals and updates besides, against the agent on Node. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clock } from "../../hw/node/clock.ts";
import { fill } from "../../hw/node/entropy.ts";
import { createWire } from "../../hw/node/wire.ts";
import { Agent } from "../../src/agent.ts";
import { AppSlot } from "../../src/application/app-slot.ts";
import { parseConfig } from "../../src/config.ts";
import type { AppEngine } from "../../src/port.ts";
import { inspectFirmware } from "../../src/update/firmware.ts";
import { closeAll } from "../sim/tls/servers.ts";
import { hasModule, XS } from "../support/app-engine.ts";
import { FakeAppFlash } from "../support/app-flash.ts";
import { CODE_SIZES } from "../support/app-mapper.ts";
import { configFor } from "../support/device.ts";
import { powerUp } from "../support/hostile/app-slot.js";
import { AREA_BYTES } from "../support/hostile/archive-rows.ts";
import { type Ended, HostileCloud } from "../support/hostile/cloud.ts";
import { drive } from "../support/hostile/driver.js";
import { isCareful, name, problemOf } from "../support/hostile/judge.ts";
import { webSocketRows } from "../support/hostile/mqtt-rows.ts";
import { enrols, type Row } from "../support/hostile/row.ts";
import { allRows } from "../support/hostile/rows.ts";
import { ForgetfulSlot } from "../support/hostile/slot.js";
import { Power } from "../support/power.ts";
import { FakeStore } from "../support/store.ts";
import { UPDATES } from "../support/updated.ts";

/** What a machine of `creation` has room for. */
const AS_ON_XS = 2048;

describe("what a peer may send, on Node", () => {
	let hostile: HostileCloud;
	const store = new FakeStore();
	const flash = new FakeAppFlash(AREA_BYTES).powered(new Power());
	/** It only restarts: nothing that is placed is run. */
	const engine = (restart: () => void): AppEngine => ({
		version: XS,
		has: hasModule,
		codeSizes: CODE_SIZES,
		isMapped: () => false,
		guard() {},
		restart,
	});
	before(async () => {
		hostile = await HostileCloud.start();
	});
	after(async () => {
		closeAll();
		await hostile.close();
	});

	/** One agent after another, each over what the one before has kept. */
	async function play(rows: readonly Row[], transport: "mqtt" | "ws" = "mqtt", beCareful = false): Promise<Ended[]> {
		const ended: Ended[] = [];
		const platform = { AppSlot, flash, store, engine };
		await new Promise<void>((resolve, reject) =>
			drive({
				Agent,
				ports: { wire: createWire(), store, clock, entropy: { fill } },
				config: parseConfig(configFor(hostile.cloud, { ...UPDATES, transport, maxMessageBytes: String(AS_ON_XS) })),
				appSlot: (restarted) => powerUp(platform, restarted),
				slot: new ForgetfulSlot(inspectFirmware),
				next(index, start) {
					const row = rows[index];
					if (row === undefined) start(undefined);
					else hostile.play(row, beCareful).then(start, reject);
				},
				tell: (_index, how, codes, messages) =>
					void ended.push({ how, codes: codes.split(",").filter(Boolean), messages }),
				end: resolve,
			}),
		);
		return ended;
	}

	function judge(rows: readonly Row[], ended: readonly Ended[]): void {
		const wrong = rows.flatMap((row, i) => {
			const problem = problemOf(row, asOnXs(row, ended[i]));
			return problem ? [`${name(row)}: ${problem}`] : [];
		});
		assert.deepEqual(wrong, []);
	}

	test("every row ends as it should, and none ends the process", async () => {
		const rows = allRows(hostile);
		judge(rows, await play(rows));
	});

	test("a second agent under the same content reaches the hub where that speaks, and ends in the same way", async () => {
		await play(allRows(hostile).slice(0, 1));
		for (let boot = 1; boot <= 2; boot++) {
			const rows = allRows(hostile).filter((row) => !enrols(row));
			judge(rows, await play(rows));
		}
		const [last] = await play(allRows(hostile).slice(0, 1));
		assert.deepEqual([last?.how, last?.codes], ["done", []]);
	});

	test("a careful agent hands none of it on, and stays open to repair", async () => {
		await play(allRows(hostile).slice(0, 1));
		const rows = allRows(hostile).filter((row) => !enrols(row));
		const ended = await play(rows, "mqtt", true);
		const wrong = rows.filter((row, i) => !isCareful(row, ended[i]));
		assert.deepEqual(
			wrong.map((row) => name(row)),
			[],
		);
	});

	test("over WebSocket", async () => {
		judge(webSocketRows(), await play(webSocketRows(), "ws"));
	});
});

/** OpenSSL judges before we do; and a host has room for all at once. */
function asOnXs({ phase, faults, isBurst }: Row, ended: Ended | undefined): Ended | undefined {
	const isOther = (phase === "tls" && ended?.codes.length === 1 && /^(tls|wire)\./.test(ended.codes[0]!)) || isBurst;
	return ended && isOther ? { ...ended, codes: faults } : ended;
}
