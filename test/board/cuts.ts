/**
 * One device through power cuts: enrolments, renewals and, one in three, an update, each cut off at a moment that the seed draws, by the
 * device's own clock, which is this machine's. The start after a cut is let be until it is connected; only then comes the next.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CloudEvent } from "../../cloud/event.ts";
import type { Firmware } from "../../hw/emulator/image.ts";
import type { Tools } from "../../hw/emulator/tools.ts";
import { hex } from "../../src/base/bytes.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { random } from "../support/random.ts";
import { openBoard, release, type TestBoard } from "./board.ts";

export type Stage = "enrolment" | "renewal" | "update" | "trial";

export interface Cut {
	readonly stage: Stage;
	/** The last step that was logged before. */
	readonly step: string;
}

/**
 * Cuts fall within so many times as long as this machine took last from the network to the connection: counted from the network
 * (enrolment), from the call that asks for it (renewal), from the connection (update) and from power-up (trial: the bootloader writes, too).
 */
const SPAN: Readonly<Record<Stage, number>> = { enrolment: 3, renewal: 1.5, update: 8, trial: 8 };
const FIRST_PACE_MS = 800;
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
const POWER_UP = /^ESP-ROM:/;
const NETWORK = /^network: /;
const CONNECTED = /state=connected/;
/** A call has come: the renewal begins. */
const CALLED = /^\d+\.\d+ s {2}method\b/;
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
	/** Milliseconds. */
	#pace = FIRST_PACE_MS;

	constructor(board: TestBoard, seed: number, onLine: (line: string) => void) {
		this.#board = board;
		this.#onLine = onLine;
		this.#draw = random(seed);
	}

	/** A fresh device. */
	async enrol(): Promise<void> {
		this.#board.erase();
		this.#born = this.#board.cloud.events.length;
		await this.#start({ stage: "enrolment", mark: NETWORK });
		await this.#start({});
		const keys = this.#events.map((event) => event.event === "registered" && event.leaf && keyOf(event.leaf));
		assert.equal(new Set(keys.filter(Boolean)).size, 1, "a key that DPS knew was lost");
	}

	async renew(): Promise<void> {
		const power = new AbortController();
		const onMark = (): void => void this.#board.renew(power.signal);
		await this.#start({ stage: "renewal", mark: CONNECTED, onMark, from: CALLED, power });
	}

	/** Cut off in its download, and once in its trial: three would end it. */
	async update(image: Uint8Array): Promise<void> {
		let [isOffered, isNext, wasOnTrial] = [false, false, false];
		const onMark = (): void => {
			if (!isOffered) this.#board.offer(RELEASE, image);
			isOffered = true;
		};
		for (let n = 0; this.#installed < RELEASE; n++) {
			assert.ok(n < MOST_STARTS, "not installed");
			if (isNext && !wasOnTrial) {
				wasOnTrial = true;
				isNext = false;
				await this.#start({ stage: "trial", mark: POWER_UP });
				await this.#start({});
			} else if (n < DOWNLOAD_CUTS) {
				isNext = (await this.#start({ stage: "update", mark: CONNECTED, onMark })) === "reset";
			} else {
				isNext = (await this.#start({ mark: CONNECTED, onMark, until: /ota\.confirmed/ })) === "reset";
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
		const onMark = (): void => this.#board.offer(RELEASE - 1, release(firmware, RELEASE - 1));
		const power = new AbortController();
		cloud
			.seen((event) => event.event === "reported" && otaCode(event.patch) === "ota.sequence")
			.then(() => power.abort());
		await this.#start({ mark: CONNECTED, onMark, power });
	}

	/** Without a stage nothing is cut: until it is connected, or as `power` says. */
	async #start(options: {
		readonly stage?: Stage;
		readonly mark?: RegExp;
		readonly onMark?: () => void;
		/** From where the moment of the cut is counted; without it from `mark`. */
		readonly from?: RegExp;
		readonly power?: AbortController;
		readonly until?: RegExp;
	}): Promise<"reset" | "cut" | "stopped" | "timeout"> {
		const { stage, mark, onMark, from = mark, power = new AbortController(), until } = options;
		const isWhole = stage === undefined && mark === undefined;
		const milliseconds = stage && this.#draw.integer(1000) * 0.001 * SPAN[stage] * this.#pace;
		let since = 0;
		let [isMarked, isCounted] = [false, false];
		const { ended, output } = await this.#board.boot({
			power: power.signal,
			timeoutSeconds: LONG_SECONDS,
			...(isWhole ? { stopAt: CONNECTED } : until ? { stopAt: until } : {}),
			onLine: (line) => {
				this.#onLine(line);
				if (NETWORK.test(line)) since = Date.now();
				if (!isMarked && mark?.test(line)) {
					isMarked = true;
					onMark?.();
				}
				if (milliseconds !== undefined && !isCounted && from?.test(line)) {
					isCounted = true;
					void sleep(milliseconds).then(() => power.abort());
				}
			},
		});
		this.output = output;
		assert.notEqual(ended, "timeout");
		if (stage !== undefined && ended === "cut") this.cuts.push({ stage, step: lastStep(output, stage) });
		if (mark !== POWER_UP && mark !== NETWORK) assert.match(output, CONNECTED, "no connection");
		if (isWhole) this.#pace = Date.now() - since;
		this.#judge(output);
		return ended;
	}

	/** Nothing is lost that was there. */
	#judge(output: string): void {
		const [, decision, running, digits] = DECIDED.exec(output) ?? [];
		const known = this.#events.findIndex((event) => event.event === "connected" && event.service === "hub");
		const again = known >= 0 && this.#events.slice(known).some(({ event }) => event === "register");
		assert.ok(!again, "enrolled again, although the hub knew the key");
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

const keyOf = (leaf: Uint8Array): string => hex(parseCertificate(leaf).spki);

const otaCode = (patch: unknown): unknown => (patch as { ota?: { code?: unknown } }).ota?.code;

/** A step of the log, with the state where it says one; before the first the network, before that the bootloader. Of an update its own. */
function lastStep(output: string, stage: Stage): string {
	const steps = [...output.matchAll(/^(?:\d+\.\d+ s {2}(\S+)(?: {2}state=(\S+))?|network: )/gm)];
	const own = stage === "update" ? steps.filter(([, step]) => step?.startsWith("ota.")) : [];
	const [line, step, state] = own.at(-1) ?? steps.at(-1) ?? [];
	return line === undefined ? "bootloader" : (state ?? step ?? "network");
}
