/** A failure that a wrong clock explains passes, and a clock that is set ends the wait; any other refusal waits as ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fill } from "../../hw/node/entropy.ts";
import { Agent } from "../../src/agent.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import { parseConfig } from "../../src/config.ts";
import { Fault, type FaultCode } from "../../src/fault.ts";
import { RELEASED } from "../../src/release.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeStore } from "../support/store.ts";
import { FakeWire } from "../support/wire.ts";

const HOUR = 3600_000;
const YEAR = 365 * 24 * HOUR;

/** An agent that meets the same refusal each time: one of TLS, or a CONNACK's return code. */
function bench(now: number, refusal: FaultCode | number) {
	const clock = new FakeClock(now);
	/** When the tokens of the CONNECTs end, milliseconds. */
	const ends: number[] = [];
	const wire = new FakeWire({
		clock,
		serve(socket) {
			if (typeof refusal !== "number") throw new Fault(refusal, "refused by the test");
			socket.onData = (bytes) => {
				const [, end] = /&se=([0-9]+)&/.exec(utf8Text(bytes.filter((byte) => byte < 0x80))) ?? [];
				if (end !== undefined) ends.push(Number(end) * 1000);
				socket.write(Uint8Array.of(0x20, 2, 0, refusal));
			};
		},
	});
	const config = parseConfig({
		dps: "dps.example.net",
		idScope: "0ne00000001",
		registrationId: "dev-001",
		symmetricKey: Buffer.alloc(32, 1).toString("base64"),
	});
	const agent = new Agent({ wire, clock, config, store: new FakeStore(), entropy: { fill } });
	return { clock, wire, agent, ends };
}

for (const [what, now, refusal] of [
	["the server looks expired in 2020", RELEASED - 6 * YEAR, "tls.expired"],
	["the server looks too young in 1970", 0, "tls.expired"],
	["the token is too old in 2020", RELEASED - 6 * YEAR, 4],
	["the token is too old a day before the release", RELEASED - 24 * HOUR, 5],
] as const)
	test(`${what}: tried again within minutes, and at once when the clock is set`, async () => {
		const { clock, wire, agent, ends } = bench(now, refusal);
		await clock.advance(600_000);
		assert.ok(wire.connections >= 5, `${wire.connections} attempts in ten minutes`);
		const before = wire.connections;
		clock.set(RELEASED + 24 * HOUR);
		await clock.advance(8000);
		assert.ok(wire.connections > before, "a clock that was set ends the wait");
		if (typeof refusal === "number") assert.ok(ends.at(-1)! > clock.now(), "a token of its own for each connection");
		agent.close();
		await agent.finished;
	});

for (const refusal of ["tls.expired", 4] as const)
	test(`${refusal} with a clock that is not known to be wrong: an hour or so, unless the clock is set`, async () => {
		const { clock, wire, agent } = bench(RELEASED + 24 * HOUR, refusal);
		await clock.advance(HOUR / 3);
		assert.equal(wire.connections, 1);
		clock.set(clock.now() + 30 * 24 * HOUR);
		await clock.advance(8000);
		assert.equal(wire.connections, 2);
		agent.close();
		await agent.finished;
	});

for (const refusal of ["tls.untrusted", "tls.name", 2] as const)
	test(`${refusal}, which no clock explains, waits as ever`, async () => {
		const { clock, wire, agent } = bench(RELEASED - 6 * YEAR, refusal);
		await clock.advance(60_000);
		const before = wire.connections;
		clock.set(RELEASED + 24 * HOUR);
		await clock.advance(HOUR / 3);
		assert.ok(before <= 2 && wire.connections === before, `${before}, then ${wire.connections}`);
		agent.close();
		await agent.finished;
	});
