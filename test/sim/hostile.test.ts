/**
 * Twins that once ended every boot, against the agent on XS in a machine of what the manifest reserves, which cannot grow: XS
 * aborts one that runs short, so that being answered afterwards is the proof.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, project, type Run, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";

const DEVICE = "dev-001";
const { creation } = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8"));

const members = (count: number, prefix = "k"): Record<string, number> =>
	Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, i]));

const TWINS: Readonly<Record<string, Record<string, unknown>>> = {
	"100 short members": members(100),
	"800 members": members(800),
	"1,000 empty arrays": { wide: Array.from({ length: 1000 }, () => []) },
};
describe("a hub that sends too much, on XS", { skip }, () => {
	let app: App;
	let cloud: Cloud;
	const state = mkdtempSync(join(tmpdir(), "enrollee-hostile-"));
	before(async () => {
		const { chunk, heap, stack } = creation;
		const fixed = {
			chunk: { initial: chunk.initial, incremental: 0 },
			heap: { initial: heap.initial, incremental: 0 },
			stack,
		};
		app = await buildForXs({
			name: "hostile",
			build: "instrument",
			engine: "memory",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/hostile" },
				creation: fixed,
			},
		});
		cloud = await startCloud({ polls: 0 });
	});
	after(async () => {
		await cloud?.close();
		rmSync(state, { recursive: true });
	});

	/** Runs the device while `play` does; it must still run then. */
	async function live(play: (lines: readonly string[]) => Promise<void>): Promise<Run> {
		const power = new AbortController();
		const lines: string[] = [];
		let connected = (): void => {};
		const ready = new Promise<void>((resolve) => {
			connected = resolve;
		});
		const running = app.run({
			environment: environmentOf(cloud, state),
			timeoutSeconds: 200,
			power: power.signal,
			onLine(line) {
				lines.push(line);
				if (line.startsWith("desired ")) connected();
			},
		});
		await Promise.race([ready, running]);
		try {
			await play(lines);
		} finally {
			power.abort();
		}
		const run = await running;
		assert.equal(run.exitCode, undefined, run.output.slice(-1500));
		return run;
	}

	const status = async (why: string): Promise<void> => {
		const outcome = await cloud.operator.callMethod(DEVICE, "enrollee.status", undefined, 20);
		assert.ok("status" in outcome && outcome.status === 200, `${why}: ${JSON.stringify(outcome)}`);
	};

	test("the first boot, which makes the twin", () => live(() => status("enrolled")).then(() => {}));

	for (const [why, patch] of Object.entries(TWINS))
		test(`a boot under a twin of ${why} reaches the hub`, async () => {
			cloud.operator.pushDesired(DEVICE, patch);
			await live(() => status(why));
			cloud.operator.pushDesired(DEVICE, Object.fromEntries(Object.keys(patch).map((name) => [name, null])));
		});
});
