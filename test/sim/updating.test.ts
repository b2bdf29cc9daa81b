/**
 * The application on XS (manifest.json, hw/moddable/main.ts) takes an update from the local cloud: over HTTPS, a broken
 * connection and a restart included; then one that never reaches the hub.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, project, type Run, skip } from "../../hw/simulator/harness.ts";
import { standInImage } from "../support/release.ts";
import { offer } from "../support/updated.ts";
import { updatesEnvironmentOf } from "./environment.ts";

describe("the application on XS takes updates", { skip }, () => {
	const flash = mkdtempSync(join(tmpdir(), "enrollee-updating-"));
	let app: App;
	let cloud: Cloud;
	before(async () => {
		app = await buildForXs({
			name: "updating",
			build: "release",
			manifest: join(project, "hw/simulator/manifest.json"),
		});
		cloud = await startCloud({ polls: 0 });
	});
	after(async () => {
		await cloud?.close();
		rmSync(flash, { recursive: true, force: true });
	});

	/** One boot, until it restarts (exit code 1) or `stopAt` is logged. */
	const boot = (stopAt?: RegExp, change: Readonly<Record<string, string>> = {}): Promise<Run> =>
		app.run({
			...(stopAt && { stopAt }),
			environment: { ...updatesEnvironmentOf(cloud, flash), ...change },
		});
	/** One boot, until the cloud has heard what is awaited. */
	const bootUntil = async (heard: Promise<unknown>): Promise<Run> => {
		const power = new AbortController();
		const run = app.run({ environment: updatesEnvironmentOf(cloud, flash), power: power.signal });
		await Promise.race([heard, run]);
		power.abort();
		return run;
	};
	const ota = () => cloud.device(cloud.registrationId)!.reported.properties.ota as object;

	test("broken off, gone on by Range, restarted into, confirmed by the hub; the certificate stays", async () => {
		await boot(/hub\.connected|state=connected/);
		cloud.arm("update-reset=150000:1");
		offer(cloud);
		const old = await boot();
		assert.equal(old.exitCode, 1, old.output);
		assert.match(old.output, /wire\.closed/);
		assert.match(old.output, /ota\.restart {2}sequence=2/);
		const trial = await boot(/ota\.confirmed/);
		assert.match(trial.output, /ota\.boot {2}decision=trial {2}running=ota_1/, trial.output);
		assert.match(trial.output, /ota\.confirmed {2}sequence=2/);
		await boot(/ota\.failed|telemetry|state=connected/);
		assert.equal(cloud.registrations.length, 1);
		const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
		assert.ok(serials.length >= 3);
		assert.equal(new Set(serials).size, 1);
		const parts = cloud.events.flatMap((event) => (event.event === "download" ? [event] : []));
		assert.deepEqual(
			parts.map(({ name, status }) => `${name} ${status}`),
			["agent-2.suit 200", "agent-2.bin 200", "agent-2.bin 206"],
		);
	});

	test("one that does not reach the hub goes back at its deadline, and the old one says so", async () => {
		offer(cloud, 3);
		const old = await boot();
		assert.match(old.output, /ota\.restart {2}sequence=3/, old.output);
		const trial = await boot(undefined, { ENROLLEE_HUB: "127.0.0.1:1" });
		assert.equal(trial.exitCode, 1, trial.output);
		assert.match(trial.output, /ota\.boot {2}decision=trial {2}running=ota_0/);
		const reported = cloud.seen(
			(event) => event.event === "reported" && JSON.stringify(event.patch).includes("ota.rejected"),
		);
		const back = await bootUntil(reported);
		assert.match(back.output, /ota\.boot {2}decision=run {2}running=ota_1/);
		assert.deepEqual(ota(), { state: "idle", installed: 2, sequence: 3, code: "ota.rejected" });
		assert.equal(cloud.registrations.length, 1);
	});

	test("a chip with anti-rollback takes no image below its eFuse, says why, and raises it with one above", async () => {
		const efuse = join(flash, "efuse.json");
		const of = (secureVersion: number) => standInImage(2, undefined, 0, 0, secureVersion);
		writeFileSync(efuse, "3");
		offer(cloud, 4, undefined, of(2));
		const reported = cloud.seen(
			(event) => event.event === "reported" && JSON.stringify(event.patch).includes("ota.secure-version"),
		);
		const old = await bootUntil(reported);
		assert.match(old.output, /ota\.secure-version: 2, the chip takes 3 to 16/);
		assert.deepEqual(ota(), { state: "idle", installed: 2, sequence: 4, code: "ota.secure-version", secureVersion: 3 });
		offer(cloud, 5, undefined, of(4));
		const staged = await boot();
		assert.match(staged.output, /ota\.restart {2}sequence=5/, staged.output);
		assert.equal(readFileSync(efuse, "utf8"), "3", "a trial burns nothing");
		await boot(/ota\.confirmed/);
		assert.equal(readFileSync(efuse, "utf8"), "4");
	});
});
