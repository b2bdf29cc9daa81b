/** Reads the input of each row at a quarter of its size, once before it is counted, and at all of it. */
import Debug from "debug";
import { run as runMarked } from "marked";
import { environment } from "simulator";

export function run() {
	const only = environment("ROWS");
	const every = Number(environment("EVERY") ?? 1);
	return runMarked("rows", (rows, measured) => operate(rows, measured, only, every));
}

function operate({ allRows }, measured, only, every) {
	let isRight = true;
	for (const [index, row] of allRows().entries()) {
		if ((only && !row.name.includes(only)) || index % every > 0) continue;
		trace(`ROW ${index} ${row.name}\n`);
		for (const size of [row.most / 4, row.most]) {
			const read = row.prepare(size);
			if (size < row.most) refusal(read);
			Debug.gc();
			const refused = measured(`${index} ${size}`, () => refusal(read));
			if ((refused !== undefined) === (row.isRefused === true)) continue;
			isRight = false;
			trace(`WRONG ${row.name}, ${size}: ${refused ?? "taken"}\n`);
		}
	}
	return isRight;
}

/** Undefined where it was taken. */
function refusal(read) {
	try {
		read();
		return undefined;
	} catch (error) {
		return error;
	}
}
