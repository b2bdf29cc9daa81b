/** An update on flash that is nearly full: refused at the offer, or brought to its end; never begun and then refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { Updater } from "../../src/update/updater.ts";
import { FakeClock } from "../support/clock.ts";
import { Power } from "../support/power.ts";
import { bundle, CLASS, manifestOf, RELEASE_KEY, VENDOR } from "../support/release.ts";
import { FakeSlots } from "../support/slots.ts";
import { FakeStore } from "../support/store.ts";
import { type Booted, NEW, OLD, write } from "../support/updated-device.ts";

const PAGES = 6;

/** A device whose flash has so many entries of somebody else's, and may come to have more. */
function device(others: number) {
	const theirs = { entries: others };
	const blobs = new Map<string, Uint8Array>();
	new PairStore(new FakeStore({ blobs })).put("cred.a", new Uint8Array(3000));
	const slots = new FakeSlots(OLD);
	const boot = (): Booted => {
		const power = new Power();
		const clock = new FakeClock();
		const slot = slots.boot(power, clock, true);
		const store = new FakeStore({ blobs, power, partition: { pages: PAGES, others: () => theirs.entries } });
		const keys = [RELEASE_KEY.publicKey];
		const room = new PairStore(new StoreRoom(store, () => store.entries()));
		room.get("cred.a");
		const updater = new Updater({ slot, store: room, clock, keys, vendor: VENDOR, class: CLASS });
		return { power, clock, slot, store, updater, decision: updater.boot() };
	};
	return { blobs, slots, boot, theirs };
}

test("whatever room there is, an update is refused before anything is written, or ends confirmed", () => {
	const ended = { refused: 0, confirmed: 0 };
	for (let others = 0; others < 126 * PAGES; others += 3) {
		const { blobs, slots, boot } = device(others);
		const first = boot();
		const before = [...blobs.keys()];
		const changes = slots.changes;
		try {
			first.updater.offer(bundle(manifestOf(NEW)));
		} catch (thrown) {
			assert.ok(thrown instanceof Fault && thrown.code === "store.full", String(thrown));
			assert.deepEqual([...blobs.keys()], before);
			assert.equal(slots.changes, changes);
			ended.refused++;
			continue;
		}
		write(first, NEW);
		first.updater.complete();
		first.updater.apply();
		const second = boot();
		assert.equal(second.decision, "trial", `${others} entries of others`);
		second.updater.confirm();
		assert.equal(second.updater.status.installed, 2);
		ended.confirmed++;
	}
	assert.ok(ended.refused > 20 && ended.confirmed > 20, JSON.stringify(ended));
});

test("an update that takes the place of another, too, is refused with the other as it was, or ends confirmed", () => {
	const ended = { refused: 0, confirmed: 0 };
	for (let others = 0; others < 126 * PAGES; others += 3) {
		const { blobs, boot, theirs } = device(others);
		const { updater, ...first } = boot();
		try {
			updater.offer(bundle(manifestOf(NEW)));
		} catch {
			continue;
		}
		const before = new Map(blobs);
		// As many as a longer address has, of which a bundle may have no more than 1,024 characters.
		theirs.entries += 24;
		try {
			updater.offer(bundle(manifestOf(NEW, { sequence: 3, uri: `https://example.com/${"a".repeat(1000)}` })));
		} catch (thrown) {
			assert.ok(thrown instanceof Fault && thrown.code === "store.full", String(thrown));
			assert.deepEqual(blobs, before);
			ended.refused++;
			continue;
		}
		write({ ...first, updater }, NEW);
		updater.complete();
		updater.apply();
		const second = boot();
		second.updater.confirm();
		assert.equal(second.updater.status.installed, 3);
		ended.confirmed++;
	}
	assert.ok(ended.refused > 5 && ended.confirmed > 20, JSON.stringify(ended));
});
