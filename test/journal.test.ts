/**
 * The journal and its records: what is written reads back, spoiled records are known as such, a newer format is left
 * alone, and wherever a cut falls into a step, the proven credential stays and the step can be taken again.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Credential, decodeCredential, encodeCredential } from "../src/credential/record.ts";
import { Journal, type Journaled } from "../src/credential/store.ts";
import { Fault } from "../src/fault.ts";
import { generateKeyPair } from "../src/key/p256.ts";
import { FakeEntropy } from "./fake/entropy.ts";
import { mutations } from "./fake/mutate.ts";
import { Power, PowerCut } from "./fake/power.ts";
import { isFault, random } from "./fake/random.ts";
import { FakeStore } from "./fake/store.ts";
import { World } from "./lives/world.ts";

const source = random();
const entropy = new FakeEntropy(source);
const keys = [1, 2, 3].map(() => generateKeyPair(entropy));
type Proposal = Omit<Credential, "sequence">;

const proposal = (number: number): Proposal => ({
	key: { signer: keys[number]! },
	chain: [source.bytes(310), source.bytes(290)],
	hub: { host: "hub-a.example", port: 8883 },
	deviceId: "dev-001",
	registrationId: "dev-001",
	notBefore: Date.UTC(2026, 0, 1),
	notAfter: Date.UTC(2026, 1, 1),
	unknown: [],
});
const full: Credential = {
	...proposal(0),
	sequence: 4_000_000_000,
	trustBundle: { etag: '"an etag"', certificates: [source.bytes(100), source.bytes(3)] },
	unknown: [
		{ tag: 200, bytes: source.bytes(7) },
		{ tag: 255, bytes: new Uint8Array(0) },
	],
};

/** By the documented format, as another image would write it. */
function record(format: number, body = new Uint8Array(0)): Uint8Array {
	const head = Buffer.from("ENRL\0\0\0\0\x05\0\0\0\0", "latin1");
	head[4] = format;
	head.writeUInt32BE(body.length, 9);
	const checked = Buffer.concat([head, body]);
	return new Uint8Array(Buffer.concat([checked, createHash("sha256").update(checked).digest()]));
}

test("a record reads back", () => {
	for (const credential of [full, { ...proposal(1), sequence: 0 }]) {
		const { key, ...rest } = decodeCredential(encodeCredential(credential));
		const { key: _key, ...expected } = credential;
		assert.deepEqual(rest, expected);
		assert.ok("signer" in key && "signer" in credential.key);
		assert.deepEqual(key.signer.scalar(), credential.key.signer.scalar());
	}
	const operators: Credential = { ...full, key: { pkcs8: source.bytes(1200) } };
	assert.deepEqual(decodeCredential(encodeCredential(operators)), operators);
});

test("every truncation and every kind of damage is store.damaged", () => {
	const blob = encodeCredential(full);
	for (const spoiled of mutations(blob, 2000, source))
		if (!Buffer.from(blob).equals(spoiled)) assert.throws(() => decodeCredential(spoiled), isFault("store.damaged"));
	for (let bit = 0; bit < 8 * blob.length; bit += 1 + source.integer(5)) {
		const spoiled = blob.slice();
		spoiled[bit >> 3]! ^= 1 << (bit & 7);
		assert.throws(() => decodeCredential(spoiled), isFault("store.damaged"), `bit ${bit}`);
	}
	// With a right checksum, too.
	for (const body of [Uint8Array.of(1, 0, 2, 7), Uint8Array.of(3), Uint8Array.of(4, 0, 1, 0x20)])
		assert.throws(() => decodeCredential(record(1, body)), isFault("store.damaged"));
	assert.throws(() => decodeCredential(record(0)), isFault("store.damaged"));
});

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
	assert.deepEqual([world.flash.writes, world.connections], [1, 0]);
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
