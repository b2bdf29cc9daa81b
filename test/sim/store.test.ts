/** The simulator's store on XS: its verbs, what a second run finds, what a cut in the middle of writing leaves, bad folders. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";

describe("the store in the simulator", { skip }, () => {
	let app: App;
	const folder = mkdtempSync(join(tmpdir(), "enrollee-store-"));
	before(async () => {
		app = await buildForXs({
			name: "store",
			build: "release",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/store" },
			},
		});
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	test("puts replace, deletes are idempotent, a second run finds what was kept", async () => {
		const environment = { ENROLLEE_STATE: join(folder, "made by the store") };
		const { exitCode, output } = await app.run({ environment: { ...environment, MODE: "check" } });
		assert.equal(exitCode, 0, output);
		assert.equal(output, `before none\nreplaced 10 ${start(2)}\nempty 0 \ndeleted none\n`);
		const second = await app.run({ environment: { ...environment, MODE: "read" } });
		assert.equal(second.output, `kept 5 ${start(3).slice(0, 10)}\n`);
		assert.deepEqual(readdirSync(environment.ENROLLEE_STATE).sort(), ["empty", "kept"]);
	});

	test("killed in the middle of writing, it leaves the old blob or the new one, whole", async () => {
		for (const stopAt of [20, 70, 120, 170, 220].map((n) => new RegExp(`written ${n}$`))) {
			const run = await app.run({ environment: { ENROLLEE_STATE: folder, MODE: "write" }, stopAt });
			assert.equal(run.exitCode, undefined, run.output);
			const bytes = readFileSync(join(folder, "cut"));
			assert.equal(bytes.length % 1000, 1);
			assert.ok(bytes.every((byte, i) => byte === ((i * 31 + bytes[0]!) & 0xff)));
		}
	});

	test("a folder that cannot be is store.failed", async () => {
		writeFileSync(join(folder, "file"), "");
		const { exitCode, output } = await app.run({ environment: { ENROLLEE_STATE: join(folder, "file"), MODE: "read" } });
		assert.equal(exitCode, 1);
		assert.match(output, /store\.failed/);
	});
});

/** The first eight bytes of the app's blobs, in hex. */
const start = (seed: number): string => Buffer.from(Array.from({ length: 8 }, (_, i) => i * 31 + seed)).toString("hex");
