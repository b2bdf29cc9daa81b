/**
 * The journal: a spoiled blob costs no more than itself, a newer format is left alone, and wherever a cut falls into a
 * step, the proven credential stays and the step can be taken again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { Journal, type Journaled } from "../../src/identity/journal.ts";
import { World } from "../lives/world.ts";
import { Power, PowerCut } from "../support/power.ts";
import { isFault } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";
import { full, keys, proposal, record, source } from "./credential-probe.ts";

test("a damaged blob costs no more than itself", () => {
	for (const name of ["cred.a", "cred.b", "cred.current", "cred.pending"]) {
		const { store, journal } = inUse();
		journal.keepPending({ key: keys[1]! });
		journal.propose(proposal(2));
		const before = journal.load();
		store.blobs.get(name)![20]! ^= 1;
		const after = journal.load();
		assert.deepEqual(
			after.damages.map(({ code }) => code),
			["store.damaged"],
		);
		const left = [after.current, after.candidate].map((one) => one?.sequence).filter((one) => one !== undefined);
		const had = [before.current, before.candidate].map((one) => one?.sequence);
		assert.deepEqual(left, name === "cred.a" ? [had[1]] : name === "cred.b" ? [had[0]] : had, name);
		assert.equal(after.pending === undefined, name === "cred.pending");
	}
});

test("a newer format is store.newer, and nothing is touched", async () => {
	for (const name of ["cred.a", "cred.b", "cred.current", "cred.pending"]) {
		const { store, journal } = inUse();
		const { current } = journal.load();
		store.blobs.set(name, record(2));
		const blobs = new Map(store.blobs);
		assert.throws(() => journal.load(), isFault("store.newer"), name);
		assert.throws(() => journal.propose(proposal(1)), isFault("store.newer"), name);
		assert.throws(() => journal.reject(current!), isFault("store.newer"), name);
		assert.deepEqual(store.blobs, blobs);
	}
	const world = new World({ source });
	world.flash.set("cred.a", record(2));
	const codes = new Set<unknown>();
	world.observer = { onState: (_state, fault) => fault && codes.add(fault.code) };
	const { agent } = world.boot();
	await world.clock.advance(26 * 3600_000);
	agent.close();
	assert.deepEqual([...codes], ["store.newer"]);
	assert.deepEqual([...world.flash], [["cred.a", record(2)]]);
	// And the start, counted and taken back.
	assert.deepEqual([world.flash.writes, world.connections], [3, 0]);
});

test("fields of a newer image survive a rewrite", () => {
	const { journal } = inUse();
	journal.promote(journal.propose(full));
	const { sequence: _sequence, ...again } = journal.load().current!;
	journal.promote(journal.propose(again));
	assert.deepEqual(journal.load().current?.unknown, full.unknown);
});

test("a rejected candidate takes its own pending key along, no other", () => {
	for (const [pending, left] of [
		[1, false],
		[2, true],
	] as const) {
		const { journal } = inUse();
		journal.keepPending({ key: keys[pending]! });
		journal.reject(journal.propose(proposal(1)));
		const { current, candidate, pending: after } = journal.load();
		assert.deepEqual([current?.sequence, candidate, after !== undefined], [1, undefined, left]);
	}
});

test("without its pointer a proven credential is neither overwritten nor deleted", () => {
	for (const spoil of [
		(store: FakeStore) => store.blobs.delete("cred.current"),
		(store: FakeStore) => (store.blobs.get("cred.current")![20]! ^= 1),
	]) {
		const { store, journal } = inUse();
		spoil(store);
		const { candidate } = journal.load();
		assert.equal(candidate?.sequence, 1);
		journal.reject(candidate);
		assert.equal(journal.load().candidate?.sequence, 1);
		const next = journal.propose(proposal(1));
		assert.deepEqual(sequences(journal), { current: 1, candidate: 2 });
		journal.reject(next);
		assert.deepEqual(sequences(journal), { current: undefined, candidate: 1 });
		journal.promote(journal.propose(proposal(2)));
		assert.deepEqual(sequences(journal), { current: 2, candidate: undefined });
	}
});

test("where the record in use is lost, its predecessor stands in for it, a candidate does not", () => {
	const { store, journal } = inUse();
	const proven = store.blobs.get("cred.a")!;
	journal.promote(journal.propose(proposal(1)));
	store.blobs.get("cred.b")![20]! ^= 1;
	assert.deepEqual(sequences(journal), { current: undefined, candidate: undefined });
	// Power had gone before the predecessor was deleted.
	store.blobs.set("cred.a", proven);
	assert.deepEqual(sequences(journal), { current: 1, candidate: undefined });
	journal.propose(proposal(2));
	assert.deepEqual(sequences(journal), { current: 1, candidate: 3 });
	store.blobs.delete("cred.a");
	assert.deepEqual(sequences(journal), { current: undefined, candidate: 3 });
});

test("where the record in use is lost, what the hub refused goes, and what came after is on trial and stays", () => {
	const { store, journal } = inUse();
	store.blobs.get("cred.a")![20]! ^= 1;
	const refused = journal.propose(proposal(1));
	journal.reject(refused);
	assert.deepEqual(sequences(journal), { current: undefined, candidate: undefined });
	journal.propose(proposal(1));
	const transient = journal.propose(proposal(2));
	// Two that nobody has promoted: neither stands for what was proven.
	assert.deepEqual(sequences(journal), { current: undefined, candidate: transient.sequence });
	journal.propose(proposal(1));
	assert.equal(journal.load().candidate?.sequence, transient.sequence + 1);
	journal.reject(journal.load().candidate!);
	assert.deepEqual(sequences(journal), { current: undefined, candidate: transient.sequence });
});

/** Each from the state of `inUse` and one step: what the journal holds before and after. */
const STEPS: Readonly<Record<string, (journal: Journal) => void>> = {
	"a key is kept": (journal) => journal.keepPending({ key: keys[1]! }),
	"a request id is kept": (journal) => journal.keepPending({ key: keys[1]!, requestId: "0123456789abcdef" }),
	"a key is dropped": (journal) => journal.dropPending(),
	"a candidate is written": (journal) => {
		if (!journal.load().candidate) journal.propose(proposal(1));
	},
	"a candidate is promoted": (journal) => {
		const { candidate } = journal.load();
		if (candidate) journal.promote(candidate);
	},
	"another candidate is written": (journal) => {
		if (!journal.load().candidate) journal.propose(proposal(2));
	},
	"a candidate is rejected": (journal) => {
		const { candidate } = journal.load();
		if (candidate) journal.reject(candidate);
	},
};

