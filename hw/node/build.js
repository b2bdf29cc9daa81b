/**
 * `npm run build:node`: the command line and the two libraries as plain ES modules in dist/node, with the cloud's page beside
 * them. What npm installs stays an import. Files of an earlier build that nothing names any more go last, so that a process
 * which runs meanwhile finds its modules as long as it can.
 */
import { chmodSync, cpSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = join(root, "dist/node");

process.stderr.write("building for Node\n");
await testKeyRoom();
const { metafile } = await build({
	absWorkingDir: root,
	entryPoints: {
		cli: "hw/node/cli.ts",
		enrollee: "hw/node/enrollee.ts",
		cloud: "cloud/library.ts",
		"check-table": "hw/node/bundle/check-table.ts",
	},
	outdir: out,
	bundle: true,
	splitting: true,
	format: "esm",
	platform: "node",
	target: "node20.19",
	packages: "external",
	conditions: ["tested"],
	metafile: true,
	logLevel: "warning",
});
// `npx enrollee` in this folder runs the file itself; npm sets the bit only where it links the command for the first time.
chmodSync(join(out, "cli.js"), 0o755);
cpSync(join(root, "cloud/page"), join(out, "page"), { recursive: true });
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(out)) if (name.endsWith(".js") && !made.has(name)) rmSync(join(out, name));

/** The key room compares its formulas with noble's as it is loaded: here, so that no command need. Throws at a difference. */
async function testKeyRoom() {
	const room = await build({
		absWorkingDir: root,
		entryPoints: ["src/key/ecdsa.ts"],
		bundle: true,
		write: false,
		format: "esm",
		platform: "node",
		logLevel: "warning",
	});
	await import(`data:text/javascript;base64,${Buffer.from(room.outputFiles[0].contents).toString("base64")}`);
}
