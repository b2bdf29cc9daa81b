/** The fake ports themselves: what the tests that lean on them take for granted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, utf8, utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { WireOptions } from "../../src/port.ts";
import { FakeClock } from "./clock.ts";
import { FakeEntropy } from "./entropy.ts";
import { Power, PowerCut } from "./power.ts";
import { random } from "./random.ts";
import { FakeStore } from "./store.ts";
import { FakeWire, type Link, type Socket } from "./wire.ts";

const TO: WireOptions = { host: "hub", port: 8883, anchors: [], timeoutSeconds: 10 };

test("clock: runs what falls due in order of time, then of registration, what it brings about included", async () => {
	const clock = new FakeClock(1_000_000);
	const order: string[] = [];
	const note = (name: string) => () => order.push(`${name}@${clock.ticks()}`);
	clock.after(20, note("c"));
	clock.after(10, () => {
		note("a")();
		clock.after(5, note("nested"));
		Promise.resolve()
			.then(() => Promise.resolve())
			.then(note("promise"));
	});
	clock.after(10, note("b"));
	clock.after(21, note("late"));
	const cancel = clock.after(15, note("cancelled"));
	cancel();
	cancel();
	await clock.advance(20);
	assert.deepEqual(order, ["a@10", "promise@10", "b@10", "nested@15", "c@20"]);
	assert.equal(clock.now(), 1_000_020);
	assert.equal(clock.waiting, 1);
});

test("clock: the wall clock jumps, ticks and timers do not", async () => {
	const clock = new FakeClock(0);
	let called = 0;
	clock.after(100, () => called++);
	await clock.advance(50);
	clock.set(1e12);
	assert.deepEqual([clock.now(), clock.ticks(), called], [1e12, 50, 0]);
	await clock.advance(50);
	assert.deepEqual([clock.now(), clock.ticks(), called], [1e12 + 50, 100, 1]);
});

test("clock: until jumps from timer to timer, and says so when the end cannot come", async () => {
	const clock = new FakeClock();
	let reached = false;
	clock.after(3600_000, () => {
		reached = true;
	});
	await clock.until(() => reached);
	assert.equal(clock.ticks(), 3600_000);
	await assert.rejects(
		clock.until(() => false),
		/nothing waits/,
	);
	clock.after(2000, () => {});
	await assert.rejects(
		clock.until(() => false, 1000),
		/not reached within 1000 ms/,
	);
});

test("store: keeps copies, counts wear, refuses names that flash would refuse", () => {
	const store = new FakeStore();
	const bytes = utf8("abc");
	store.put("a.1", bytes);
	bytes.fill(0);
	store.get("a.1")!.fill(0);
	assert.equal(utf8Text(store.get("a.1")!), "abc");
	store.delete("a.1");
	store.delete("a.1");
	assert.equal(store.get("a.1"), undefined);
	assert.deepEqual([store.writes, store.bytesWritten], [2, 3]);
	for (const name of ["", "A", "a_b", "0123456789abcdef"])
		assert.throws(() => store.put(name, bytes), { code: "store.failed" });
});

test("store: a put refused for want of room loses the old blob, as NVS does; one that fails, or a file, does not", () => {
	for (const [code, atomic, left] of [
		["store.full", false, undefined],
		["store.failed", false, "ab"],
		["store.full", true, "ab"],
	] as const) {
		const refuse = (_: string, bytes: Uint8Array) => (bytes.length > 2 ? new Fault(code, "no") : undefined);
		const store = new FakeStore({ refuse, atomic });
		store.put("a", utf8("ab"));
		assert.throws(() => store.put("a", utf8("abc")), { code });
		const held = store.get("a");
		assert.equal(held && utf8Text(held), left);
	}
});

test("power: cut before, in and after every write, the blob is the old one, none or the new one, and the boot is over", () => {
	const run = (power: Power, blobs: Map<string, Uint8Array>): void => {
		const store = new FakeStore({ blobs, power });
		store.put("a", utf8("new"));
		store.put("b", utf8("new"));
		store.delete("a");
	};
	const outcomes = [];
	const whole = new Power();
	run(whole, new Map([["a", utf8("old")]]));
	for (let cutAt = 0; cutAt < whole.points; cutAt++) {
		const blobs = new Map([["a", utf8("old")]]);
		const power = new Power(cutAt);
		assert.throws(() => run(power, blobs), PowerCut);
		assert.throws(() => new FakeStore({ blobs, power }).get("a"), PowerCut);
		outcomes.push([power.where, ...[...blobs].map(([name, bytes]) => `${name}=${utf8Text(bytes)}`)].join(" "));
	}
	assert.deepEqual(outcomes, [
		"before store.put a a=old",
		"during store.put a",
		"after store.put a a=new",
		"before store.put b a=new",
		"after store.put b a=new b=new",
		"before store.delete a a=new b=new",
		"after store.delete a b=new",
	]);
});

test("power: no callback reaches a device without it", async () => {
	const clock = new FakeClock();
	const power = new Power();
	let called = 0;
	clock.powered(power).after(10, () => called++);
	clock.after(5, () => power.cut());
	await clock.advance(20);
	assert.equal(called, 0);
	assert.throws(() => clock.powered(power).after(1, () => {}), PowerCut);
});

/** An echo server on the link; what the device saw, and what reached the server. */
async function echo(link: Link, power?: Power) {
	const clock = new FakeClock();
	const seen: string[] = [];
	const reached: Uint8Array[] = [];
	let serverClosed = 0;
	const serve = (socket: Socket): void => {
		socket.onData = (bytes) => {
			reached.push(bytes);
			socket.write(bytes);
		};
		socket.onClose = () => serverClosed++;
	};
	const wire = new FakeWire({ clock, serve, power, link: () => link });
	const connection = wire.connect(TO, {
		onOpen: () => connection.write(utf8("hello world")),
		onData: (bytes) => seen.push(utf8Text(bytes)),
		onClose: (fault) => seen.push(`closed ${fault?.code}`),
	});
	assert.deepEqual(seen, []);
	await clock.advance(1000);
	return { clock, connection, wire, seen, reached: utf8Text(concat(...reached)), serverClosed: () => serverClosed };
}

