/** Two agents with one identity evict each other for ever: each says what is wrong, at its second eviction. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { Endings } from "../../src/hub/endings.ts";
import { Application, entropy } from "../support/application.ts";
import { Device, withCloud } from "../support/device.ts";
import { FakeStore } from "../support/store.ts";

const ELSEWHERE = /is the same device connected elsewhere\?/;

test("two agents on copies of one flash: the second eviction in a row names the cause, the first does not", () =>
	withCloud({}, async (cloud) => {
		const device = new Device(cloud);
		const faults: string[] = [];
		const first = new Application(
			device,
			{},
			{ entropy, onState: (state, fault) => first.note(state, fault && faults.push(fault.message)) },
		);
		await first.until("connected");
		const copy = new FakeStore({ blobs: new Map(device.store.blobs) });
		const second = new Application(new Device(cloud, copy), {}, { entropy });
		await first.until("waiting 2");
		await Promise.all([first.stop(), second.stop()]);
		assert.equal(faults.length, 2);
		assert.match(faults[0]!, /^hub\.closed: the hub ended the session$/);
		assert.match(faults[1]!, ELSEWHERE);
	}));

test("what is no eviction begins the count anew", () => {
	const closed = () => new Fault("hub.closed", "the hub ended the session");
	const endings = new Endings();
	const said = (fault: Fault, lastedMs: number | undefined) =>
		ELSEWHERE.test(endings.judge(fault, lastedMs).fault.message);
	assert.deepEqual(
		[
			said(closed(), 100_000),
			said(new Fault("wire.closed", "cable"), 5000), // another end
			said(closed(), 100_000),
			said(closed(), 3_600_000), // maintenance
			said(closed(), 5000),
			said(new Fault("dps.timeout", "no session at all"), undefined), // says nothing about sessions
			said(closed(), 5000),
			said(closed(), 5000),
		],
		[false, false, false, false, false, false, true, true],
	);
	assert.deepEqual(
		[undefined, 0, 59_999, 60_000].map((ms) => new Endings().judge(closed(), ms).lasting),
		[false, false, false, true],
	);
});
