/**
 * Firmware updates on an emulated ESP32-C3 that go wrong: the release crashes or hangs before anything of ours runs, reaches a hub that
 * acknowledges nothing, or the power fails in between. The bootloader, or the deadline, brings the old image back.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Boot } from "../../hw/emulator/board.ts";
import { buildFirmware, type Firmware } from "../../hw/emulator/image.ts";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { changed, openBoard, release, type TestBoard } from "./board.ts";

const found = findTools();
const tools = found as Tools;
const CONNECTED = /state=connected/;
/** Three trials, with a start of the old image before each and one behind. */
const MOST_STARTS = 9;
/** Of a trial, and until its deadline. */
const LONG = 300;

describe("updates that go wrong, emulated", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	let firmware: Firmware;
	before(async () => {
		firmware = await buildFirmware(tools);
	});

	/** A board that is enrolled. */
	const withBoard = async (work: (board: TestBoard) => Promise<void>): Promise<void> => {
		const board = await openBoard(tools, firmware);
		try {
			const first = await board.boot({ stopAt: CONNECTED });
			assert.equal(first.ended, "stopped", first.output);
			await work(board);
			assert.equal(board.cloud.registrations.length, 1, "enrolled again");
		} finally {
			await board.close();
		}
	};

	/** Starts until the hub is told so of the update; what they printed. */
	const startUntil = async ({ cloud, boot }: TestBoard, code: string, hangs = false): Promise<string[]> => {
		const power = new AbortController();
		cloud
			.seen(({ event }) => event === "reported" && otaOf(cloud).state === "idle" && otaOf(cloud).code === code)
			.then(() => power.abort());
		const starts: Boot[] = [];
		while (!power.signal.aborted && starts.length < MOST_STARTS) {
			const isTrial = starts.length % 2 === 1;
			starts.push(await boot({ power: power.signal, timeoutSeconds: hangs && isTrial ? 10 : LONG }));
		}
		const outputs = starts.map(({ output }) => output);
		assert.ok(power.signal.aborted, outputs.join("\n---\n"));
		return outputs;
	};

	for (const how of ["crash", "hang"] as const)
		test(`a release that ${how === "crash" ? "crashes" : "hangs"} before anything of ours runs is left by the bootloader, three times, then for good`, () =>
			withBoard(async (board) => {
				board.offer(3, changed(firmware, 3, how));
				const outputs = await startUntil(board, "ota.aborted", how === "hang");
				assert.equal(outputs.length, 7);
				// Of the release nothing is heard, and the start behind it is the old image's.
				// Nor of what a panic had in its registers and on its stack: there may be a key.
				for (const n of [1, 3, 5]) assert.doesNotMatch(outputs[n]!, /network:|Guru Meditation|MEPC|Stack memory/);
				for (const n of [2, 4, 6]) assert.match(outputs[n]!, /ota\.boot .*running=ota_0 {2}installed=0/);
				board.offer(4, release(firmware, 4));
				const next = await board.boot({ timeoutSeconds: LONG });
				assert.match(next.output, /ota\.restart {2}sequence=4/);
			}));

	test("a release whose hub acknowledges nothing goes back at its deadline, and is not tried again", () =>
		withBoard(async (board) => {
			board.offer(2, release(firmware, 2));
			const old = await board.boot({ timeoutSeconds: LONG });
			assert.match(old.output, /ota\.restart {2}sequence=2/);
			for (const fault of ["no-puback", "silent"]) board.cloud.arm(fault);
			const trial = await board.boot({ timeoutSeconds: LONG });
			assert.equal(trial.ended, "reset", trial.output);
			assert.match(trial.output, /decision=trial {2}running=ota_1/);
			assert.match(trial.output, /hub\.connected/);
			assert.doesNotMatch(trial.output, /ota\.confirmed/);
			board.cloud.disarm();
			const [back] = await startUntil(board, "ota.rejected");
			assert.match(back!, /running=ota_0 {2}installed=0/);
		}));

	test("the power fails in each phase of an update: it goes on, and is installed in the end", () =>
		withBoard(async (board) => {
			board.offer(2, release(firmware, 2));
			const cutAt = async (stopAt: RegExp): Promise<string> => {
				const { ended, output } = await board.boot({ stopAt, timeoutSeconds: LONG });
				assert.equal(ended, "stopped", output);
				return output;
			};
			const armed = async (): Promise<string> => {
				const { ended, output } = await board.boot({ timeoutSeconds: LONG });
				assert.equal(ended, "reset", output);
				return output;
			};
			await cutAt(/ota\.download {2}sequence=2 {2}progress=0/);
			// All of it is there, and nothing is armed.
			await cutAt(/ota\.restart/);
			assert.match(await armed(), /ota\.boot {2}decision=fetch {2}running=ota_0/);
			assert.match(await cutAt(/network:/), /POWERON/);
			// The trial has ended with the power: the old image runs, and has all of the new one.
			const back = await armed();
			assert.match(back, /decision=fetch {2}running=ota_0 .*code=ota\.aborted/);
			assert.match(back, /ota\.download {2}sequence=2 {2}progress=100/);
			assert.match(await cutAt(/ota\.confirmed/), /decision=trial {2}running=ota_1/);
			assert.match(await cutAt(CONNECTED), /decision=run {2}running=ota_1 {2}installed=2/);
		}));
});

function otaOf(cloud: TestBoard["cloud"]): { readonly state?: unknown; readonly code?: unknown } {
	return cloud.device(cloud.registrationId)?.reported.properties.ota ?? {};
}
