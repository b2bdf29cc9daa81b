/**
 * The agent's store on ESP-IDF's own NVS, with the power cut before, in the middle of and after every write and erase:
 * NVS_SERVED names the program that the application beside this builds to (README.md there). NVS_WHOLE=1 cuts all of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { equal } from "../../src/base/bytes.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { random } from "../support/random.ts";
import { FakeStore } from "../support/store.ts";
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
	}, async (t) => {
		const { bytes, seed } = random();
		const nvs = new ServedNvs(program!);
		try {
			await nvs.ask("clear");
			for (let i = 0; ; i++) {
				const { used, total } = await nvs.room();
				if (used >= fill * total) break;
				await nvs.ask(`blob s${i} ${hexOf(bytes(Math.max(8, Math.min(960, (fill * total - used - 2) * 32)) | 0))}`);
			}
			let cuts = 0;
			sizes: for (const size of SIZES) {
				let held: Uint8Array | undefined;
				for (const name of (await nvs.blobs()).keys()) if (name.startsWith("x/")) await nvs.ask(`del ${name}`);
				for (let round = 0; round < ROUNDS; round++) {
					const value = bytes(size);
					for (const command of commands(await nvs.blobs(), value)) {
						for (const { count, blobs } of await nvs.sweep(command)) {
							cuts += count;
							const found = new PairStore(new FakeStore({ blobs: new Map(blobs) })).get("x");
							const isKnown =
								held === undefined
									? found === undefined || equal(found, value)
									: found !== undefined && (equal(found, held) || equal(found, value));
							assert.ok(isKnown, `SEED=${seed}: ${size} bytes lost in ${command.slice(0, 20)}`);
						}
						const refusal = await nvs.ask(command).then(
							() => undefined,
							(reason: Error) => reason.message,
						);
						if (refusal === undefined) continue;
						assert.equal(refusal, "ESP_ERR_NVS_NOT_ENOUGH_SPACE");
						const found = new PairStore(new FakeStore({ blobs: new Map(await nvs.blobs()) })).get("x");
						assert.deepEqual(found && hexOf(found), held && hexOf(held), "a refused put leaves what there was");
						continue sizes;
					}
					held = value;
				}
			}
			t.diagnostic(`${cuts} cuts, SEED=${seed}`);
			assert.ok(cuts > 100);
		} finally {
			nvs.end();
		}
	});

/** What a PairStore asks of its flash for one put. */
function commands(blobs: ReadonlyMap<string, Uint8Array>, value: Uint8Array): string[] {
	const asked: string[] = [];
	const flash = new FakeStore({ blobs: new Map(blobs) });
	const put = flash.put.bind(flash);
	const drop = flash.delete.bind(flash);
	flash.put = (name, bytes) => {
		asked.push(`blob ${name} ${hexOf(bytes)}`);
		put(name, bytes);
	};
	flash.delete = (name) => {
		if (flash.blobs.has(name)) asked.push(`del ${name}`);
		drop(name);
	};
	new PairStore(flash).put("x", value);
	return asked;
}

function hexOf(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}
