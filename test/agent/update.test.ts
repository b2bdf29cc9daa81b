/** Updates of a running agent through the local cloud: offered, downloaded over trouble, tried, confirmed or taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { Journal } from "../../src/identity/journal.ts";
import { encodeCredential } from "../../src/identity/record.ts";
import { FakeClock } from "../support/clock.ts";
import { Device, withCloud } from "../support/device.ts";
import { Power } from "../support/power.ts";
import { bundle, FOREIGN_KEY, manifestOf, NEXT_KEY, standInImage } from "../support/release.ts";
import { FakeStore } from "../support/store.ts";
import { offer, release, reported, UPDATES, UpdatedDevice } from "../support/updated.ts";
import { device as machineOf, NEW, write } from "../support/updated-device.ts";

const ID = "dev-001";
const downloads = (cloud: Cloud) => cloud.events.flatMap((event) => (event.event === "download" ? [event] : []));
const hubSerials = (cloud: Cloud) =>
	new Set(cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial));

async function withDevice(
	use: (device: UpdatedDevice, cloud: Cloud) => Promise<void>,
	configure?: ConstructorParameters<typeof UpdatedDevice>[1],
	faults: readonly string[] = [],
	efuse?: number,
): Promise<void> {
	await withCloud({ faults }, async (cloud) => {
		const device = new UpdatedDevice(cloud, configure, {}, efuse);
		try {
			await reported(cloud, ({ state }) => state === "idle");
			await use(device, cloud);
		} finally {
			await device.stop();
		}
	});
}

test("an update: the connection breaks, goes on by Range, telemetry flows, the certificate stays", () =>
	withDevice(async (device, cloud) => {
		cloud.arm("update-reset=200000:1");
		let lost = 0;
		let acknowledged = 0;
		const measure = (): void =>
			device.agent.telemetry({ n: 1 }, {}, (fault) => {
				if (fault) lost++;
				else acknowledged++;
			});
		for (let i = 0; i < 20; i++) measure();
		offer(cloud);
		for (let i = 0; i < 20; i++) measure();
		await reported(cloud, ({ installed }) => installed === 2);
		assert.deepEqual(device.boots, ["ota_0", "ota_1"]);
		const images = downloads(cloud).filter(({ name }) => name === "agent-2.bin");
		assert.equal(images.length, 2);
		assert.equal(images[0]!.from, 0);
		assert.ok(images[1]!.from >= 65_536 && images[1]!.status === 206, JSON.stringify(images));
		assert.deepEqual([acknowledged, lost], [40, 0]);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(hubSerials(cloud).size, 1);
		const { ota } = cloud.device(ID)!.reported.properties;
		assert.deepEqual(ota, { state: "idle", installed: 2, sequence: 2 });
	}));

test("a chip with anti-rollback: an older image is refused by name before flash is touched, a newer one raises the eFuse", () =>
	withDevice(
		async (device, cloud) => {
			const of = (secureVersion: number) => standInImage(2, undefined, 0, 0, secureVersion);
			offer(cloud, 2, undefined, of(2));
			const refused = await reported(cloud, ({ code }) => code !== null);
			assert.deepEqual([refused.code, refused.secureVersion, refused.installed], ["ota.secure-version", 3, 0]);
			assert.deepEqual(device.boots, ["ota_0"]);
			offer(cloud, 3, undefined, of(4));
			const { secureVersion } = await reported(cloud, ({ installed }) => installed === 3);
			assert.equal(secureVersion, 4);
			const status = await cloud.operator.callMethod(ID, "enrollee.status");
			assert.equal((status as { payload: { secureVersion: number } }).payload.secureVersion, 4);
		},
		undefined,
		[],
		3,
	));

test("two updates in a row, the second by direct method and signed with the next key; none twice", () =>
	withDevice(async (device, cloud) => {
		offer(cloud);
		await reported(cloud, ({ installed }) => installed === 2);
		await cloud.seen(
			(event: CloudEvent) =>
				event.event === "subscribed" &&
				event.filter.startsWith("$iothub/methods") &&
				cloud.connections.filter(({ service }) => service === "hub").length === 2,
		);
		const url = cloud.downloads.url(release(cloud, 3, NEXT_KEY));
		const call = (payload: unknown) => cloud.operator.callMethod(ID, "enrollee.update", payload);
		const refused = (await call({ url, sequence: 1 })) as { status: number; payload: { code: string } };
		assert.deepEqual([refused.status, refused.payload.code], [409, "ota.sequence"]);
		assert.equal(((await call(undefined)) as { status: number }).status, 200);
		assert.equal(((await call({ url, sequence: 3 })) as { status: number }).status, 202);
		await reported(cloud, ({ installed }) => installed === 3);
		assert.deepEqual(device.boots, ["ota_0", "ota_1", "ota_0"]);
		assert.equal(downloads(cloud).length, 4);
		assert.equal(cloud.registrations.length, 1);
	}));

test("an image that cannot reach the hub goes back at its deadline, is reported, and is not tried again", () =>
	withDevice(
		async (device, cloud) => {
			offer(cloud);
			await device.booted(2);
			await cloud.seen((event: CloudEvent) => event.event === "disconnected" && event.service === "hub");
			device.expire();
			const { installed, state } = await reported(cloud, ({ code }) => code === "ota.rejected");
			assert.deepEqual([installed, state], [0, "idle"]);
			assert.deepEqual(device.boots, ["ota_0", "ota_1", "ota_0"]);
			const before = downloads(cloud).length;
			cloud.operator.pushDesired(ID, { other: 1 });
			offer(cloud);
			const call = () => cloud.operator.callMethod(ID, "enrollee.update", { url: "https://localhost/x", sequence: 2 });
			const outcome = (await call()) as { payload: { code: string } };
			assert.equal(outcome.payload.code, "ota.failed-before");
			assert.deepEqual([downloads(cloud).length, device.boots.length], [before, 3]);
			assert.equal((cloud.device(ID)!.reported.properties.ota as { code: string }).code, "ota.rejected");
		},
		({ running }) => (running === "ota_1" ? { hub: "127.0.0.1:1" } : {}),
	));

test("a credential that the image on trial wrote serves the old one after the rollback, newer fields included", () =>
	withDevice(async (device, cloud) => {
		offer(cloud);
		await device.booted(2);
		// The new image is refused, enrols anew, and then the hub answers nothing any more.
		cloud.operator.withdraw(ID, "revoked");
		cloud.arm("silent");
		await device.logged("credential.proven", 2);
		const { store } = device.device;
		const journal = new Journal(store);
		const { current } = journal.load();
		const field = { tag: 200, bytes: Uint8Array.of(1, 2, 3) };
		const [name] = ["cred.a", "cred.b"].filter((slot) => store.get(slot));
		store.put(name!, encodeCredential({ ...current!, unknown: [field] }));
		cloud.disarm("silent");
		device.expire();
		await reported(cloud, ({ code }) => code === "ota.rejected");
		assert.deepEqual(device.boots, ["ota_0", "ota_1", "ota_0"]);
		assert.equal(cloud.registrations.length, 2);
		assert.equal(hubSerials(cloud).size, 2);
		assert.deepEqual(journal.load().current!.unknown, [field]);
	}));

for (const [fault, code] of [
	["update-wrong-length", "ota.length"],
	["update-other-image", "ota.digest"],
] as const)
	test(`a server with ${fault}: ${code} is reported, the old image runs on, and the next release is installed`, () =>
		withDevice(
			async (device, cloud) => {
				offer(cloud);
				await reported(cloud, (ota) => ota.state === "idle" && ota.code === code);
				assert.deepEqual(device.boots, ["ota_0"]);
				cloud.disarm(fault);
				offer(cloud, 3);
				await reported(cloud, ({ installed }) => installed === 3);
			},
			undefined,
			[fault],
		));

test("a server that breaks off and then ignores Range: from the beginning, and installed", () =>
	withDevice(async (device, cloud) => {
		cloud.arm("update-reset=200000:1");
		offer(cloud);
		await cloud.seen((event: CloudEvent) => event.event === "download" && event.name === "agent-2.bin");
		cloud.arm("update-ignore-range");
		await reported(cloud, ({ installed }) => installed === 2);
		assert.deepEqual(device.boots, ["ota_0", "ota_1"]);
		assert.ok(downloads(cloud).filter(({ status }) => status === 200).length >= 3);
	}, undefined));

test("a bundle by a stranger's key, one for another number, none at all and a bad address are refused and reported", () =>
	withDevice(async (device, cloud) => {
		offer(cloud, 2, FOREIGN_KEY);
		await reported(cloud, (ota) => ota.code === "ota.signature" && ota.sequence === 2);
		const url = cloud.downloads.url(release(cloud, 4));
		cloud.operator.pushDesired(ID, { ota: { url, sequence: 5 } });
		await reported(cloud, (ota) => ota.code === "ota.sequence" && ota.sequence === 5);
		// A twin need not be able to hold what it is: it is not repeated there.
		cloud.operator.pushDesired(ID, { ota: { url, sequence: 5.5 } });
		await reported(cloud, (ota) => ota.code === "ota.sequence" && ota.sequence === null);
		cloud.operator.pushDesired(ID, { ota: { url: cloud.downloads.url("missing.suit"), sequence: 6 } });
		// It may still be on its way to the server: asked for again in a minute, unless another offer comes.
		await reported(cloud, (ota) => ota.code === "ota.missing" && ota.sequence === 6);
		cloud.operator.pushDesired(ID, { ota: { url: "http://localhost/x", sequence: 7 } });
		await reported(cloud, (ota) => ota.code === "ota.uri" && ota.sequence === 7);
		cloud.operator.pushDesired(ID, { ota: null });
		await reported(cloud, (ota) => ota.code === null && ota.sequence === null);
		cloud.operator.pushDesired(ID, { ota: { url, sequence: 4 } });
		await reported(cloud, ({ installed }) => installed === 4);
		assert.deepEqual(device.boots, ["ota_0", "ota_1"]);
	}));

test("an offer that is taken back stops a download that hangs", () =>
	withDevice(
		async (device, cloud) => {
			offer(cloud);
			await reported(cloud, ({ state }) => state === "fetching");
			cloud.operator.pushDesired(ID, { ota: null });
			await reported(cloud, ({ state, code }) => state === "idle" && code === "ota.withdrawn");
			assert.deepEqual(device.boots, ["ota_0"]);
		},
		undefined,
		["update-stall=1000"],
	));

test("where updates are not among the operations, neither twin nor method starts one", () =>
	withDevice(
		async (device, cloud) => {
			await cloud.seen((event: CloudEvent) => event.event === "subscribed" && event.filter.includes("methods"));
			offer(cloud);
			const outcome = await cloud.operator.callMethod(ID, "enrollee.update", {
				url: "https://localhost/x",
				sequence: 2,
			});
			assert.equal("status" in outcome && outcome.status, 404);
			assert.deepEqual([downloads(cloud).length, device.boots.length], [0, 1]);
		},
		() => ({ operations: "status" }),
	));

test("with --once an acknowledged message confirms the image, and nothing else is said", () =>
	withCloud({}, async (cloud) => {
		const machine = machineOf();
		const before = machine.boot();
		before.updater.offer(bundle(manifestOf(NEW)));
		write(before, NEW);
		before.updater.complete();
		before.updater.apply();
		const slot = machine.slots.boot(new Power(), new FakeClock());
		assert.equal(slot.state, "trial");
		const { fault } = await new Device(cloud, new FakeStore({ blobs: machine.blobs })).once(UPDATES, { slot });
		assert.equal(fault, undefined);
		assert.deepEqual([slot.state, machine.record().installed], ["valid", 2]);
		assert.deepEqual(cloud.device(ID)!.reported.properties, {});
	}));
