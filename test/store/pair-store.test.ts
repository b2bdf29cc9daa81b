/** Two names in turn, on a flash that loses what it replaces: nothing is lost, at any cut and any refusal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { openFlashStore } from "../../src/store/flash-store.ts";
import { PairStore, withRoom } from "../../src/store/pair-store.ts";
import { Power, PowerCut } from "../support/power.ts";
import { isFault } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";

type Blobs = Map<string, Uint8Array>;
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && utf8Text(bytes);
const read = (blobs: Blobs, name = "a"): string | undefined => text(new PairStore(new FakeStore({ blobs })).get(name));
const written = (...values: string[]): Blobs => {
	const blobs: Blobs = new Map();
	for (const value of values) new PairStore(new FakeStore({ blobs })).put("a", utf8(value));
	return blobs;
};

/** The step with power cut at every place; each end is looked at. Gives the number of cuts. */
function cutEverywhere(blobs: Blobs, step: (flash: FakeStore) => void, look: (after: Blobs) => void): number {
	for (let at = 0; ; at++) {
		const after = new Map(blobs);
		try {
			step(new FakeStore({ blobs: after, power: new Power(at) }));
			return at;
		} catch (thrown) {
			if (!(thrown instanceof PowerCut)) throw thrown;
			look(after);
		}
	}
}

test("a put, cut anywhere and cut again at the next attempt, leaves the old bytes or the new ones", () => {
	for (const blobs of [written("old"), written("older", "old"), written("1", "2", "3", "old")]) {
		const step = (value: string) => (flash: FakeStore) => new PairStore(flash).put("a", utf8(value));
		const cuts = cutEverywhere(blobs, step("new"), (after) => {
			const held = read(after)!;
			assert.ok(["old", "new"].includes(held), held);
			cutEverywhere(after, step("newest"), (again) => assert.ok([held, "newest"].includes(read(again)!), read(again)));
			step("newest")(new FakeStore({ blobs: after }));
			assert.equal(read(after), "newest");
			assert.equal(after.size, 1, "nothing is left over");
		});
		assert.ok(cuts >= 5, `${cuts}`);
	}
});

test("the flash beneath does lose both when a blob is replaced in place: so these tests can fail", () => {
	let lost = 0;
	cutEverywhere(
		new Map([["a", utf8("old")]]),
		(flash) => flash.put("a", utf8("new")),
		(after) => {
			if (!after.has("a")) lost++;
		},
	);
	assert.equal(lost, 1);
});

test("a delete, cut anywhere, leaves the bytes or nothing, and never older bytes", () => {
	for (const values of [["new"], ["0", "new"]]) {
		const both: Blobs = new Map([...written("old", ...values), ...written(...values.with(-1, "old"))]);
		both.set("a", utf8("plain"));
		assert.deepEqual([...both.keys()].sort(), ["a", "a/0", "a/1"]);
		assert.equal(read(both), "new");
		cutEverywhere(
			both,
			(flash) => new PairStore(flash).delete("a"),
			(after) => assert.ok(["new", undefined].includes(read(after)), read(after)),
		);
	}
});

test("a put that is refused leaves what there was; the next one is taken", () => {
	for (const code of ["store.full", "store.failed"] as const) {
		let refusing = true;
		const blobs = written("older", "old");
		const refuse = () => (refusing ? new Fault(code, "no") : undefined);
		const store = new PairStore(new FakeStore({ blobs, refuse }));
		assert.throws(() => store.put("a", utf8("new")), isFault(code));
		assert.equal(text(store.get("a")), "old");
		refusing = false;
		store.put("a", utf8("new"));
		assert.equal(text(store.get("a")), "new");
	}
});

test("what was made with room for the head, and what get gave, is written without a copy; all else is left as it is", () => {
	const flash = new FakeStore();
	const store = new PairStore(flash);
	const given: Uint8Array[] = [];
	const put = flash.put.bind(flash);
	flash.put = (name, bytes) => {
		given.push(bytes);
		put(name, bytes);
	};
	const made = withRoom(3);
	made.set([1, 2, 3]);
	store.put("a", made);
	const got = store.get("a")!;
	assert.deepEqual([...got], [1, 2, 3]);
	store.put("b", got);
	assert.ok(given[0]!.buffer === made.buffer && given[1]!.buffer === got.buffer);
	const around = Uint8Array.from({ length: 40 }, (_, i) => i);
	for (const [from, to] of [
		[12, 39],
		[13, 40],
		[0, 40],
	] as const) {
		store.put("c", around.subarray(from, to));
		assert.deepEqual([...store.get("c")!], [...around.slice(from, to)]);
		assert.ok(around.every((byte, i) => byte === i));
	}
	for (const name of ["a", "b"]) assert.deepEqual([...store.get(name)!], [1, 2, 3]);
});

