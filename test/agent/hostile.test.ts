/** The rows that a device on XS survives (test/sim/hostile.test.ts), renewals and updates besides, against the agent on Node. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clock } from "../../hw/node/clock.ts";
import { fill } from "../../hw/node/entropy.ts";
import { createWire } from "../../hw/node/wire.ts";
import { Agent } from "../../src/agent.ts";
import { AppSlot } from "../../src/application/app-slot.ts";
import { parseConfig } from "../../src/config.ts";
import { inspectFirmware } from "../../src/update/firmware.ts";
import { closeAll } from "../sim/tls/servers.ts";
import { MODULES, XS } from "../support/app-engine.ts";
import { FakeAppFlash } from "../support/app-flash.ts";
import { configFor } from "../support/device.ts";
import { powerUp } from "../support/hostile/app-slot.js";
import { AREA_BYTES } from "../support/hostile/archive-rows.ts";
import { type Ended, HostileCloud } from "../support/hostile/cloud.ts";
import { drive } from "../support/hostile/driver.js";
import { endsByFault } from "../support/hostile/row.ts";
import { allRows } from "../support/hostile/rows.ts";
import { ForgetfulSlot } from "../support/hostile/slot.js";
import { Power } from "../support/power.ts";
import { FakeStore } from "../support/store.ts";
import { UPDATES } from "../support/updated.ts";

describe("what a peer may send, on Node", () => {
	let hostile: HostileCloud;
	before(async () => {
		hostile = await HostileCloud.start();
	});
	after(async () => {
		closeAll();
		await hostile.close();
	});

	test("every row ends as it should, and none ends the process", async () => {
		const rows = allRows(hostile);
		const ended: Ended[] = [];
		const store = new FakeStore();
		const flash = new FakeAppFlash(AREA_BYTES).powered(new Power());
		const platform = { AppSlot, flash, store, version: XS, modules: MODULES };
		await new Promise<void>((resolve, reject) =>
			drive({
				Agent,
				ports: { wire: createWire(), store, clock, entropy: { fill } },
				config: parseConfig(configFor(hostile.cloud, { ...UPDATES, transport: "mqtt" })),
				appSlot: (restarted) => powerUp(platform, restarted),
				slot: new ForgetfulSlot(inspectFirmware),
				next(index, start) {
					const row = rows[index];
					if (row === undefined) start(undefined);
					else hostile.play(row).then(start, reject);
				},
				tell: (_index, how, codes, messages) =>
					void ended.push({ how, codes: codes.split(",").filter(Boolean), messages }),
				end: resolve,
			}),
		);
		const wrong = rows.flatMap((row, i) => {
			const { how = "nothing", codes = [] } = ended[i] ?? {};
			const ends = !row.survives ? "waiting" : endsByFault(row) ? "over" : "done";
			const got = row.messages === undefined || row.messages === ended[i]?.messages;
			return how === ends && got ? [] : [`${row.phase}: ${row.name}: ${how} ${codes}; expected ${ends}`];
		});
		assert.deepEqual(wrong, []);
	});
});
