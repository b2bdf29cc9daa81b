/** Applications that are large or odd, made by the SDK: what the engine itself maps and runs. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AREA_BYTES, type Archives } from "../support/hostile/archive-rows.ts";
import { times } from "../support/hostile/row.ts";
import { buildArchive } from "./mapping/mapping.ts";

type Sources = Readonly<Record<string, string>>;

/** The longest text that the engine goes over when it maps has 65,535 bytes. */
const TEXT = 60_000;

export async function lawfulArchives(): Promise<Archives> {
	const seeds = await Promise.all([1, 2].map((seed) => make({ "app/main": main(`"${text(9000, seed)}"`) })));
	const names = times(100, (i) => `name${i}`.padEnd(15, "_"));
	const lawful = {
		"as large as its partition": await filling(),
		"100 symbols": await make({ "app/main": main(`({ ${names.map((name) => `${name}: 1`).join(", ")} })`) }),
		"32 modules": await make({
			"app/main": times(31, (i) => `import "app/m${i}";`).join("") + main("1"),
			...Object.fromEntries(times(31, (i) => [`app/m${i}`, `export default ${i};`])),
		}),
	};
	return {
		three: (seed) => seeds[seed - 1]!,
		lawful: Object.fromEntries(Object.entries(lawful).map(([name, bytes]) => [name, () => bytes])),
	};
}

const main = (value: string): string => `export default () => ${value};`;
const text = (length: number, seed = 0): string => "abcdefgh"[seed]!.repeat(length);

async function filling(): Promise<Uint8Array> {
	const of = (more: number) => make({ "app/main": main(`["${text(TEXT)}", "${text(TEXT)}", "${text(more)}"]`) });
	let more = 10_000;
	let bytes = await of(more);
	// A longer text may take a longer instruction.
	for (let tries = 0; tries < 3 && bytes.length !== AREA_BYTES; tries++) {
		more += AREA_BYTES - bytes.length;
		bytes = await of(more);
	}
	assert.equal(bytes.length, AREA_BYTES);
	return bytes;
}

async function make(sources: Sources): Promise<Uint8Array> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-lawful-"));
	try {
		const paths = Object.entries(sources).map(([name, source]) => {
			const path = join(folder, "sources", `${name}.js`);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, source);
			return [name, path] as const;
		});
		return new Uint8Array(readFileSync(await buildArchive(folder, Object.fromEntries(paths))));
	} finally {
		rmSync(folder, { recursive: true });
	}
}
