/**
 * A whole update of 300 KB with the power cut at every place: before, in the middle of and after every erase and write
 * of flash, every change of boot state, every put and get of the store. The device must end on the old or the new image,
 * running and connected.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import type { Updater } from "../../src/update/updater.ts";
import { choose } from "../lives/stand-in/choose.ts";
import { FakeClock } from "../support/clock.ts";
import { Power, PowerCut } from "../support/power.ts";
import { random } from "../support/random.ts";

// No bundle here is a wrong one, and each is verified hundreds of times: a quarter of the time would be theirs.
choose({ cheap: true });
const { Updater: RealUpdater } = await import("../../src/update/updater.ts");
const { bundle, CLASS, manifestOf, RELEASE_KEY, standInImage, VENDOR } = await import("../support/release.ts");
const { FakeSlots } = await import("../support/slots.ts");
const { FakeStore } = await import("../support/store.ts");

/** What an image does when it runs. */
type Behaviour = "connects" | "never connects" | "crashes";

const IMAGES = [1, 2, 3, 4].map((n) => standInImage(n));
const BUNDLES = IMAGES.map((image, n) => bundle(manifestOf(image, { sequence: n + 1 })));

class Device {
	readonly slots: InstanceType<typeof FakeSlots>;
	readonly blobs: Map<string, Uint8Array>;
	/** Places where power could go. */
	points = 0;
	/** Trials that began. */
	trials = 0;
	where: string[] = [];

	/** Flashed by cable, or as another one is now. */
	constructor(like?: Device) {
		this.slots = like?.slots.copy() ?? new FakeSlots(IMAGES[0]!);
		this.blobs = new Map(like?.blobs);
	}

	/** Lives through an offer of image number `offered`. A cut after so many places; the next counts from there. */
	async live(offered: number, behaviour: Behaviour, cuts: readonly number[] = []): Promise<End> {
		const coming = [...cuts];
		let left = coming.shift();
		for (let boots = 1; boots <= 20; boots++) {
			const power = new Power(left);
			const end = await this.#boot(power, offered, behaviour);
			this.points += power.points;
			if (end !== undefined) return end;
			if (power.where === "restart" || power.where === "crash") left = left && left - power.points;
			else {
				this.where.push(power.where ?? "");
				left = coming.shift();
			}
		}
		throw new Error("20 boots and no end");
	}

	/** One session; its end, or undefined when the device went down. */
	async #boot(power: Power, offered: number, behaviour: Behaviour): Promise<End | undefined> {
		try {
			const clock = new FakeClock();
			const slot = this.slots.boot(power, clock);
			const runs = IMAGES.findIndex((image) => this.slots.holds(slot.running, image));
			assert.notEqual(runs, -1, "no known image runs");
			if (slot.state === "trial") this.trials++;
			const updater = new RealUpdater({
				slot,
				store: new FakeStore({ blobs: this.blobs, power }),
				clock: clock.powered(power),
				keys: [RELEASE_KEY.publicKey],
				vendor: VENDOR,
				class: CLASS,
			});
			const decision = updater.boot();
			if (runs === offered && behaviour === "crashes") power.cut("crash");
			if (runs === offered && behaviour === "never connects") {
				assert.equal(decision, "trial");
				await clock.until(() => !power.on);
			}
			if (!power.on) return undefined;
			work(updater, offered);
			return power.on ? { runs, state: slot.state, installed: updater.status.installed } : undefined;
		} catch (thrown) {
			if (!(thrown instanceof PowerCut)) throw thrown;
			return undefined;
		}
	}
}

interface End {
	/** Number of the image. */
	readonly runs: number;
	readonly state: string;
	readonly installed: number;
}

/** What the agent does once it has reached the hub. */
function work(updater: Updater, offered: number): void {
	updater.confirm();
	try {
		updater.offer(BUNDLES[offered]!, offered + 1);
	} catch (thrown) {
		if (!(thrown instanceof Fault)) throw thrown;
	}
	const download = updater.download();
	if (download === undefined) return;
	const { writer, size } = download;
	while (writer.offset < size) writer.write(IMAGES[offered]!.subarray(writer.offset, writer.offset + 1460));
	updater.complete();
	updater.apply();
}

/** The same life again and again, cut at another place each time. */
async function sweep(start: Device, offered: number, behaviour: Behaviour, check: (end: End, device: Device) => void) {
	const whole = new Device(start);
	await whole.live(offered, behaviour);
	for (let at = 0; at < whole.points; at++) {
		const device = new Device(start);
		const end = await device.live(offered, behaviour, [at]);
		assert.equal(device.where.length, 1, `place ${at} was reached`);
		try {
			check(end, device);
		} catch (thrown) {
			throw new Error(`cut at ${device.where[0]} (place ${at})`, { cause: thrown });
		}
	}
	return whole.points;
}

/** Images 1 and 2 have been installed over the air: otadata knows both slots. */
const updatedTwice = new Device();
await updatedTwice.live(1, "connects");
await updatedTwice.live(2, "connects");

test("without a cut the update is installed in two boots", async (t) => {
	const device = new Device();
	assert.deepEqual(await device.live(1, "connects"), { runs: 1, state: "valid", installed: 2 });
	assert.equal(device.trials, 1);
	t.diagnostic(`${device.slots.changes} changes of flash and boot state, ${device.points} places to cut`);
});

for (const [name, start, offered] of [
	["a first update", new Device(), 1],
	["a third update", updatedTwice, 3],
] as const)
	test(`${name}, cut anywhere, still ends on the new image, confirmed and connected`, async (t) => {
		const cuts = await sweep(start, offered, "connects", (end) =>
			assert.deepEqual(end, { runs: offered, state: "valid", installed: offered + 1 }),
		);
		t.diagnostic(`${cuts} power cuts`);
	});

test("an update that cannot reach the hub, cut anywhere, ends on the old image, and is not tried again", async (t) => {
	const cuts = await sweep(new Device(), 1, "never connects", (end, device) => {
		assert.deepEqual(end, { runs: 0, state: "valid", installed: 0 });
		assert.ok(device.trials >= 1 && device.trials <= 3, `${device.trials} trials`);
	});
	t.diagnostic(`${cuts} power cuts`);
	const device = new Device();
	await device.live(1, "never connects");
	assert.equal(device.trials, 1);
	await device.live(1, "never connects");
	assert.equal(device.trials, 1);
});

test("an image that crashes is tried three times, and never again", async () => {
	const device = new Device();
	assert.equal((await device.live(1, "crashes")).runs, 0);
	assert.equal((await device.live(1, "crashes")).runs, 0);
	assert.equal(device.trials, 3);
});

test("several cuts at random end on the old or the new image, connected", async (t) => {
	const { integer, seed } = random();
	const ends = [0, 0];
	for (let round = 0; round < 200; round++) {
		const device = new Device();
		const cuts = Array.from({ length: 2 + integer(5) }, () => (integer(2) === 0 ? integer(20) : integer(600)));
		const behaviour = (["connects", "connects", "never connects", "crashes"] as const)[integer(4)]!;
		const end = await device.live(1, behaviour, cuts);
		if (behaviour !== "connects") assert.equal(end.runs, 0, `SEED=${seed} round ${round}`);
		ends[end.runs]!++;
	}
	t.diagnostic(`SEED=${seed}: ${ends[0]} ended on the old image, ${ends[1]} on the new one`);
	assert.ok(ends[0]! > 0 && ends[1]! > 0);
});
