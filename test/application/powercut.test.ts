/**
 * The whole story of an application, with the power cut at every place: before, in the middle of and after every erase and
 * write of its flash (by us, and by the engine as it maps), after each byte of a header, at every put and get of the store,
 * every change of boot state. Whatever is imported on the way is fully mapped (fake/app-device.ts), and in the end the old
 * application runs or the new one, as the records say.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import { choose } from "../lives/stand-in/choose.ts";
import type { Running } from "../support/app-device.ts";
import { Power, PowerCut } from "../support/power.ts";
import { random } from "../support/random.ts";

// No bundle here is a wrong one, and each is verified hundreds of times: half of the time would be theirs.
choose({ cheap: true });
const { APPS, AppDevice, bring, FIRMWARE, installed, update, updateFirmware } = await import(
	"../support/app-device.ts"
);
const { FakeEngine } = await import("../support/app-engine.ts");
const { FakeAppFlash } = await import("../support/app-flash.ts");
const { mapped } = await import("../support/app-mapper.ts");
const { app } = await import("../support/app-release.ts");
type AppDevice = InstanceType<typeof AppDevice>;

/** What an application does when it is started. */
type Behaviour = "confirms" | "throws" | "says nothing" | "crashes";

interface Story {
	/** The application that is offered, as number of its bundle its number + 2; and what it does. */
	readonly offered?: number;
	readonly behaviour?: Behaviour;
	/** What a firmware that is offered does. */
	readonly firmware?: "connects" | "never connects";
}

interface End {
	readonly runs: number | undefined;
	readonly slot: string;
	readonly installed: number;
	readonly firmware: number;
	readonly resting?: string | undefined;
}

class Life {
	readonly device: AppDevice;
	readonly #story: Story;
	/** Places where power could go. */
	points = 0;
	/** Where it went. */
	readonly cuts: string[] = [];

	constructor(like: AppDevice, story: Story) {
		this.device = new AppDevice(like);
		this.#story = story;
	}

	/** Until nothing happens any more. Power goes after so many places; the next count begins there. */
	async live(cuts: readonly number[] = []): Promise<End> {
		const coming = [...cuts];
		let left = coming.shift();
		for (let boots = 0; boots < 40; boots++) {
			const power = new Power(left);
			const end = await this.#boot(power);
			this.points += power.points;
			if (end) return end;
			if (["restart", "crash", "abort"].includes(power.where!)) left = left && left - power.points;
			else {
				this.cuts.push(power.where!);
				left = coming.shift();
			}
		}
		throw new Error("40 boots and no end");
	}

	/** Undefined: the device went down. */
	async #boot(power: Power): Promise<End | undefined> {
		const { offered, behaviour, firmware } = this.#story;
		try {
			const running = this.device.boot({ power });
			if (!running) return undefined;
			const { runs, slot, updater } = running;
			if (running.firmware.slot.state === "trial") {
				if (firmware === "never connects") await running.clock.until(() => !power.on);
				else running.firmware.updater.confirm();
				power.cut("restart");
			} else if (runs === offered && runs !== undefined && behaviour !== "confirms") {
				if (behaviour === "crashes") power.cut("crash");
				else if (behaviour === "throws") updater.reject(new Fault("app.failed", "it threw"));
				else await running.clock.until(() => !power.on);
			}
			if (!power.on) return undefined;
			updater.confirm();
			slot.settled();
			this.#serve(running);
			if (!power.on) return undefined;
			const { installed } = updater.status;
			const resting = slot.resting?.code;
			return { runs, slot: slot.state, installed, firmware: running.firmware.runs, ...(resting && { resting }) };
		} catch (thrown) {
			if (!(thrown instanceof PowerCut)) throw thrown;
			return undefined;
		}
	}

	/** What the hub wants, and what is under way. */
	#serve(running: Running): void {
		const { offered, firmware } = this.#story;
		try {
			if (firmware && running.firmware.updater.status.state !== "idle") bring(running.firmware.updater, FIRMWARE[1]!);
			else if (firmware) updateFirmware(running, FIRMWARE[1]!, 2);
			else if (offered === undefined) return;
			else if (running.updater.status.state === "idle") update(running, this.device.apps[offered]!, offered + 2);
			else bring(running.updater, this.device.apps[offered]!);
		} catch (thrown) {
			if (!(thrown instanceof Fault)) throw thrown;
		}
	}
}

/** The same life again and again, cut at another place each time. */
async function sweep(like: AppDevice, story: Story, expected: End, check: (life: Life) => void = () => {}) {
	const whole = new Life(like, story);
	assert.deepEqual(await whole.live(), expected, "without a cut");
	const mapping = { cuts: 0 };
	for (let at = 0; at < whole.points; at++) {
		const life = new Life(like, story);
		try {
			assert.deepEqual(await life.live([at]), expected);
			assert.equal(life.cuts.length, 1);
			check(life);
			// It stays so.
			const { changes } = life.device.flash;
			const again = life.device.start();
			assert.deepEqual(
				[again.runs, again.slot.state, again.updater.status.state],
				[expected.runs, expected.slot, "idle"],
			);
			assert.equal(life.device.flash.changes, changes);
			assert.equal(life.device.record?.candidate, undefined);
		} catch (thrown) {
			throw new Error(`cut at ${life.cuts[0]} (place ${at}): ${thrown}`, { cause: thrown });
		}
		if (/ run /.test(life.cuts[0]!)) mapping.cuts++;
	}
	return `${whole.points} power cuts, ${mapping.cuts} of them while the area is written from which it runs`;
}

