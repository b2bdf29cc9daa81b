/**
 * What an update takes beside the session with the hub: 8 KB above what the connected agent has taken already, whatever the image's
 * size. The machine begins small and grows in place by little, as in bench/agent, so that what it has taken is what it needed.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { chipBytes, readSamples, type Sample } from "../../bench/memory.ts";
import { startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";
import { standInImage } from "../support/release.ts";
import { offerImage } from "../support/updated.ts";
import { updatesEnvironmentOf } from "./environment.ts";

const MOST_BYTES = 8 * 1024;

describe("what a download takes on XS", { skip }, () => {
	let app: App;
	before(async () => {
		app = await buildForXs({
			name: "downloading",
			build: "instrument",
			manifest: {
				build: { LIBRARIES: "-Wl,--wrap=fxAllocateChunks,--wrap=fxFreeChunks" },
				include: [
					"$(ENROLLEE)/hw/moddable/manifest.json",
					"$(MODDABLE)/modules/base/debug/manifest.json",
					"$(ENROLLEE)/bench/xs/manifest.json",
				],
				creation: {
					static: 0,
					chunk: { initial: 1024, incremental: 256 },
					heap: { initial: 256, incremental: 32 },
					stack: 768,
				},
				modules: {
					"*": "$(ENROLLEE)/bench/agent/chunks",
					main: "$(ENROLLEE)/test/sim/apps/downloading-main",
					downloading: "$(ENROLLEE)/test/sim/apps/downloading",
					"hostile/slot": "$(ENROLLEE)/test/support/hostile/slot",
				},
				preload: ["downloading", "hostile/slot"],
			},
		});
	});

	for (const kilobytes of [200, 1500])
		test(`an image of ${kilobytes} KB`, async (t) => {
			const state = mkdtempSync(join(tmpdir(), "enrollee-downloading-"));
			const cloud = await startCloud({ polls: 0 });
			try {
				const { exitCode, output } = await app.run({
					environment: updatesEnvironmentOf(cloud, state),
					timeoutSeconds: 300,
					onLine(line) {
						if (line === "quiet") offerImage(cloud, standInImage(2, kilobytes * 1024));
					},
				});
				assert.equal(exitCode, 0, output.slice(-1500));
				const samples = readSamples(output);
				const connected = samples.get("connected.taken")!;
				const downloaded = samples.get("downloaded.taken")!;
				t.diagnostic(`connected ${JSON.stringify(connected)}, downloaded ${JSON.stringify(downloaded)}`);
				const more = taken(downloaded) - taken(connected);
				assert.ok(more <= MOST_BYTES, `${more} bytes above ${taken(connected)}`);
			} finally {
				await cloud.close();
				rmSync(state, { recursive: true });
			}
		});
});

const taken = ({ takenChunks, takenSlots, stackSlots }: Sample): number =>
	chipBytes(takenChunks, takenSlots + stackSlots);
