/** The application, manifest.json and hw/moddable/main.ts: it restarts after what ends it, later each time, and is alive again. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";

test("the application restarts after a growing back-off, and starts over once it has been connected", {
	skip,
}, async () => {
	const app = await buildForXs({
		name: "main",
		build: "release",
		manifest: join(project, "hw/simulator/manifest.json"),
	});
	const flash = mkdtempSync(join(tmpdir(), "enrollee-main-"));
	const cloud = await startCloud();
	try {
		const good = environmentOf(cloud, flash);
		const broken = { ...good, ENROLLEE_ID_SCOPE: "not an id scope" };
		const backoff = async (): Promise<string> => {
			const { output } = await app.run({ environment: broken, stopAt: /^restart in/ });
			assert.match(output, /^fatal {2}config\.invalid: idScope/m);
			assert.match(output, /^remedy /m);
			return /^restart in (\d+) s/m.exec(output)![1]!;
		};
		assert.deepEqual([await backoff(), await backoff(), await backoff()], ["10", "20", "40"]);

		const run = await app.run({ environment: good, stopAt: /state=connected/ });
		assert.match(run.output, /state=connected/);
		assert.ok(!readdirSync(flash).includes("restarts"));
		assert.equal(await backoff(), "10");
	} finally {
		await cloud.close();
		rmSync(flash, { recursive: true });
	}
});
