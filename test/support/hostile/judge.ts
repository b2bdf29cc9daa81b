/** Whether a row has ended as it should. */
import assert from "node:assert/strict";
import type { Ended } from "./cloud.ts";
import { endsByFault, type Row } from "./row.ts";

export const name = (row: Row | undefined): string => (row ? `${row.phase}: ${row.name}` : "the end");

/** Throws, naming the rows that did not end as they should. */
export function judge(rows: readonly Row[], ended: readonly Ended[]): void {
	const wrong = rows.flatMap((row, i) => {
		const problem = problemOf(row, ended[i]);
		return problem ? [`${name(row)}: ${problem}`] : [];
	});
	assert.deepEqual(wrong, []);
}

/** Nothing when it ended as it should. */
export function problemOf(row: Row, ended: Ended | undefined): string | undefined {
	const codes = [...(ended?.codes ?? [])].sort();
	const messages = row.messages === undefined ? "" : ` ${ended?.messages} messages`;
	const said = `${ended?.how} ${codes}${messages}`;
	const expected = `${endOf(row)} ${[...row.faults].sort()}${row.messages === undefined ? "" : ` ${row.messages} messages`}`;
	return said === expected ? undefined : [`${said}; expected ${expected}`, ...(ended?.faults ?? [])].join("\n");
}

export const endOf = (row: Row): string => (!row.survives ? "waiting" : endsByFault(row) ? "over" : "done");

/** Of a careful agent (src/base/starts.ts): it ends in the same way, hands nothing on, and says why it is careful. */
export function isCareful(row: Row, { how, codes, messages }: Partial<Ended> = {}): boolean {
	const foreign = codes?.filter((code) => code !== "device.unstable" && !row.faults.includes(code));
	return how === endOf(row) && messages === 0 && foreign?.length === 0 && codes!.includes("device.unstable");
}
