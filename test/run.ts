/**
 * `npm test`: every test file in a process of its own, six at a time, so that two cores have work to the end. Files named as
 * arguments: only those.
 *
 * Node's `--test` sorts the files that it is given: test/sim's, which wait for each other's builds, would run side by side, and the
 * longest last.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const CONCURRENCY = 6;
/** Hung, not slow: the longest took seven minutes on busy cores. */
const FILE_MS = 1_800_000;
/** What takes longest begins first. */
const FIRST = [
	"sim/hostile",
	"sim/download-memory",
	"sim/growth",
	"agent/hostile",
	"application/powercut",
	"key/noble",
	"newcomer/newcomer",
	"sim/memory",
	"node/package",
	"suites/bogo",
	"sim/package",
	"lives/mutations",
	"sim/app-update",
	"lives/lives",
	"sim/updating",
	"sim/firewall",
];

const isTest = (name: string): boolean => name.endsWith(".test.ts");

/** Each room's files are spread over the whole, in proportion: what waits for the same things begins at different times. */
function inOrder(): string[] {
	const rooms = [".", ...readdirSync(import.meta.dirname)].map((room) => filesOf(room));
	const placed = rooms.flatMap((files) => files.map((file, at) => ({ file, place: (at + 0.5) / files.length })));
	const rank = (file: string): number => FIRST.indexOf(file.slice(0, -".test.ts".length)) >>> 0;
	return placed.sort((a, b) => rank(a.file) - rank(b.file) || a.place - b.place).map(({ file }) => file);
}

function filesOf(room: string): string[] {
	try {
		return readdirSync(join(import.meta.dirname, room))
			.filter(isTest)
			.map((name) => join(room, name));
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "ENOTDIR") return [];
		throw thrown;
	}
}

const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : inOrder().map((file) => join(import.meta.dirname, file));
run({ files, concurrency: CONCURRENCY, timeout: FILE_MS })
	.on("test:fail", () => {
		process.exitCode = 1;
	})
	.compose(new spec())
	.pipe(process.stdout);