const fresh = new AppDevice();
const old = installed(1);
const twice = installed(2, 4, old);

test("without the check a cut while the engine maps leaves code that it takes for mapped: so the sweeps can fail", (t) => {
	let wrong = 0;
	let cuts = 0;
	for (let at = 0; ; at++, cuts++) {
		const flash = new FakeAppFlash();
		flash.areas.run.set(APPS[1]!);
		const power = new Power(at);
		const boot = (supply: Power) =>
			new FakeEngine({ flash: flash.powered(supply), firmware: 0, guard: () => {}, restart: () => {} });
		try {
			boot(power);
			break;
		} catch (thrown) {
			if (!(thrown instanceof PowerCut)) throw thrown;
		}
		const engine = boot(new Power());
		if (engine.isTaken && Buffer.compare(engine.import(), mapped(APPS[1]!, 0)) !== 0) wrong++;
	}
	t.diagnostic(`${wrong} of ${cuts} cuts`);
	assert.ok(wrong >= 5, `${wrong}`);
});

for (const [name, like, story, expected] of [
	["a first application", fresh, { offered: 1, behaviour: "confirms" }, { runs: 1, slot: "valid", installed: 3 }],
	["an update", old, { offered: 2, behaviour: "confirms" }, { runs: 2, slot: "valid", installed: 4 }],
	["a third one", twice, { offered: 3, behaviour: "confirms" }, { runs: 3, slot: "valid", installed: 5 }],
] as const)
	test(`${name}, cut anywhere, ends on the new one, confirmed`, async (t) => {
		t.diagnostic(await sweep(like, story, { ...expected, firmware: 0 }));
	});

for (const behaviour of ["throws", "says nothing", "crashes"] as const)
	test(`an update that ${behaviour}, cut anywhere, ends on the old one`, async (t) => {
		const expected = { runs: 1, slot: "valid", installed: 2, firmware: 0 };
		t.diagnostic(
			await sweep(old, { offered: 2, behaviour }, expected, ({ device }) => {
				const trials = device.imported.filter((number) => number === 2).length;
				// A cut may cost the record of the trials so far; it does so once.
				assert.ok(trials >= 1 && trials <= 6, `${trials} trials`);
			}),
		);
	});

test("a first application that throws, cut anywhere: none", async (t) => {
	const expected = { runs: undefined, slot: "unknown", installed: 0, firmware: 0 };
	t.diagnostic(await sweep(fresh, { offered: 2, behaviour: "throws" }, expected));
});

for (const [firmware, runs] of [
	["connects", 1],
	["never connects", 0],
] as const)
	test(`a firmware that ${firmware}, cut anywhere: the application is given back`, async (t) => {
		t.diagnostic(await sweep(old, { firmware }, { runs: 1, slot: "valid", installed: 2, firmware: runs }));
	});

test("applications of other sizes, cut anywhere: one sector, the table across many, the end on a border", async (t) => {
	const border = endingOnBorder();
	for (const other of [app(5, { bytes: 400, symbols: 20 }), app(6, { bytes: 9000, symbols: 500 }), border]) {
		const device = new AppDevice(old, [...APPS, other]);
		const expected = { runs: 4, slot: "valid", installed: 6, firmware: 0 };
		t.diagnostic(`${other.length} bytes: ${await sweep(device, { offered: 4, behaviour: "confirms" }, expected)}`);
	}
});

test("several cuts at random: the old one or the new one, or it rests and comes with the next power-up", async (t) => {
	const { integer, seed } = random();
	const ends = { old: 0, new: 0, rests: 0 };
	for (let round = 0; round < 150; round++) {
		const behaviour = (["confirms", "confirms", "throws", "crashes"] as const)[integer(4)]!;
		const life = new Life(old, { offered: 2, behaviour });
		const end = await life.live(Array.from({ length: 2 + integer(6) }, () => integer(integer(2) === 0 ? 15 : 250)));
		const why = `SEED=${seed} round ${round}: ${JSON.stringify(end)}`;
		if (end.resting) {
			ends.rests++;
			assert.equal(end.resting, "app.unstable", why);
		} else if (end.runs === 2) ends.new++;
		else ends.old++;
		let { runs, updater } = life.device.start();
		for (let rests = 0; runs === undefined && rests < 4; rests++) ({ runs, updater } = life.device.start());
		assert.equal(runs, updater.status.installed === 4 ? 2 : 1, why);
		if (behaviour !== "confirms") assert.equal(updater.status.installed, 2, why);
	}
	t.diagnostic(`SEED=${seed}: ${JSON.stringify(ends)}`);
	assert.ok(ends.old > 0 && ends.new > 0);
});

/** An application that fills its last sector. */
function endingOnBorder(): Uint8Array {
	for (let bytes = 4000; ; bytes++) {
		const archive = app(8, { bytes });
		const over = archive.length % 4096;
		if (over === 0) return archive;
		bytes += Math.floor((4096 - over) * 0.9);
	}
}
