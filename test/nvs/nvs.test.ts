/**
 * The agent's store on ESP-IDF's own NVS, with the power cut before, in the middle of and after every write and erase:
 * NVS_SERVED names the program that the application beside this builds to (README.md there). NVS_WHOLE=1 cuts all of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { equal } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";
import { entriesOf } from "../../src/store/entries.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { random } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";
import { NvsStore } from "./nvs-store.ts";
import { ServedNvs } from "./served.ts";

const program = process.env.NVS_SERVED;
const skip = program === undefined ? "SKIPPED: no ESP-IDF (NVS_SERVED)" : false;
const ROUNDS = process.env.NVS_WHOLE ? 12 : 3;
const FILLS = [0.1, 0.75, 0.87];
/** Of the agent's records: pointer, pending key, update journal, credential. */
const SIZES = [45, 130, 700, 1200, 2500];

for (const fill of FILLS)
	test(`at ${fill * 100} %, every cut of every put leaves the old record or the new one, and nobody else's is touched`, {
		skip,
	}, (t) => {
		const source = random();
		const nvs = new ServedNvs(program!);
		try {
			nvs.fill(fill, source);
			let cuts = 0;
			for (const size of SIZES) {
				const name = `x${size}`;
				let held: Uint8Array | undefined;
				let value = source.bytes(size);
				const flash = new NvsStore(nvs, (command) => {
					for (const { count, blobs, sparesOthers } of nvs.sweep(command)) {
						cuts += count;
						const found = new PairStore(new FakeStore({ blobs: new Map(blobs) })).get(name);
						const isKnown = equalOrNone(found, held) || equalOrNone(found, value);
						assert.ok(isKnown && sparesOthers, `SEED=${source.seed}: ${size} bytes in ${command.slice(0, 20)}`);
					}
				});
				const store = new PairStore(flash);
				for (let round = 0; round < ROUNDS; round++) {
					value = source.bytes(size);
					if (!isTaken(store, value, name)) break;
					held = value;
				}
				assert.ok(equalOrNone(store.get(name), held), "a refused put leaves what there was");
			}
			t.diagnostic(`${cuts} cuts, SEED=${source.seed}`);
			assert.ok(cuts > 100);
		} finally {
			nvs.end();
		}
	});

test("what is reckoned to fit NVS never refuses, at any fill, and the reckoning takes no more than it must", {
	skip,
}, (t) => {
	const source = random();
	let [least, taken] = [1, 0];
	for (let turn = 0; turn < (process.env.NVS_WHOLE ? 20 : 6); turn++) {
		const nvs = new ServedNvs(program!);
		try {
			const flash = new NvsStore(nvs);
			const room = new StoreRoom(flash, () => flash.entries());
			const names: string[] = [];
			for (let i = 0; i < 1500; i++) {
				const size = source.integer(source.integer(2) === 0 ? 100 : turn % 2 === 0 ? 1500 : 7000);
				const name = `cred.${source.integer(100 + 25 * (turn % 5))}`;
				if (names.includes(name)) flash.delete(name);
				else names.push(name);
				const { used: before, total } = flash.entries();
				if (isTaken(room, source.bytes(size), name)) {
					taken++;
					assert.ok(flash.entries().used - before <= entriesOf(size), `${size} bytes`);
				} else least = Math.min(least, (before + entriesOf(size)) / total);
			}
			assert.equal(flash.refusals, 0, `SEED=${source.seed}, turn ${turn}`);
		} finally {
			nvs.end();
		}
	}
	t.diagnostic(`${taken} puts, none refused that ends below ${Math.round(100 * least)} %`);
	assert.ok(taken > 1000 && least < 1 && least > 0.8);
});

function isTaken(store: Store, bytes: Uint8Array, name: string): boolean {
	try {
		store.put(name, bytes);
		return true;
	} catch (thrown) {
		if (thrown instanceof Fault && thrown.code === "store.full") return false;
		throw thrown;
	}
}

function equalOrNone(found: Uint8Array | undefined, wanted: Uint8Array | undefined): boolean {
	return found === wanted || (found !== undefined && wanted !== undefined && equal(found, wanted));
}
