/** Updates by a clock that is behind: downloads know the least that it can be, too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWire } from "../../hw/node/wire.ts";
import type { Wire, WireOptions } from "../../src/port.ts";
import { withCloud } from "../support/device.ts";
import { offer, reported, UpdatedDevice } from "../support/updated.ts";

test("for a download it is as late as the certificate says, whatever the clock, as it is for the hub", () =>
	withCloud({}, async (cloud) => {
		const inner = createWire();
		const asked: WireOptions[] = [];
		const connect: Wire["connect"] = (options, events) => {
			asked.push(options);
			return inner.connect(options, events);
		};
		const device = new UpdatedDevice(cloud, undefined, { wire: { connect } });
		try {
			await reported(cloud, ({ state }) => state === "idle");
			asked.length = 0;
			offer(cloud);
			await reported(cloud, ({ installed }) => installed === 2);
			const { notBefore } = device.device.journal.current!;
			const days = asked.flatMap((one) => (one.identity ? [] : [one.notBefore]));
			assert.deepEqual(days, [notBefore, notBefore], "bundle and image");
		} finally {
			await device.stop();
		}
	}));
