/** hw/simulator/cc: an object is compiled once for all apps that it is the same for, and never taken for another one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { project } from "../../hw/simulator/harness.ts";
import { temporaryFolder } from "../support/openssl.ts";

const noCompiler = spawnSync("gcc", ["--version"]).status === 0 ? false : "SKIPPED: no gcc";

const NATIVE = '#include "mc.xs.h"\nint answer(void) { return xsID_answer; }\n';
const header = (id: number, ...natives: string[]) =>
	[...natives.map((name) => `extern void ${name}(xsMachine* the);`), `#define xsID_answer ${id}`, ""].join("\n");

/** gcc, and a line in a file for each object that it makes. */
function bench(source = NATIVE) {
	const folder = temporaryFolder({
		"native.c": source,
		gcc: '#!/bin/sh\ncase "$*" in *-E*) ;; *) echo "$*" >> "$LOG" ;; esac\nexec gcc "$@"\n',
	});
	mkdirSync(join(folder, "objects"));
	const log = join(folder, "log");
	return {
		folder,
		objects: () => readdirSync(join(folder, "objects")).length,
		compiled: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0),
		make(app: string, text: string, ...flags: string[]) {
			mkdirSync(join(folder, app), { recursive: true });
			writeFileSync(join(folder, app, "mc.xs.h"), `typedef void xsMachine;\n${text}`);
			const object = join(folder, app, "native.o");
			const command = [`-I${join(folder, app)}`, ...flags, "-c", join(folder, "native.c"), "-o", object];
			const env = { PATH: process.env.PATH, LOG: log, SHARED_OBJECTS: join(folder, "objects") };
			const { status } = spawnSync(join(project, "hw/simulator/cc"), command, {
				env: { ...env, COMPILER: `sh ${join(folder, "gcc")}` },
			});
			return { status, object: existsSync(object) ? readFileSync(object) : undefined };
		},
	};
}

test("apps whose natives differ share an object; another id, another flag or an edited source has its own", {
	skip: noCompiler,
}, () => {
	const { folder, make, compiled } = bench();
	const first = make("a", header(5, "xs_one"));
	assert.equal(first.status, 0);
	assert.ok(first.object);
	assert.deepEqual([make("b", header(5, "xs_two", "xs_three")), compiled()], [first, 1]);
	assert.notDeepEqual(make("c", header(6, "xs_one")), first);
	assert.notDeepEqual(make("b", header(5), "-O3"), first);
	assert.equal(compiled(), 3);
	writeFileSync(join(folder, "native.c"), NATIVE.replace("return ", "return 1 + "));
	assert.notDeepEqual(make("a", header(5, "xs_one")), first);
	assert.equal(compiled(), 4);
	assert.deepEqual([make("d", header(6)).status, compiled()], [0, 5]);
});

test("an object has the ids that its source names, and is made anew where a header is younger", {
	skip: noCompiler,
}, () => {
	const { folder, make, compiled } = bench(`${NATIVE}#include "more.h"\nint more(void) { return MORE; }\n`);
	const path = join(folder, "more.h");
	writeFileSync(path, "#define MORE 1\n");
	const first = make("a", header(5));
	assert.deepEqual([make("b", `${header(5)}#define xsID_other 9\n`), compiled()], [first, 1]);
	writeFileSync(path, "#define MORE 2\n");
	assert.notDeepEqual(make("a", header(5)), first);
	assert.equal(compiled(), 2);
});

test("what the app defines is its own, where the source includes it", { skip: noCompiler }, () => {
	const { folder, make, compiled } = bench(`${NATIVE}#include "mc.defines.h"\nint of(void) { return DEFINED; }\n`);
	for (const [app, value] of Object.entries({ a: 1, b: 2 })) {
		mkdirSync(join(folder, app));
		writeFileSync(join(folder, app, "mc.defines.h"), `#define DEFINED ${value}\n`);
	}
	assert.notDeepEqual(make("a", header(5)), make("b", header(5)));
	assert.equal(compiled(), 2);
});

test("what does not compile fails each time, and nothing is kept of it", { skip: noCompiler }, () => {
	for (const source of ["int broken(void) { return }\n", '#include "nowhere.h"\n']) {
		const { make, objects } = bench(source);
		for (const app of ["a", "b"]) {
			const { status, object } = make(app, header(5));
			assert.deepEqual([status !== 0, object, objects()], [true, undefined, 0]);
		}
	}
});
