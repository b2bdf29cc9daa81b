/** What `npm test` reads TypeScript with: imports of it are followed, what is thrown names its line, an edited text is another one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "./support/openssl.ts";

test("types go, an import is followed, an error names the line that threw, an edited text is compiled anew", () => {
	const imported = "export interface B {\n\treadonly n: number;\n}\n\nexport const b: B = { n: 5 };\n";
	const folder = temporaryFolder({
		"a.ts": 'import { type B, b } from "./b.ts";\nconst it: B = b;\nconsole.log(it.n);\n',
		"b.ts": imported,
	});
	const run = () =>
		spawnSync(process.execPath, ["--import", import.meta.resolve("./typescript.js"), join(folder, "a.ts")], {
			encoding: "utf8",
		});
	assert.equal(run().stdout, "5\n");
	writeFileSync(join(folder, "b.ts"), `${imported}throw new Error("here");\n`);
	const { status, stderr } = run();
	assert.equal(status, 1);
	assert.match(stderr, /Error: here\n\s+at .*b\.ts:6:7/);
});
