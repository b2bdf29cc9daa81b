/**
 * The agent's life on ESP-IDF's own NVS (README.md here): enrolment, three renewals, updates of application and firmware, with the
 * power cut before, in the middle of and after every write and erase. NVS_WHOLE=1 cuts every change of flash, else a sample.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openFlashStore } from "../../src/store/flash-store.ts";
import { random } from "../support/random.ts";
import { NvsStore } from "./nvs-store.ts";
import { Scene } from "./scene.ts";
import { ServedNvs } from "./served.ts";

const program = process.env.NVS_SERVED ?? "";
const skip = program === "" ? "SKIPPED: no ESP-IDF (NVS_SERVED)" : false;
const sample = process.env.NVS_WHOLE ? 1 : 5;

for (const fill of [0.1, 0.75, 0.9])
	for (const room of [true, false])
		test(`at ${fill * 100} %, ${room ? "as devices have it" : "with NVS to refuse"}: a restart after any cut finds all that there was`, {
			skip,
		}, async (t) => {
			const scene = new Scene({ program, room, sample });
			try {
				// A device that finds its partition so full is not enrolled: it gets full later.
				if (fill < 0.9) scene.fill(fill);
				await scene.certify();
				scene.update("xs", 1);
				scene.fill(fill);
				for (let i = 0; i < 3; i++) await scene.certify();
				scene.update("fw", 2);
				scene.update("xs", 3);
				const { cuts, refusals, begunAndRefused } = scene;
				t.diagnostic(
					`${cuts} cuts, ${refusals} of 7 not done for want of room, ${begunAndRefused} writes refused by NVS`,
				);
				assert.ok(cuts > 50);
				if (room) assert.equal(begunAndRefused, 0);
				if (fill < 0.5) assert.equal(refusals, 0);
			} finally {
				scene.nvs.end();
			}
		});

/** Ten years at default settings, and more than most devices do: days between each. */
const YEARS = 10;
const RENEWAL_DAYS = 0.75 * 30;
const UPDATE_DAYS = 30;
const BOOT_DAYS = 1;
/** A firmware of 2 MB keeps its offset each 64 KB. */
const OFFSETS = 32;

for (const fill of [0.25, 0.75])
	test(`ten years at ${fill * 100} %: no page is erased 10,000 times, and the reckoned life is not far off`, {
		skip,
	}, (t) => {
		const source = random();
		const nvs = new ServedNvs(program);
		try {
			nvs.fill(fill, source);
			const flash = new NvsStore(nvs);
			const store = openFlashStore(flash, false, () => flash.entries());
			const put = (name: string, size: number): void => store.put(name, source.bytes(size));
			const due = (day: number, every: number): boolean => day % every < 1;
			let isFirst = true;
			for (let day = 0; day < YEARS * 365; day++) {
				// Starts of the device and of its application are counted, and that they have lasted.
				if (due(day, BOOT_DAYS)) {
					store.put("unstable", Uint8Array.of(1));
					for (let i = 0; i < 2; i++) put("app", 200);
					store.delete("unstable");
				}
				if (due(day, RENEWAL_DAYS)) {
					for (let i = 0; i < 2; i++) put("cred.pending", 130);
					const [next, last] = isFirst ? (["cred.a", "cred.b"] as const) : (["cred.b", "cred.a"] as const);
					isFirst = !isFirst;
					put(next, 1500);
					store.delete("cred.pending");
					put("cred.current", 45);
					store.delete(last);
				}
				if (due(day, UPDATE_DAYS)) {
					for (let i = 0; i < OFFSETS + 4; i++) put("ota", fill < 0.5 ? 1500 : 500);
					put("ota.floor", 24);
				}
			}
			const { erases } = nvs.stats;
			const most = Math.max(...erases);
			const { written, entries } = store.usage!()!;
			const reckoned = written / (entries!.total - entries!.used);
			t.diagnostic(
				`at most ${most} erases of a page, ${Math.round(reckoned)} reckoned; each page: ${erases.join(" ")}`,
			);
			assert.ok(most < 10_000);
			assert.ok(most < 2 * reckoned && reckoned < 3 * most, `${most} erases, ${reckoned} reckoned`);
		} finally {
			nvs.end();
		}
	});
