/**
 * Applications over the air, from the local cloud to a running agent: offered, downloaded, tried, confirmed or taken back; refused
 * before flash is touched; beside updates of the firmware.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../src/app.ts";
import { classUuid } from "../src/ota/uuid.ts";
import { AppUpdatedDevice, releaseApp, reportedAs, type TestApp, TRIAL_MS } from "./app-updated.ts";
import { METHODS, subscribed } from "./application.ts";
import { type ArchiveParts, atom, encodeArchive, split } from "./archives.ts";
import type { Cloud } from "./cloud/cloud.ts";
import type { CloudEvent } from "./cloud/event.ts";
import { withCloud } from "./device.ts";
import { MODULES, XS } from "./fake/app-engine.ts";
import { app } from "./fake/app-release.ts";
import { FOREIGN_KEY, VENDOR } from "./fake/release.ts";
import { offer, release } from "./updated.ts";

const ID = "dev-001";

/** Sends, and says that it works once that has arrived. */
const sending = (name: string, archive: Uint8Array): TestApp => ({
	name,
	archive,
	start(device: Device) {
		device.telemetry({ from: name }, {}, (fault) => !fault && device.confirm());
		return undefined;
	},
});
const FIRST = sending("first", app(1));
const SECOND = sending("second", app(2));
const THROWS: TestApp = {
	name: "throws",
	archive: app(3),
	start() {
		throw new Error("mine");
	},
};
const SILENT: TestApp = { name: "silent", archive: app(4), start: () => ({}) };
const APPS = [FIRST, SECOND, THROWS, SILENT];

async function withDevice(
	use: (device: AppUpdatedDevice, cloud: Cloud) => Promise<void>,
	configure?: ConstructorParameters<typeof AppUpdatedDevice>[2],
): Promise<void> {
	await withCloud({}, async (cloud) => {
		const device = new AppUpdatedDevice(cloud, APPS, configure);
		try {
			await reportedAs(cloud, "app", ({ state }) => state === "idle");
			await use(device, cloud);
		} finally {
			await device.stop();
		}
	});
}

const offerApp = (cloud: Cloud, { archive }: TestApp, sequence = 2) =>
	cloud.operator.offerUpdate(ID, releaseApp(cloud, archive, sequence));

async function install(cloud: Cloud, one: TestApp, sequence = 2): Promise<void> {
	offerApp(cloud, one, sequence);
	await reportedAs(cloud, "app", ({ installed }) => installed === sequence);
}

const downloads = (cloud: Cloud): string[] =>
	cloud.events.flatMap((event) => (event.event === "download" ? [event.name] : []));
const received = (cloud: Cloud): string[] => cloud.telemetry.map(({ body }) => JSON.parse(body.toString()).from);
const listens = (cloud: Cloud, sessions: number) => subscribed(cloud, METHODS, sessions);

test("offered by desired property: seen before it is written, tried, confirmed by its own call", () =>
	withDevice(async (device, cloud) => {
		assert.deepEqual(device.boots, ["ota_0 factory"]);
		offerApp(cloud, FIRST);
		await reportedAs(cloud, "app", ({ state, sequence }) => state === "fetching" && sequence === 2);
		await reportedAs(cloud, "app", ({ state, installed }) => state === "idle" && installed === 2);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first"]);
		assert.deepEqual(downloads(cloud), ["app-2.suit", "app-2.bin", "app-2.bin"]);
		assert.deepEqual(received(cloud), ["first"]);
		const { app: property } = cloud.device(ID)!.reported.properties;
		assert.deepEqual(property, { state: "idle", installed: 2, sequence: 2 });
		assert.equal(cloud.registrations.length, 1);
		assert.equal(device.held.pass(TRIAL_MS), 0, "no deadline is left");
	}));