test("a refusal loses the blob in place beneath, as a cut does", () => {
	const flash = new FakeStore({ partition: { pages: 2, others: () => 100 }, blobs: new Map([["a", utf8("old")]]) });
	assert.throws(() => flash.put("a", new Uint8Array(1000)), isFault("store.full"));
	assert.equal(flash.get("a"), undefined);
});

test("an older copy that cannot be deleted is out of force all the same", () => {
	const flash = new FakeStore();
	const store = new PairStore(flash);
	store.put("a", utf8("old"));
	const remove = flash.delete.bind(flash);
	flash.delete = (name) => {
		if (flash.blobs.has(name)) throw new Fault("store.failed", "worn");
	};
	store.put("a", utf8("new"));
	assert.equal(text(store.get("a")), "new");
	flash.delete = remove;
	store.put("a", utf8("newest"));
	assert.equal(text(store.get("a")), "newest");
	assert.equal(flash.blobs.size, 1);
});

test("nothing is written over, and the same bytes are not written again", () => {
	const flash = new FakeStore();
	const put = flash.put.bind(flash);
	flash.put = (name, bytes) => {
		assert.equal(flash.blobs.has(name), false, `${name} is replaced`);
		put(name, bytes);
	};
	const store = new PairStore(flash);
	for (const value of ["1", "2", "3", "3", "4"]) store.put("a", utf8(value));
	assert.equal(flash.writes, 4 + 3);
	assert.equal(text(store.get("a")), "4");
	// What a cut has left, older or damaged.
	for (const left of [written("1", "2", "3").get("a/0")!, Uint8Array.of(1)]) {
		flash.blobs.set("a/0", left);
		store.put("a", utf8("5"));
		store.put("a", utf8("6"));
		assert.deepEqual([...flash.blobs.keys()], ["a/1"]);
	}
	store.delete("a");
	assert.equal(flash.blobs.size, 0);
});

test("damaged bytes are told apart from none, and do not stand in the way of the older ones or of new ones", () => {
	const blobs = written("old");
	const old = blobs.get("a/0")!;
	const newer = written("old", "new").get("a/1")!;
	for (const spoiled of [
		newer.slice(0, 5),
		newer.slice(0, -1),
		Uint8Array.of(),
		newer.map((byte, i) => byte ^ (i === 12 ? 1 : 0)),
		newer.map((byte, i) => byte ^ (i === 0 ? 1 : 0)),
	]) {
		blobs.set("a/0", old);
		blobs.set("a/1", spoiled);
		assert.equal(read(blobs), "old");
		blobs.delete("a/0");
		assert.throws(() => read(blobs), isFault("store.damaged"));
		new PairStore(new FakeStore({ blobs })).put("a", utf8("new"));
		assert.equal(read(blobs), "new");
		assert.equal(blobs.size, 1, "the damaged copy is gone");
	}
	// A blob under another name is not this one's.
	assert.throws(() => read(new Map([["b/0", old]]), "b"), isFault("store.damaged"));
});

test("what a version before this left is read, and moved once, cut anywhere; an image on trial leaves it", () => {
	const before: Blobs = new Map([
		["cred.a", utf8("credential")],
		["ota", utf8("record")],
	]);
	const look = (after: Blobs): void => {
		const store = openFlashStore(new FakeStore({ blobs: after }), false);
		assert.deepEqual([text(store.get("cred.a")), text(store.get("ota"))], ["credential", "record"]);
		assert.deepEqual([...after.keys()].sort(), ["cred.a/0", "ota/0"]);
	};
	assert.ok(cutEverywhere(before, (flash) => openFlashStore(flash, false), look) > 10);

	const trial = openFlashStore(new FakeStore({ blobs: before }), true);
	trial.put("ota", utf8("trial"));
	assert.deepEqual([...before.keys()].sort(), ["cred.a", "ota"]);
	look(new Map([...before, ["ota", utf8("record")]]));
	// Once moved, an image on trial uses the pairs: the one before it does so, too.
	const moved: Blobs = new Map(before);
	openFlashStore(new FakeStore({ blobs: moved }), false);
	openFlashStore(new FakeStore({ blobs: moved }), true).put("ota", utf8("trial"));
	assert.equal(moved.has("ota"), false);
});

test("where a second copy cannot be written the old blob is read where it is: no room, or flash that is worn", () => {
	for (const code of ["store.full", "store.failed"] as const) {
		const blobs: Blobs = new Map([["cred.a", utf8("credential")]]);
		const refuse = () => new Fault(code, "no");
		const store = openFlashStore(new FakeStore({ blobs, refuse }), false);
		assert.equal(text(store.get("cred.a")), "credential");
		assert.throws(() => store.put("cred.a", utf8("new")), isFault(code));
		assert.equal(text(store.get("cred.a")), "credential");
	}
});