for (const first of ["a new device", "a device in use"])
	test(`${first}: a cut at each write of each step leaves what was proven`, () => {
		const { store, journal } = first === "a new device" ? empty() : inUse();
		let cuts = 0;
		for (const [name, step] of Object.entries(STEPS)) {
			const before = journal.load();
			const blobs = new Map(store.blobs);
			step(journal);
			const after = journal.load();
			for (let cut = 0; ; cut++, cuts++) {
				const power = new Power(cut);
				const cutBlobs = new Map(blobs);
				if (!isCut(() => step(new Journal(new FakeStore({ blobs: cutBlobs, power }))))) break;
				const rebooted = new Journal(new FakeStore({ blobs: cutBlobs }));
				const found = rebooted.load();
				assert.deepEqual(found.damages, []);
				assert.ok(
					[before, after].some(({ current }) => current?.sequence === found.current?.sequence),
					`${name}: cut ${cut} at ${power.where} leaves ${found.current?.sequence}`,
				);
				step(rebooted);
				assert.deepEqual(gist(rebooted.load()), gist(after), `${name}: taken again after cut ${cut} at ${power.where}`);
			}
		}
		console.log(`${first}: ${cuts} cuts`);
		assert.ok(cuts > 25, String(cuts));
	});

test("writes per renewal", async () => {
	const world = new World({ source });
	let proven = 0;
	world.observer = { onLog: (step) => step === "credential.proven" && proven++ };
	const { agent } = world.boot();
	const writes: number[] = [];
	for (const path of ["enrolment", "renewal over the hub", "renewal through DPS"]) {
		const before = world.flash.writes;
		if (path === "renewal through DPS") {
			world.faults.arm("refuse-preview");
			world.loseConnections(new Fault("wire.closed", "lost"), 0);
			await world.clock.advance(60_000);
		}
		if (writes.length > 0) agent.renew();
		await world.clock.until(() => proven === writes.length + 1, 26 * 3600_000);
		await world.clock.advance(1000);
		writes.push(world.flash.writes - before);
		console.log(`${path}: ${writes.at(-1)} writes to flash, ${world.flash.erases.toFixed(2)} erases per sector so far`);
	}
	agent.close();
	assert.deepEqual(writes, [4, 6, 5]);
});

function empty(): { store: FakeStore; journal: Journal } {
	const store = new FakeStore();
	return { store, journal: new Journal(store) };
}

/** With a proven credential in cred.a. */
function inUse(): { store: FakeStore; journal: Journal } {
	const { store, journal } = empty();
	journal.promote(journal.propose(proposal(0)));
	return { store, journal };
}

function sequences(journal: Journal) {
	const { current, candidate } = journal.load();
	return { current: current?.sequence, candidate: candidate?.sequence };
}

function isCut(step: () => void): boolean {
	try {
		step();
		return false;
	} catch (thrown) {
		if (thrown instanceof PowerCut) return true;
		throw thrown;
	}
}

function gist({ current, candidate, pending, damages }: Journaled) {
	return {
		current: current?.sequence,
		candidate: candidate?.sequence,
		pending: pending?.requestId ?? !!pending,
		damages,
	};
}
