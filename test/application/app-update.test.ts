/**
 * Applications over the air, from the local cloud to a running agent: offered, downloaded, tried, confirmed or taken back;
 * and beside updates of the firmware.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { app } from "../support/app-release.ts";
import { METHODS, subscribed } from "../support/application.ts";
import { offer, release } from "../support/updated.ts";
import {
	install,
	offerApp,
	releaseApp,
	reportedAs,
	sending,
	type TestApp,
	TRIAL_MS,
	withDevice,
} from "./app-updated.ts";

const ID = "dev-001";

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

const downloads = (cloud: Cloud): string[] =>
	cloud.events.flatMap((event) => (event.event === "download" ? [event.name] : []));
const received = (cloud: Cloud): string[] => cloud.telemetry.map(({ body }) => JSON.parse(body.toString()).from);
const listens = (cloud: Cloud, sessions: number) => subscribed(cloud, METHODS, sessions);

test("offered by desired property: seen before it is written, tried, confirmed by its own call", () =>
	withDevice(APPS, async (device, cloud) => {
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
	withDevice(APPS, async (device, cloud) => {
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
	withDevice(APPS, async (device, cloud) => {
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
	withDevice(APPS, async (device, cloud) => {
		await install(cloud, FIRST);
		offerApp(cloud, SILENT, 3);
		await reportedAs(cloud, "app", ({ state, sequence }) => state === "trial" && sequence === 3);
		assert.equal(device.held.pass(TRIAL_MS), 1);
		const { installed } = await reportedAs(cloud, "app", ({ code }) => code === "ota.rejected");
		assert.equal(installed, 2);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_0 silent", "ota_0 first"]);
	}));

test("the first one, taken back: what is built in runs again", () =>
	withDevice(APPS, async (device, cloud) => {
		offerApp(cloud, THROWS);
		await reportedAs(cloud, "app", ({ code }) => code === "app.failed");
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 throws", "ota_0 factory"]);
	}));

test("a server that breaks off, then serves the beginning again: seen whole, written, installed", () =>
	withDevice(APPS, async (device, cloud) => {
		cloud.arm("update-reset=5000:2");
		await install(cloud, FIRST);
		assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first"]);
		assert.equal(downloads(cloud).filter((name) => name === "app-2.bin").length, 4);
	}));

test("firmware takes the application away, and gives it back once it is confirmed", () =>
	withDevice(APPS, async (device, cloud) => {
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
		APPS,
		async (device, cloud) => {
			await install(cloud, FIRST);
			offer(cloud, 2);
			await device.booted("ota_1 factory");
			await cloud.seen((event: CloudEvent) => event.event === "disconnected" && event.service === "hub");
			assert.equal(device.held.pass(TRIAL_MS), 1);
			await reportedAs(cloud, "ota", ({ code }) => code === "ota.rejected");
			assert.deepEqual(device.boots, ["ota_0 factory", "ota_0 first", "ota_1 factory", "ota_0 first"]);
			// None under the firmware that was on trial.
			const running = device.steps.flatMap(({ step, detail }) =>
				step === "ota.boot" && detail.component === "xs" ? [detail.decision] : [],
			);
			assert.deepEqual(running, ["trial", "run"]);
		},
		(slot) => (slot === "ota_1" ? { hub: "127.0.0.1:1" } : {}),
	));

test("firmware waits while an application is on trial", () =>
	withDevice(APPS, async (device, cloud) => {
		await install(cloud, FIRST);
		offerApp(cloud, SILENT, 3);
		await reportedAs(cloud, "app", ({ state, sequence }) => state === "trial" && sequence === 3);
		offer(cloud, 2);
		await device.logged("ota.busy");
		assert.equal(device.held.pass(TRIAL_MS), 1);
		await device.booted("ota_1 first");
		const boots = ["ota_0 factory", "ota_0 first", "ota_0 silent", "ota_0 first", "ota_1 factory", "ota_1 first"];
		assert.deepEqual(device.boots, boots);
	}));

test("firmware and application offered at once: both are installed in the end", () =>
	withDevice(APPS, async (device, cloud) => {
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