test("wire: carries bytes both ways, and its end to both sides", async () => {
	const { clock, connection, wire, seen, serverClosed } = await echo({});
	connection.close();
	assert.deepEqual(seen, ["hello world"]);
	await clock.advance(10);
	assert.deepEqual(seen, ["hello world", "closed undefined"]);
	assert.equal(serverClosed(), 1);
	connection.write(utf8("late"));
	connection.close();
	await clock.advance(10);
	assert.equal(seen.length, 2);
	assert.deepEqual([wire.sent, wire.received, wire.connections], [11, 11, 1]);
});

test("wire: pieces, duplicates and delays that would overtake each other keep the order of a stream", async () => {
	const delays = [1, 1, 50, 1, 30, 1, 1];
	const { seen } = await echo({ pieces: 4, duplicate: () => true, delay: () => delays.pop() ?? 1 });
	assert.deepEqual(seen, ["hell", "o wo", "rld", "hell", "o wo", "rld"]);
});

test("wire: cut after every byte in either direction, exactly that many bytes pass", async () => {
	for (let bytes = 0; bytes <= 11; bytes++) {
		const sent = await echo({ cutAfterSent: bytes });
		assert.equal(sent.reached, "hello world".slice(0, bytes));
		assert.equal(sent.seen.at(-1), "closed wire.closed");
		assert.equal(sent.serverClosed(), 1);
		const received = await echo({ cutAfterReceived: bytes });
		const expected = bytes === 0 ? [] : ["hello world".slice(0, bytes)];
		assert.deepEqual(received.seen, [...expected, "closed wire.closed"]);
	}
	assert.deepEqual((await echo({ cutAfterSent: 12, cutAfterReceived: 12 })).seen, ["hello world"]);
});

test("wire: a refused connection ends in its fault, the server never sees it", async () => {
	const { seen, serverClosed } = await echo({ refuse: new Fault("wire.dns", "no such host") });
	assert.deepEqual([seen, serverClosed()], [["closed wire.dns"], 0]);
	const clock = new FakeClock();
	const codes: (string | undefined)[] = [];
	const serve = (): void => {
		throw new Fault("tls.rejected", "unknown certificate");
	};
	new FakeWire({ clock, serve }).connect(TO, { onOpen() {}, onData() {}, onClose: (fault) => codes.push(fault?.code) });
	await clock.advance(10);
	assert.deepEqual(codes, ["tls.rejected"]);
});

test("wire: a device whose power goes hears nothing more, and the server learns it when it next writes", async () => {
	// Places: connect, write (the cut).
	const { seen, serverClosed } = await echo({}, new Power(1));
	assert.deepEqual(seen, []);
	assert.equal(serverClosed(), 0);
});

test("entropy: the same seed gives the same bytes, another one others", () => {
	const bytes = (seed: number): Uint8Array => {
		const all = new Uint8Array(64);
		new FakeEntropy(random(seed)).fill(all);
		return all;
	};
	assert.deepEqual(bytes(7), bytes(7));
	assert.notDeepEqual(bytes(7), bytes(8));
});