test("an update of it by direct method, which also tells how it stands; not twice, not backwards", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		await listens(cloud, 2);
		const call = async (payload?: unknown) =>
			(await cloud.operator.callMethod(ID, "enrollee.app", payload)) as { status: number; payload: { code: string } };
		const url = cloud.downloads.url(releaseApp(cloud, SECOND.archive, 3));
		assert.deepEqual(
			[await call({ url, sequence: 1 }), await call()].map(({ status, payload }) => [status, payload.code]),
			[
				[409, "ota.sequence"],
				[200, null],
			],
		);
		assert.equal((await call({ url, sequence: 3 })).status, 202);
		await reportedAs(cloud, "app", ({ installed }) => installed === 3);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_0 second"]);
		assert.deepEqual(received(cloud), ["first", "second"]);
		await listens(cloud, 3);
		assert.equal((await call({ url, sequence: 2 })).status, 409);
		assert.equal(device.boots.length, 3);
	}));

test("one that throws at its start is taken back at once, reported, and not tried again", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		offerApp(cloud, THROWS, 3);
		const { installed, state } = await reportedAs(cloud, "app", ({ code }) => code === "app.failed");
		assert.deepEqual([installed, state], [2, "idle"]);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_0 throws", "ota_0 first"]);
		const before = downloads(cloud).length;
		await listens(cloud, 3);
		const url = cloud.downloads.url("app-3.suit");
		const outcome = await cloud.operator.callMethod(ID, "enrollee.app", { url, sequence: 3 });
		assert.equal((outcome as { payload: { code: string } }).payload.code, "ota.failed-before");
		assert.deepEqual([downloads(cloud).length, device.boots.length], [before, 4]);
		await install(cloud, SECOND, 4);
		assert.equal(device.boots.at(-1), "ota_0 second");
	}));

test("one that never says that it works is taken back at the deadline", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		offerApp(cloud, SILENT, 3);
		await reportedAs(cloud, "app", ({ state }) => state === "trial");
		assert.equal(device.held.pass(TRIAL_MS), 1);
		const { installed } = await reportedAs(cloud, "app", ({ code }) => code === "ota.rejected");
		assert.equal(installed, 2);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_0 silent", "ota_0 first"]);
	}));

test("the first one, taken back: what is built in runs again", () =>
	withDevice(async (device, cloud) => {
		offerApp(cloud, THROWS);
		await reportedAs(cloud, "app", ({ code }) => code === "app.failed");
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 throws", "ota_0 factory"]);
	}));

test("a server that breaks off, then serves the beginning again: seen whole, written, installed", () =>
	withDevice(async (device, cloud) => {
		cloud.arm("update-reset=5000:2");
		await install(cloud, FIRST);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first"]);
		assert.equal(downloads(cloud).filter((name) => name === "app-2.bin").length, 4);
	}));

/** An archive with a module, or another content of an atom, that may not be. */
const archive = (change: Partial<ArchiveParts> = {}): Uint8Array =>
	encodeArchive({ version: XS, modules: { "app/main": new Uint8Array(9000) }, ...change });
const withModule = (path: string) =>
	archive({ modules: { "app/main": new Uint8Array(9000), [path]: new Uint8Array(9) } });
const [, ...atoms] = split(archive().subarray(8));
const NO_IMAGE: Readonly<Record<string, Uint8Array>> = {
	"a module in the place of the image's": withModule(MODULES[1]!),
	"a module in the place of main": withModule("main"),
	"a module outside app/": withModule("sensor"),
	"a path that climbs": withModule("app/../main"),
	"no app/main": archive({ modules: { "app/other": new Uint8Array(9) } }),
	"another version of XS": archive({ version: "17.6" }),
	"an archive that was mapped": archive({ replace: { IDEN: Uint8Array.of(0, 0, 1, 0) } }),
	"an index beyond the symbols": archive({ maps: [7] }),
	"an atom missing": atom("XS_A", ...atoms),
	"an atom that ends early": atom("XS_A", ...split(archive().subarray(8)).toSpliced(-1, 1)),
	"a size that is not its own": archive().fill(1, 2, 3),
	"data in it": archive({ replace: { RSRC: new Uint8Array(4) } }),
	"no archive at all": new Uint8Array(5000).fill(0x20),
};

