/**
 * Applications over the air on XS: examples/sensor, whose firmware has the sensor built in, takes mod archives from the local
 * cloud, which the engine itself maps and runs.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, project, type Run, skip } from "../../hw/simulator/harness.ts";
import { ArchiveReader } from "../../src/application/archive.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { appClassUuid } from "../../src/suit/uuid.ts";
import { bundle, CLASS, manifestOf } from "../support/release.ts";
import { offer as offerFirmware } from "../support/updated.ts";
import { updatesEnvironmentOf } from "./environment.ts";
import { buildArchive, buildMapper, type Mapper } from "./mapping/mapping.ts";

/** Until it is ready for what comes: the hub has the report of how it stands. */
const CONNECTED = /state {2}state=connected/;
const RUNNING = /app {2}running=/;

describe("an application over the air on XS", { skip }, () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-app-update-"));
	const flash = join(folder, "flash");
	let app: App;
	let cloud: Cloud;
	let mapper: Mapper;
	before(async () => {
		mkdirSync(flash);
		app = await buildForXs({
			name: "app-update",
			build: "release",
			manifest: join(project, "examples/sensor/manifest.json"),
		});
		cloud = await startCloud({ polls: 0 });
		mapper = await buildMapper(app.library);
	});
	after(async () => {
		await cloud?.close();
		rmSync(folder, { recursive: true, force: true });
	});

	/** One power-up, until it restarts (exit code 1), crashes, or logs `stopAt`, where its power fails. */
	const boot = (stopAt?: RegExp, change: Readonly<Record<string, string>> = {}): Promise<Run> =>
		app.run({
			...(stopAt && { stopAt }),
			environment: { ...updatesEnvironmentOf(cloud, flash), ...change },
		});
	const restart = async (...expected: readonly RegExp[]): Promise<void> => {
		const { exitCode, output } = await boot();
		assert.equal(exitCode, 1, output);
		for (const text of expected) assert.match(output, text);
	};
	/** `more`: modules beside the application's own. */
	const offer = async (name: string, sequence: number, more: Readonly<Record<string, string>> = {}): Promise<void> => {
		const made = join(folder, `app-${sequence}`);
		mkdirSync(made);
		const modules = { "app/main": join(project, `test/sim/apps/mods/${name}.js`), ...more };
		const image = new Uint8Array(readFileSync(await buildArchive(made, modules)));
		const reader = new ArchiveReader(image.length);
		reader.push(image);
		reader.end();
		const uri = cloud.downloads.publish(`app-${sequence}.xsa`, image);
		const manifest = { component: [utf8("xs")], class: appClassUuid(CLASS, reader.version), uri, sequence };
		cloud.downloads.publish(`app-${sequence}.suit`, bundle(manifestOf(image, manifest)));
		cloud.operator.pushDesired(cloud.registrationId, { app: cloud.downloads.offer(`app-${sequence}.suit`) });
	};
	const reported = () => cloud.device(cloud.registrationId)!.reported.properties as Record<string, object | string>;
	/** The application before runs again, and the offer that failed is not taken once more. */
	const goneBack = async (sequence: number, code: string): Promise<void> => {
		const { output } = await boot(/ota\.failed-before/);
		assert.match(output, /state=valid/, output);
		assert.deepEqual(reported().app, { state: "idle", installed: 1, sequence, code });
	};
	const sent = () => cloud.telemetry.map(({ body }) => JSON.parse(Buffer.from(body).toString()).app ?? "sensor");

	test("takes the place of the one in the firmware, and confirms itself", async () => {
		const factory = await boot(/lost|state {2}state=connected/);
		assert.match(factory.output, /app {2}running=factory/);
		await offer("good", 1);
		await restart(/ota\.restart {2}sequence=1/);
		// Placed, and mapped by the engine at the next power-up.
		await restart();
		const trial = await boot(/ota\.confirmed/);
		assert.match(trial.output, /app {2}running=app_\d {2}state=trial/, trial.output);
		assert.match(trial.output, /ota\.confirmed {2}sequence=1/);
		assert.equal(sent().at(-1), "good");
		const good = await boot(CONNECTED);
		assert.match(good.output, /app {2}running=app_\d {2}state=valid/);
	});

	test("one that throws goes back at once", async () => {
		await offer("throws", 2);
		await restart(/ota\.restart {2}sequence=2/);
		await restart();
		await restart(/state=trial/, /fault {2}code=app\.failed/);
		await restart();
		await goneBack(2, "app.failed");
	});

	test("one that takes the device down is given up after three trials", async () => {
		await offer("crashes", 3);
		for (let trial = 0; trial < 3; trial++) {
			await restart(/ota\.restart {2}sequence=3/);
			await restart();
			const crash = await boot();
			assert.ok(crash.exitCode! > 100, crash.output);
			assert.match(crash.output, /state=trial/);
			await restart();
		}
		await goneBack(3, "ota.aborted");
	});

	test("one that never confirms goes back at its deadline", async () => {
		await offer("silent", 4);
		await restart(/ota\.restart {2}sequence=4/);
		await restart();
		await restart(/state=trial/);
		assert.equal(sent().at(-1), "silent");
		await restart();
		await goneBack(4, "ota.rejected");
	});

	test("reaches nothing but its device", async () => {
		await offer("prisoner", 5);
		await restart(/ota\.restart {2}sequence=5/);
		await restart();
		await boot(/ota\.confirmed/);
		assert.equal(reported().escapes, "none");
	});

	test("steps aside for another firmware, and comes back when that is confirmed", async () => {
		offerFirmware(cloud);
		await restart(/running=app_\d/, /ota\.restart {2}sequence=2/);
		assert.notEqual(readFileSync(join(flash, "app_run.bin")).subarray(4, 8).toString(), "XS_A");
		const trial = await boot(/ota\.confirmed/);
		assert.match(trial.output, /app\.held/, trial.output);
		assert.match(trial.output, /app {2}running=factory/);
		await restart();
		const back = await boot(CONNECTED);
		assert.match(back.output, /app {2}running=app_\d {2}state=valid/, back.output);
	});

	test("is never run half mapped: power fails at each sector that the engine writes", async () => {
		// What the engine has several sectors of.
		await offer("good", 6, { "app/x509": join(project, "dist/moddable/x509.js") });
		await restart(/ota\.restart {2}sequence=6/);
		await restart();
		const placed = join(folder, "placed");
		cpSync(flash, placed, { recursive: true });
		const run = join(flash, "app_run.bin");
		const { writes } = await mapper.boot(run);
		const whole = readFileSync(run);
		let repaired = 0;
		for (let cut = 0; cut < writes; cut++)
			for (const torn of ["untouched", "erased", "half"] as const) {
				rmSync(flash, { recursive: true });
				cpSync(placed, flash, { recursive: true });
				assert.equal((await mapper.boot(run, { cut, torn })).off, true);
				let { exitCode, output } = await boot(RUNNING);
				// What the engine itself refuses ends the simulator; an ESP32 goes on without it.
				if (/XS abort/.test(output)) ({ exitCode, output } = await boot(RUNNING));
				if (exitCode === 1) {
					repaired++;
					({ output } = await boot(RUNNING));
				}
				assert.match(output, /running=app_\d {2}state=trial/, `cut ${cut}, ${torn}`);
				assert.deepEqual(readFileSync(run), whole, `cut ${cut}, ${torn}`);
			}
		console.log(`${writes} sector writes, cut ${writes * 3} times: ${repaired} half-mapped archives placed anew`);
		assert.ok(repaired > 0);
	});
});
