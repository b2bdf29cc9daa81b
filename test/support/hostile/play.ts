/** Plays rows to agents on XS. */
import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../../hw/simulator/harness.ts";
import { environmentOf } from "../../../hw/simulator/settings.ts";
import { UPDATES } from "../updated.ts";
import type { Ended, HostileCloud } from "./cloud.ts";
import { name } from "./judge.ts";
import type { Row } from "./row.ts";

export interface Played {
	readonly hostile: HostileCloud;
	/** Folder in which the device keeps what it has. */
	readonly state: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly beCareful?: boolean;
}

/** Of a machine of 64 KB: an application with a twin alone. */
export const AS_SMALL = { SMALL: "1", ENROLLEE_MAX_MESSAGE_BYTES: "1024" } as const;

/** One after another in one machine, each until it is over. */
export async function playOn(machine: App, rows: readonly Row[], played: Played): Promise<Ended[]> {
	const { hostile, state, environment = {}, beCareful = false } = played;
	const ended: Ended[] = [];
	let isConnected = false;
	let faults: string[] = [];
	let problem: unknown;
	const give = async (index: number): Promise<void> => {
		const row = rows[index];
		const words = row === undefined ? "" : ` ${await hostile.play(row, beCareful)}`;
		writeFileSync(join(state, "row~"), `${index}${words}`);
		renameSync(join(state, "row~"), join(state, "row"));
	};
	const { exitCode, output } = await machine.run({
		environment: {
			...environmentOf(hostile.cloud, state),
			ENROLLEE_TRANSPORT: rows[0]?.phase === "ws" ? "ws" : "mqtt",
			ENROLLEE_RELEASE_KEY: UPDATES.releaseKey!,
			ENROLLEE_UPDATE_CLASS: UPDATES.updateClass!,
			...environment,
		},
		timeoutSeconds: 300,
		onLine(line) {
			if (line.startsWith("FAULT ")) faults.push(line.slice(6));
			const [, what, index, how, messages, codes] =
				/^(NEXT|CONNECTED|ROW) (\d+)(?: (\w+) (\d+) (.*))?$/.exec(line) ?? [];
			if (what === "NEXT") give(Number(index)).catch((thrown) => (problem = thrown));
			else if (what === "CONNECTED") isConnected = true;
			else if (what === "ROW") {
				ended.push({
					how: how!,
					codes: codes!.split(",").filter(Boolean),
					messages: Number(messages),
					faults,
					isConnected,
				});
				isConnected = false;
				faults = [];
			}
		},
	});
	rmSync(join(state, "row"), { force: true });
	if (problem) throw problem;
	assert.equal(exitCode, 0, `after row ${ended.length}, ${name(rows[ended.length])}: ${output.slice(-1500)}`);
	return ended;
}