test("what is unfit to run is refused before any flash is touched", async (t) => {
	await withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		const { flash } = device;
		const boots = device.boots.length;
		let sequence = 2;
		const refused = async (what: string, code: string, bundle: string, property: "app" | "ota" = "app") => {
			cloud.operator.pushDesired(ID, { [property]: cloud.downloads.offer(bundle) });
			const report = await reportedAs(cloud, property, (one) => one.sequence === sequence && one.code !== null);
			assert.deepEqual([report.code, report.state], [code, "idle"], what);
			assert.deepEqual(device.flash, flash, `${what}: flash`);
			t.diagnostic(`${code}: ${what}`);
		};
		for (const [what, bytes] of Object.entries(NO_IMAGE))
			await refused(what, "ota.image", releaseApp(cloud, bytes, ++sequence));
		const fit = app(5);
		const other = (name: string) => ({ class: classUuid(VENDOR, name) });
		await refused("for another class", "ota.class", releaseApp(cloud, fit, ++sequence, other("esp32/other/4m")));
		await refused(
			"for the firmware's class",
			"ota.class",
			releaseApp(cloud, fit, ++sequence, other("esp32/devkit/4m")),
		);
		await refused("larger than its area", "ota.too-large", releaseApp(cloud, fit, ++sequence, { size: 0x8001 }));
		await refused("firmware as application", "ota.class", release(cloud, ++sequence));
		await refused("application as firmware", "ota.class", releaseApp(cloud, fit, ++sequence), "ota");
		await refused("a stranger's", "ota.signature", release(cloud, ++sequence, FOREIGN_KEY));
		assert.equal(device.boots.length, boots);
		await install(cloud, SECOND, ++sequence);
		assert.notDeepEqual(device.flash, flash);
		assert.equal(device.boots.at(-1), "ota_0 second");
	});
});

test("firmware takes the application away, and gives it back once it is confirmed", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		offer(cloud, 2);
		await device.booted("ota_1 first");
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_1 factory", "ota_1 first"]);
		await reportedAs(cloud, "ota", ({ installed }) => installed === 2);
		await install(cloud, SECOND, 3);
		assert.equal(device.boots.at(-1), "ota_1 second");
	}));

test("firmware that does not reach the hub goes back, and the application comes back with the old one", () =>
	withDevice(
		async (device, cloud) => {
			await install(cloud, FIRST);
			offer(cloud, 2);
			await device.booted("ota_1 factory");
			await cloud.seen((event: CloudEvent) => event.event === "disconnected" && event.service === "hub");
			assert.equal(device.held.pass(TRIAL_MS), 1);
			await reportedAs(cloud, "ota", ({ code }) => code === "ota.rejected");
			assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_1 factory", "ota_0 first"]);
		},
		(slot) => (slot === "ota_1" ? { hub: "127.0.0.1:1" } : {}),
	));

test("firmware waits while an application is on trial", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		offerApp(cloud, SILENT, 3);
		await reportedAs(cloud, "app", ({ state }) => state === "trial");
		offer(cloud, 2);
		await device.logged("ota.busy");
		assert.equal(device.held.pass(TRIAL_MS), 1);
		await device.booted("ota_1 first");
		const boots = ["ota_0 factory", "ota_0 first", "ota_0 silent", "ota_0 first", "ota_1 factory", "ota_1 first"];
		assert.deepEqual(device.boots, boots);
	}));

test("firmware and application offered at once: both are installed in the end", () =>
	withDevice(async (device, cloud) => {
		await install(cloud, FIRST);
		const firmware = cloud.downloads.offer(release(cloud, 2));
		const application = cloud.downloads.offer(releaseApp(cloud, SECOND.archive, 3));
		cloud.operator.pushDesired(ID, { ota: firmware, app: application });
		await Promise.all([
			reportedAs(cloud, "ota", ({ installed }) => installed === 2),
			reportedAs(cloud, "app", ({ installed }) => installed === 3),
			device.booted("ota_1 second"),
		]);
		assert.ok(received(cloud).includes("second"));
	}));
