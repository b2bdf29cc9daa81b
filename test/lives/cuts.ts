/**
 * One device through one enrolment or one renewal with something cut on the way, and then to its end: connected, under a
 * credential that the hub accepted, nothing left over. What was cut is the caller's choice.
 */
import assert from "node:assert/strict";
import type { Agent } from "../../src/agent.ts";
import { Journal } from "../../src/identity/journal.ts";
import { decodeRecord } from "../../src/identity/record.ts";
import type { Keystore } from "../../src/port.ts";
import { Power, PowerCut } from "../support/power.ts";
import { random } from "../support/random.ts";
import type { Link } from "../support/wire.ts";
import { World } from "./world.ts";

/** What the cut falls into. */
export const STORIES = ["enrolment", "renewal over the hub", "renewal through DPS"] as const;
export type Story = (typeof STORIES)[number];

export interface Cut {
	/** Power goes at this port call of the story. */
	readonly power?: number;
	/** The connection with this number in the story breaks after so many bytes of the server. */
	readonly connection?: number;
	readonly bytes?: number;
}

export interface Told {
	/** Port calls where power could have gone. */
	readonly points: number;
	/** Where it went; undefined when the story was over before. */
	readonly where: string | undefined;
	/** Bytes of the server in each connection of the story. */
	readonly received: readonly number[];
}

const HOUR_MS = 3600_000;

/** Where keys are made and stay, for one boot; opening it may need power. */
export type OpenKeystore = (power: Power) => Keystore;

export function tell(story: Story, cut: Cut, seed = 1, keystore?: OpenKeystore): Promise<Told> {
	return withoutPower(() => through(story, cut, seed, keystore));
}

/** What the device began in a turn of its own (a promise that nobody awaits) may end in a cut: no code is left to mind. */
async function withoutPower<T>(work: () => Promise<T>): Promise<T> {
	const unexpected: unknown[] = [];
	const others = process.listeners("unhandledRejection");
	process.removeAllListeners("unhandledRejection");
	process.on("unhandledRejection", (reason) => reason instanceof PowerCut || unexpected.push(reason));
	try {
		const result = await work();
		if (unexpected.length > 0) throw unexpected[0];
		return result;
	} finally {
		process.removeAllListeners("unhandledRejection");
		for (const other of others) process.on("unhandledRejection", other);
	}
}

async function through(story: Story, cut: Cut, seed: number, open?: OpenKeystore): Promise<Told> {
	const received: number[] = [];
	let begun = false;
	let fate: { left: number; link: Link } | undefined;
	const world = new World({
		source: random(seed),
		link: () => {
			if (!begun) return {};
			received.push(0);
			fate = fate && { ...fate, left: fate.left - 1 };
			return fate?.left === 0 ? fate.link : {};
		},
	});
	let proven = 0;
	let state = "";
	world.observer = {
		onLog: (step) => {
			if (step === "credential.proven") proven++;
		},
		onState: (next) => {
			state = next;
		},
		onBytes: (to, bytes) => {
			if (begun && to === "device") received[received.length - 1]! += bytes.length;
		},
		onEnd: (reason) => assert.fail(`the agent ended: ${reason}`),
	};
	if (story !== "enrolment") {
		const agent = boot(world, new Power(), open);
		await world.clock.until(() => proven === 1, HOUR_MS);
		agent?.close();
		await world.clock.advance(1000);
	}
	if (story === "renewal through DPS") world.faults.arm("refuse-preview");
	if (cut.connection !== undefined) fate = { left: cut.connection + 1, link: { cutAfterReceived: cut.bytes ?? 0 } };
	begun = true;
	const wanted = proven + 1;
	const first = new Power(cut.power);
	const agent = boot(world, first, open);
	if (story !== "enrolment" && first.on) agent?.renew();
	await world.clock.until(() => !first.on || (proven === wanted && state === "connected"), 26 * HOUR_MS);
	if (first.on) await world.clock.advance(1000);
	const told = { points: first.points, where: first.where, received };
	if (!first.on) {
		// Whatever stood in flash: the next boot ends connected, and so does the renewal.
		state = "";
		const next = boot(world, new Power(), open);
		if (story !== "enrolment" && load(world, open).current!.sequence === 1) next!.renew();
		await world.clock.until(() => state === "connected", 26 * HOUR_MS);
		await world.clock.until(() => sequence(world) === wanted, 26 * HOUR_MS);
		await world.clock.advance(1000);
	}
	check(world, wanted, open);
	return told;
}

/** Undefined where the power goes before there is an agent. */
function boot(world: World, power: Power, open: OpenKeystore | undefined): Agent | undefined {
	try {
		return world.boot(power, open && { keystore: open(power) }).agent;
	} catch (thrown) {
		// A chip's driver takes the cut for a fault of the bus.
		if (!power.on) return undefined;
		throw thrown;
	}
}

const load = (world: World, open?: OpenKeystore) => new Journal(world.openStore({}), open?.(new Power())).load();
/** Of the proven record. */
const sequence = (world: World): number => {
	const blob = world.openStore({}).get("cred.current");
	return blob ? decodeRecord(blob).sequence : 0;
};

function check(world: World, wanted: number, open: OpenKeystore | undefined): void {
	const { current, candidate, pending, damages } = load(world, open);
	// Of a predecessor that went, the slot may have another key by now; nothing else may be wrong.
	assert.deepEqual(damages, []);
	assert.equal(current?.sequence, wanted);
	assert.ok(candidate === undefined && pending === undefined, [...world.flash.keys()].join(" "));
	assert.ok(world.authority.find(current.chain[0]!)?.accepted);
	assert.ok("signer" in current.key && world.authority.fits(current.chain, current.key.signer.publicKey));
}
