/** The agent's own methods, its section of the twin and its health: what is said, when, and what is switched off. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { createEntity, der } from "../../cloud/pki.ts";
import { Fault } from "../../src/fault.ts";
import { OPERATIONS } from "../../src/hub/operation-names.ts";
import { Operations, type OperationsOptions } from "../../src/hub/operations.ts";
import { checkPatch, type ReportDone } from "../../src/hub/reported.ts";
import { heldOf } from "../../src/identity/held.ts";
import type { Credential } from "../../src/identity/record.ts";
import { FAULTS } from "../../src/remedies.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeStore } from "../support/store.ts";
import { span } from "../support/tls-server.ts";

const NOTHING_SAID = { status: 0, payload: undefined as unknown };
const leaf = der(
	(await createEntity("P-256", { commonName: "dev-001", role: { kind: "client" }, ...span })).certificate,
);
const credential = heldOf({
	chain: [leaf],
	notBefore: Date.UTC(2026, 0, 1),
	notAfter: Date.UTC(2026, 1, 1),
} as unknown as Credential);
const certificate = { validFrom: "2026-01-01T00:00:00.000Z", validUntil: "2026-02-01T00:00:00.000Z" };

/** A quarter of the partition is in use, or `used` entries. */
function bench(config: Partial<OperationsOptions["config"]> = {}, canRestart = true, used = 504) {
	const clock = new FakeClock();
	const did: string[] = [];
	const reports: { patch: object; done: ReportDone }[] = [];
	const health: object[] = [];
	const operations = new Operations({
		clock,
		store: new StoreRoom(new FakeStore(), () => ({ total: 2016, used, own: 20 })),
		log: (step) => did.push(step),
		config: { operations: OPERATIONS, firmware: "1.2.3", healthSeconds: 0, ...config },
		device: {
			status: { state: "connected" },
			unstable: undefined,
			renew: () => did.push("renew"),
			resume: () => did.push("resume"),
		},
		...(canRestart ? { restart: () => did.push("restart") } : {}),
	});
	const outlet = {
		report: () => assert.fail("its own are made when they leave"),
		tell: (make: () => object, done: ReportDone) => reports.push({ patch: checkPatch(make()), done }),
		telemetry: (body: object) => health.push(body),
	};
	return {
		clock,
		did,
		reports,
		health,
		operations,
		connect(): Promise<void> {
			operations.connected(credential, outlet);
			return clock.advance(0);
		},
		call(name: string) {
			let said = NOTHING_SAID;
			operations.methods[name]?.(null, (status, payload) => {
				said = { status, payload };
			});
			return said;
		},
	};
}

describe("methods", async () => {
	test("enrollee.status says state, versions, dates and the last faults", async () => {
		const { call, connect, operations, clock } = bench();
		await connect();
		await clock.advance(90_000);
		operations.log("fault", { code: "wire.dns", message: "no such host" });
		assert.deepEqual(call("enrollee.status"), {
			status: 200,
			payload: {
				state: "connected",
				unstable: undefined,
				firmware: "1.2.3",
				upSeconds: 90,
				certificate,
				flash: { usedPercent: 25 },
				faults: [{ code: "wire.dns", count: 1, at: "2026-01-01T00:01:30.000Z", remedy: FAULTS["wire.dns"] }],
			},
		});
	});

	test("a partition that will be too full is said at start: in the log, in enrollee.status and in the twin", async () => {
		const { call, connect, did, reports } = bench({}, true, 1200);
		assert.deepEqual(did, ["fault"]);
		await connect();
		const codes = (said: unknown) => (said as { faults: { code: string }[] }).faults.map(({ code }) => code);
		assert.deepEqual(codes(call("enrollee.status").payload), ["store.low"]);
		assert.deepEqual(codes((reports[0]!.patch as { enrollee: unknown }).enrollee), ["store.low"]);
		assert.equal(did.length, 1, "once");
	});

	test("enrollee.renew answers first, then renews", () => {
		const { call, did } = bench();
		assert.equal(call("enrollee.renew").status, 202);
		assert.deepEqual(did, ["renew"]);
	});

	test("enrollee.reboot answers, then restarts when the answer has had time to leave", async () => {
		const { call, did, clock } = bench();
		assert.equal(call("enrollee.reboot").status, 202);
		await clock.advance(1999);
		assert.deepEqual(did, []);
		await clock.advance(1);
		assert.deepEqual(did, ["restart"]);
		assert.equal(bench({}, false).call("enrollee.reboot").status, 501);
	});

	test("enrollee.resume says how it is after it", () => {
		const { call, did } = bench();
		const { status, payload } = call("enrollee.resume");
		assert.deepEqual([status, (payload as { state: string }).state, did], [200, "connected", ["resume"]]);
	});

	test("only those that are switched on exist", () => {
		const own: readonly string[] = ["status", "renew", "reboot", "resume"];
		for (const operation of OPERATIONS) {
			const { operations } = bench({ operations: [operation] });
			assert.deepEqual(Object.keys(operations.methods), own.includes(operation) ? [`enrollee.${operation}`] : []);
		}
		assert.deepEqual(Object.keys(bench({ operations: [] }).operations.methods), []);
	});
});

