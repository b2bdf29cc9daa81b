/**
 * One device through power cuts: enrolments, renewals and, one in three, an update, each cut off behind a number of instructions that the
 * seed draws. The start after a cut is let be until it is connected; only then comes the next.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { CloudEvent } from "../../cloud/event.ts";
import type { Boot } from "../../hw/emulator/board.ts";
import type { Firmware } from "../../hw/emulator/image.ts";
import type { Tools } from "../../hw/emulator/tools.ts";
import { hex } from "../../src/base/bytes.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { random } from "../support/random.ts";
import { openBoard, release, type TestBoard } from "./board.ts";
import { assertKept } from "./keys.ts";
import { CONNECTED, Moment, type Stage } from "./stage.ts";

export interface Cut {
	readonly stage: Stage;
	/** The last step that was logged before. */
	readonly step: string;
	/** Instructions since the stage began, and since power-up. */
	readonly since: number;
	readonly all: number;
}

const ENROLMENTS = 2;
const RENEWALS = 6;
/** One life of so many has an update. */
const WITH_UPDATE = 3;
/** Of one update, before it is let be until its trial. */
const DOWNLOAD_CUTS = 4;
const RELEASE = 2;
/** Until an update must be installed. */
const MOST_STARTS = 15;
/** On a machine that is busy a start takes minutes. */
const LONG_SECONDS = 900;
/** `ota.boot`, which each start logs. */
const DECIDED = /ota\.boot {2}decision=(\w+) {2}running=(\w+) {2}installed=(\d+)/;

/** Throws where a start does not end connected, or something is lost. */
export async function liveThroughCuts(
	tools: Tools,
	firmware: Firmware,
	seed: number,
	onLine: (line: string) => void = () => {},
): Promise<Cut[]> {
	const board = await openBoard(tools, firmware, { trialSeconds: LONG_SECONDS });
	const life = new Life(board, seed, onLine);
	try {
		for (let n = 0; n < ENROLMENTS; n++) await life.enrol();
		for (let n = 0; n < RENEWALS; n++) await life.renew();
		// A download takes as long as all that was before.
		const image = seed % WITH_UPDATE === 0 ? release(firmware, RELEASE) : undefined;
		if (image) await life.update(image);
		await life.end(firmware, image);
		return life.cuts;
	} catch (thrown) {
		const { message } = thrown as Error;
		throw new Error(`seed ${seed}: ${message}\n${JSON.stringify(life.cuts)}\n${life.output}`, { cause: thrown });
	} finally {
		await board.close();
	}
}

class Life {
	readonly cuts: Cut[] = [];
	/** Of the last start. */
	output = "";
	readonly #board: TestBoard;
	readonly #onLine: (line: string) => void;
	readonly #draw: ReturnType<typeof random>;
	/** Events of the cloud before this device was made. */
	#born = 0;
	/** The floor that was seen, and the slot that ran under it. */
	#installed = 0;
	#slot = "ota_0";

	constructor(board: TestBoard, seed: number, onLine: (line: string) => void) {
		this.#board = board;
		this.#onLine = onLine;
		this.#draw = random(seed);
	}

	/** A fresh device. */
	async enrol(): Promise<void> {
		this.#board.erase();
		this.#born = this.#board.cloud.events.length;
		await this.#start({ stage: "enrolment" });
		await this.#start({});
		const keys = this.#events.map((event) => event.event === "registered" && event.leaf && keyOf(event.leaf));
		assert.equal(new Set(keys.filter(Boolean)).size, 1, "a key that DPS knew was lost");
	}

	async renew(): Promise<void> {
		const power = new AbortController();
		const onConnected = (): void => void this.#board.renew(power.signal);
		await this.#start({ stage: "renewal", onConnected, power });
	}

