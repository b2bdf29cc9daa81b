/** What docs/board.md says that the firmware takes on an emulated ESP32-C3 is what is measured there; a download keeps within its budget. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { findTools, type Tools } from "../../hw/emulator/tools.ts";
import { documented, measure, render, type Table } from "./figures.ts";

const found = findTools();
/** Of heap, beside a connected agent. */
const DOWNLOAD_BYTES = 8192;

describe("figures of the emulated board", { skip: typeof found === "string" && `SKIPPED: ${found}` }, () => {
	let tables: Table[];
	before(async () => {
		tables = await measure(found as Tools);
	});

	test("a download takes no more than 8 KB beside a connected agent, whatever the image's size", () => {
		const downloads = tables.find(({ head }) => head[0] === "download of")!.rows;
		assert.equal(downloads.length, 2);
		for (const [image, lowest, below] of downloads)
			assert.ok(below! <= DOWNLOAD_BYTES, `${image}: ${below} bytes below, ${lowest} free`);
	});

	test("docs/board.md has what was measured; otherwise: node --import tsx test/board/figures.ts --write", () => {
		const rows = rowsOf(documented());
		const off = tables.flatMap(({ rows: measured, within }) =>
			measured.filter(([label, ...numbers]) => !isNear(rows.get(label), numbers, within)).map((row) => row.join(" ")),
		);
		assert.deepEqual(off, [], render(tables));
		assert.equal(
			rows.size,
			tables.reduce((sum, table) => sum + table.rows.length, 0),
		);
	});
});

/** Cells by the first one, without heads. */
function rowsOf(markdown: string): Map<string, number[]> {
	const lines = markdown.split("\n").filter((line) => /\d \|$/.test(line));
	return new Map(
		lines.map((line) => {
			const [label = "", ...cells] = line.slice(2, -2).split(" | ");
			return [label, cells.map((cell) => Number(cell.replaceAll(",", "")))];
		}),
	);
}

const isNear = (said: readonly number[] = [], measured: readonly number[], within: Table["within"]): boolean =>
	measured.every((number, at) => {
		const [share, least] = within[at]!;
		return Math.abs(number - said[at]!) <= Math.max(share * number, least);
	});