describe("the section of the twin", () => {
	test("is reported with the first session, and again only when it has changed or was not acknowledged", async () => {
		const { connect, reports, operations } = bench();
		await connect();
		const serial = new X509Certificate(leaf).serialNumber.toLowerCase();
		assert.deepEqual(reports[0]!.patch, {
			certificate: { ...certificate, serial, renewal: "planned", lastFault: null },
			enrollee: { firmware: "1.2.3", certificate, faults: [], unstable: null },
		});
		reports[0]!.done(new Fault("hub.bad-request", "no"));
		await connect();
		assert.equal(reports.length, 2);
		reports[1]!.done(undefined, 3);
		await connect();
		assert.equal(reports.length, 2);
		operations.log("fault", { code: "hub.closed", message: "" });
		operations.log("fault", { code: "hub.closed", message: "" });
		operations.log("something else", { code: "hub.timeout" });
		await connect();
		assert.equal(reports.length, 3);
		const { faults } = (reports[2]!.patch as { enrollee: { faults: unknown[] } }).enrollee;
		assert.deepEqual(faults, [
			{ code: "hub.closed", count: 2, at: "2026-01-01T00:00:00.000Z", remedy: FAULTS["hub.closed"] },
		]);
	});

	test("says where a renewal stands, as it goes, and what failed last; nothing of one that is over within a second", async () => {
		const { connect, reports, operations, clock } = bench();
		await connect();
		const steps = ["renewal.request", "renewal.waiting", "renewal.waiting", "credential.stored", "credential.proven"];
		const live = async (milliseconds: number): Promise<void> => {
			for (const step of steps) {
				operations.log(step);
				await clock.advance(milliseconds);
				reports.at(-1)!.done(undefined, 1);
			}
		};
		await live(5000);
		await live(200);
		operations.log("fault", { code: "hub.throttled" });
		operations.log("renewal.failed");
		await clock.advance(5000);
		const said = reports.map(
			({ patch }) => (patch as { certificate: { renewal: string; lastFault: string } }).certificate,
		);
		assert.deepEqual(
			said.map(({ renewal }) => renewal),
			["planned", "requested", "accepted", "on trial", "planned", "failed"],
		);
		assert.equal(said.at(-1)!.lastFault, "hub.throttled");
		operations.log("renewal.request");
		operations.close();
		assert.equal(clock.waiting, 0);
	});

	test("waits for the hub's answer before it is said again, over any number of sessions: then once, as it is by then", async () => {
		const { connect, reports, operations, clock } = bench();
		for (let i = 0; i < 100; i++) {
			await connect();
			operations.log("fault", { code: "hub.closed" });
			operations.log(i % 2 ? "renewal.request" : "renewal.failed");
			await clock.advance(5000);
		}
		assert.equal(reports.length, 1);
		reports[0]!.done(undefined, 1);
		assert.equal(reports.length, 2);
		const { faults } = (reports[1]!.patch as { enrollee: { faults: { count: number }[] } }).enrollee;
		assert.equal(faults[0]!.count, 100);
		reports[1]!.done(undefined, 2);
		await connect();
		assert.equal(reports.length, 2);
	});

	test("keeps the last five faults, each once, newest first, and only what is in the closed list", async () => {
		const { connect, reports, operations } = bench();
		for (const code of [
			"wire.dns",
			"wire.refused",
			"wire.closed",
			"toString",
			"wire.timeout",
			"wire.dns",
			"tls.name",
			"tls.key",
		])
			operations.log("fault", { code });
		await connect();
		const { faults } = (reports[0]!.patch as { enrollee: { faults: { code: string }[] } }).enrollee;
		assert.deepEqual(
			faults.map(({ code }) => code),
			["tls.key", "tls.name", "wire.dns", "wire.timeout", "wire.closed"],
		);
	});

	test("switched off, nothing is reported", async () => {
		const { connect, reports } = bench({ operations: ["status", "renew", "reboot", "resume"] });
		await connect();
		assert.equal(reports.length, 0);
	});
});

describe("health", () => {
	test("is off by default; switched on it goes at its interval, once however often the device connects, until closed", async () => {
		const off = bench();
		await off.connect();
		assert.equal(off.clock.waiting, 1, "the flash is looked at each day");
		const { connect, health, clock, operations } = bench({ healthSeconds: 600 });
		await connect();
		await connect();
		await clock.advance(1_800_000);
		assert.equal(health.length, 3);
		assert.equal((health[0] as { enrollee: { state: string } }).enrollee.state, "connected");
		operations.close();
		assert.equal(clock.waiting, 0);
	});
});