	/** Cut off in its download, and once in its trial: three would end it. */
	async update(image: Uint8Array): Promise<void> {
		let [isOffered, isNext, wasOnTrial] = [false, false, false];
		const onConnected = (): void => {
			if (!isOffered) this.#board.offer(RELEASE, image);
			isOffered = true;
		};
		for (let n = 0; this.#installed < RELEASE; n++) {
			assert.ok(n < MOST_STARTS, "not installed");
			if (isNext && !wasOnTrial) {
				wasOnTrial = true;
				isNext = false;
				await this.#start({ stage: "trial" });
				await this.#start({});
			} else if (n < DOWNLOAD_CUTS) {
				isNext = (await this.#start({ stage: "update", onConnected })) === "reset";
			} else {
				isNext = (await this.#start({ onConnected, until: /ota\.confirmed/ })) === "reset";
				if (!isNext) await this.#start({});
			}
		}
	}

	/** What runs is the release, and what is older is refused: the floor stands. */
	async end(firmware: Firmware, image?: Uint8Array): Promise<void> {
		if (image === undefined) return void (await this.#start({}));
		const { cloud, flash } = this.#board;
		const { offset } = firmware.partitions.find(({ name }) => name === this.#slot)!;
		assert.ok(
			readFileSync(flash)
				.subarray(offset, offset + image.length)
				.equals(image),
			"another image",
		);
		const onConnected = (): void => this.#board.offer(RELEASE - 1, release(firmware, RELEASE - 1));
		const power = new AbortController();
		cloud
			.seen((event) => event.event === "reported" && otaCode(event.patch) === "ota.sequence")
			.then(() => power.abort());
		await this.#start({ onConnected, power });
	}

	/** Without a stage nothing is cut: until it is connected, or as `power` says. */
	async #start(options: {
		readonly stage?: Stage;
		/** Once. */
		readonly onConnected?: () => void;
		readonly power?: AbortController;
		readonly until?: RegExp;
	}): Promise<Boot["ended"]> {
		const { stage, onConnected, power = new AbortController(), until } = options;
		const isWhole = stage === undefined && onConnected === undefined;
		const moment = stage && new Moment(stage, this.#draw.integer);
		let isConnected = false;
		const { ended, output } = await this.#board.boot({
			power: power.signal,
			timeoutSeconds: LONG_SECONDS,
			...(isWhole ? { stopAt: CONNECTED } : until ? { stopAt: until } : {}),
			...(moment && { counts: true, debug: (gdb) => moment.reach(gdb) }),
			onLine: (line) => {
				this.#onLine(line);
				moment?.see(line);
				if (isConnected || !CONNECTED.test(line)) return;
				isConnected = true;
				onConnected?.();
			},
		});
		power.abort();
		this.output = output;
		assert.notEqual(ended, "timeout");
		if (stage !== undefined && ended === "cut") {
			const { since, all } = moment!;
			this.cuts.push({ stage, step: lastStep(output, stage), since, all });
		}
		if (isWhole || onConnected) assert.ok(isConnected, "no connection");
		this.#judge(output);
		return ended;
	}

	/** Nothing is lost that was there. */
	#judge(output: string): void {
		const [, decision, running, digits] = DECIDED.exec(output) ?? [];
		const known = this.#events.findIndex((event) => event.event === "connected" && event.service === "hub");
		const again = known >= 0 && this.#events.slice(known).some(({ event }) => event === "register");
		assert.ok(!again, "enrolled again, although the hub knew the key");
		assertKept(this.#events);
		const isMissing = decision === undefined && this.#installed > 0 && CONNECTED.test(output);
		assert.ok(!isMissing, "the record of updates is gone");
		if (decision === undefined) return;
		const installed = Number(digits);
		assert.ok(installed >= this.#installed, `the floor fell from ${this.#installed} to ${installed}`);
		if (installed > this.#installed) this.#slot = running!;
		this.#installed = installed;
		if (decision === "trial") assert.notEqual(running, this.#slot);
		else assert.equal(running, this.#slot, "another slot runs");
	}

	get #events(): readonly CloudEvent[] {
		return this.#board.cloud.events.slice(this.#born);
	}
}

/** As docs/board.md shows them: how many cuts fell behind which step. */
export function countCuts(cuts: readonly Cut[]): Record<string, number> {
	const counted: Record<string, number> = {};
	for (const { stage, step } of cuts) counted[`${stage} ${step}`] = (counted[`${stage} ${step}`] ?? 0) + 1;
	return counted;
}

/** In millions, since the stage began and since power-up: of each cut. */
export const placeOf = ({ stage, step, since, all }: Cut): string =>
	`${stage} ${step} ${(since / 1e6).toFixed(1)}/${(all / 1e6).toFixed(1)}`;

/** How many cuts, and the least and the most of their instructions, in millions. */
interface Range {
	readonly cuts: number;
	readonly since: readonly [number, number];
	readonly all: readonly [number, number];
}

export function rangesOf(cuts: readonly Cut[]): Partial<Record<Stage, Range>> {
	const millions = (count: number): number => Math.round(count / 1e5) / 10;
	const range = (counts: readonly number[]) => [millions(Math.min(...counts)), millions(Math.max(...counts))] as const;
	return Object.fromEntries(
		[...new Set(cuts.map(({ stage }) => stage))].map((stage) => {
			const own = cuts.filter((cut) => cut.stage === stage);
			return [
				stage,
				{ cuts: own.length, since: range(own.map(({ since }) => since)), all: range(own.map(({ all }) => all)) },
			];
		}),
	);
}

const keyOf = (leaf: Uint8Array): string => hex(parseCertificate(leaf).spki);

const otaCode = (patch: unknown): unknown => (patch as { ota?: { code?: unknown } }).ota?.code;

/** A step of the log, with the state where it says one; before the first the network, before that the bootloader. Of an update its own. */
function lastStep(output: string, stage: Stage): string {
	const steps = [...output.matchAll(/^(?:\d+\.\d+ s {2}(\S+)(?: {2}state=(\S+))?|network: )/gm)];
	const own = stage === "update" ? steps.filter(([, step]) => step?.startsWith("ota.")) : [];
	const [line, step, state] = own.at(-1) ?? steps.at(-1) ?? [];
	return line === undefined ? "bootloader" : (state ?? step ?? "network");
}
