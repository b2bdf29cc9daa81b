/**
 * A key in a chip's slots (an ATECC608, simulated): power cut at every port call and around every command of the chip, in an
 * enrolment and in renewals; slots that are locked, or that lock in mid-life.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../lives/stand-in/choose.ts";
import { Power } from "../support/power.ts";
import { random } from "../support/random.ts";

choose({ cheap: true });
const { STORIES, tell } = await import("../lives/cuts.ts");
const { World } = await import("../lives/world.ts");
const { openAtecc } = await import("../../hw/moddable/atecc.ts");
const { KeyPair } = await import("../../src/key/pair.ts");
const { SimulatedChip } = await import("../sim/apps/atecc-chip.js");
const { Journal } = await import("../../src/identity/journal.ts");

const HOUR_MS = 3600_000;
const HOURS = 6;
type Chip = InstanceType<typeof SimulatedChip>;

/** Every command has a place before it and one after it has had its effect. */
function openChip(chip: Chip, power: Power) {
	const i2c = chip.i2c;
	return openAtecc({
		wake: chip.general,
		delay: () => {},
		i2c: {
			read: (count) => i2c.read(count),
			write: (bytes) => {
				const command = `chip ${bytes[0] === 3 ? (bytes[2] ?? 0).toString(16) : "sleep"}`;
				power.point(`before ${command}`);
				i2c.write(bytes);
				power.point(`after ${command}`);
			},
		},
	});
}

for (const story of STORIES)
	test(`${story} by slots: a cut at every port call and every command of the chip`, async () => {
		const places: string[] = [];
		for (;;) {
			const chip = new SimulatedChip(KeyPair);
			try {
				const { where } = await tell(story, { power: places.length }, 1, (power) => openChip(chip, power));
				if (where === undefined) break;
				places.push(where);
				assert.ok(chip.keys.size <= 2);
			} catch (error) {
				throw new Error(`${story}: cut number ${places.length}, after ${places.slice(-3).join(", ")}`, {
					cause: error,
				});
			}
		}
		const made = places.filter((place) => place === "after chip 40");
		console.log(`${story}: ${places.length} cuts, ${made.length} of them behind a GenKey`);
		assert.ok(made.length > 0);
	});

/** Enrols with free slots, locks these, renews. */
async function renewLocked(renewKey: "new" | "same", unlockedSlots: number) {
	const chip = new SimulatedChip(KeyPair);
	const world = new World({ source: random(1), config: { renewKey }, link: () => ({}) });
	const faults: string[] = [];
	let state = "";
	world.observer = {
		onLog: (step, { code }) => {
			if (step === "fault") faults.push(String(code));
		},
		onState: (next) => {
			state = next;
		},
	};
	const { agent } = world.boot(new Power(), { keystore: openChip(chip, new Power()) });
	await world.clock.until(() => state === "connected", HOUR_MS);
	const first = chip.keys.get(0)!.publicKey;
	agent.close();
	await world.clock.advance(1000);
	chip.unlockedSlots = unlockedSlots;
	faults.length = 0;
	const before = world.connections;
	state = "";
	const keystore = openChip(chip, new Power());
	const { agent: next } = world.boot(new Power(), { keystore });
	await world.clock.until(() => state === "connected", HOUR_MS);
	next.renew();
	await world.clock.advance(HOURS * HOUR_MS);
	const { current } = new Journal(world.openStore({}), keystore).load();
	assert.ok(current && "signer" in current.key);
	return { chip, first, current, key: current.key.signer, faults, state, connections: world.connections - before };
}

test("both slots lock in mid-life: renewed with the same key where the configuration says so", async () => {
	const { chip, first, current, key, faults, state } = await renewLocked("same", 0);
	assert.deepEqual(faults, []);
	assert.equal(current.sequence, 2);
	assert.deepEqual(key.publicKey, first);
	assert.deepEqual([...chip.keys.keys()], [0]);
	assert.equal(state, "connected");
});

test("the same with a new key: key.locked, a few times, and the connection that there is goes on", async () => {
	const { first, current, key, faults, state, connections } = await renewLocked("new", 0b01);
	assert.ok(faults.length > 0 && faults.length < 20, faults.join(" "));
	assert.deepEqual([...new Set(faults)], ["key.locked"]);
	assert.equal(current.sequence, 1);
	assert.equal(connections, 1);
	assert.deepEqual(key.publicKey, first);
	assert.equal(state, "connected");
});

test("the chip's generator is tried before a key comes from it, and gives 32 bytes", () => {
	const chip = new SimulatedChip(KeyPair);
	const store = openChip(chip, new Power());
	const drawn = [store.random(), store.random()];
	assert.deepEqual(
		drawn.map(({ length }) => length),
		[32, 32],
	);
	assert.notDeepEqual(drawn[0], drawn[1]);
	chip.isStuck = true;
	const isFault = ({ code, message }: { code?: string; message: string }) =>
		code === "key.fault" && message.includes("ffff0000");
	assert.throws(() => openChip(chip, new Power()), isFault);
	assert.throws(() => store.random(), isFault);
});

test("a slot that is locked is passed over", () => {
	const chip = new SimulatedChip(KeyPair);
	chip.unlockedSlots = 0b10;
	assert.equal(openChip(chip, new Power()).generate("P-256", []).reference, "atecc:1");
});

test("a candidate that the hub cannot take just now keeps its slot while the device asks DPS, whatever flash has lost", async () => {
	const chip = new SimulatedChip(KeyPair);
	const world = new World({ source: random(1), link: () => ({}) });
	const steps: string[] = [];
	world.observer = {
		onLog: (step, { code, sequence }) => steps.push(`${code ?? step} ${sequence ?? ""}`.trim()),
	};
	const boot = () => world.boot(new Power(), { keystore: openChip(chip, new Power()) }).agent;
	const first = boot();
	await world.clock.until(() => steps.includes("credential.proven 1"), HOUR_MS);
	first.renew();
	await world.clock.until(() => steps.includes("credential.stored 2"), HOUR_MS);
	first.close();
	await world.clock.advance(1000);
	for (const name of [...world.flash.keys()]) if (name.startsWith("cred.pending")) world.flash.delete(name);
	const key = chip.keys.get(1);
	// The candidate meets a hub that is unavailable, the certificate in use one that refuses it; DPS is away, too.
	for (const fault of ["connack=3:1", "connack=5:2", "unavailable:2"]) world.faults.arm(fault);
	steps.length = 0;
	const next = boot();
	await world.clock.until(() => steps.some((step) => step.startsWith("credential.proven")), 24 * HOUR_MS);
	next.close();
	for (const step of ["mqtt.unavailable", "hub.unauthorized", "dps.unavailable"])
		assert.ok(steps.includes(step), `${steps}`);
	assert.ok(!steps.includes("key.generated") && !steps.includes("key.replaced"), `${steps}`);
	assert.equal(chip.keys.get(1), key);
});
