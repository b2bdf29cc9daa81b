/**
 * `npm run build:device`: plain ES modules in dist/moddable, which mcconfig lists as they are. (dist/node: hw/node/build.js.)
 *
 * The device's modules are cut so that what holds BigInt state is apart: `base` (faults, bytes), `key` (src/key with
 * noble), `x509`, `ota` (src/suit and src/update), `apps` (src/application), `agent` (the rest of src with mqtt-packet), and one
 * module for each file of hw/moddable. Whatever the SDK provides stays an import.
 */
import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";
import { transform } from "esbuild";
import { nobleUnreached } from "./hw/moddable/shims/noble.js";
import { mqttPacketShims, SHIMS } from "./hw/moddable/shims/rollup.js";
import { arraysByIndex } from "./hw/moddable/xs-rom/arrays.js";
import {
	arrowsInRom,
	constantsInCode,
	fieldsInConstructors,
	privatesInRom,
	regexpsInRam,
	xsRom,
} from "./hw/moddable/xs-rom/index.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** npm packages that go into the image. */
const BUNDLED = /^mqtt-packet(\/|$)/;

/** What computes with BigInt. */
const KEY = /\/(src\/key|@noble)\/|\/moddable\/(key|native\/jacobian)\.ts$/;

/** Which formulas the device's key room uses: hw/moddable/native/jacobian.ts, src/key/fast.ts and src/key/noble-formulas.ts say more. */
const FLAVOUR = process.env.ENROLLEE_FORMULAS ?? "native";
const FLAVOURS = ["native", "fast", "noble-formulas"];

/** On which curves it makes keys, "P-256" or "P-384" to leave the other out: see src/key/curves.ts. */
const CURVES = { "P-256": ["only-p256"], "P-384": ["only-p384"], both: [] }[process.env.ENROLLEE_CURVES ?? "both"];
if (CURVES === undefined) throw new Error("ENROLLEE_CURVES: expected P-256, P-384 or both");
if (!FLAVOURS.includes(FLAVOUR)) throw new Error(`ENROLLEE_FORMULAS: expected ${FLAVOURS.join(", ")}`);

/** By these package.json chooses among the files behind `#...`; TypeScript's plugin resolves them before node-resolve is asked. */
const CONDITIONS = ["moddable", FLAVOUR, ...CURVES];

export default {
	input: entries(),
	external: (id, importer) =>
		importer !== undefined && /^[a-z]/.test(id) && !BUNDLED.test(id) && !Object.hasOwn(SHIMS, id),
	preserveEntrySignatures: "allow-extension",
	plugins: [
		mqttPacketShims(),
		nobleUnreached({ tables: FLAVOUR === "noble-formulas" }),
		resolve({ exportConditions: CONDITIONS, preferBuiltins: false }),
		commonjs(),
		// Type errors are the business of `npm run typecheck`.
		typescript({
			tsconfig: "./hw/moddable/tsconfig.json",
			compilerOptions: { customConditions: CONDITIONS, noEmit: false, noCheck: true },
			noForceEmit: true,
			transformers: { before: [{ type: "typeChecker", factory: arraysByIndex }] },
		}),
		xsRom({ include: (id) => KEY.test(id) }),
		regexpsInRam(),
		privatesInRom(),
		fieldsInConstructors(),
	],
	output: {
		dir: "dist/moddable",
		format: "es",
		entryFileNames: "[name].js",
		chunkFileNames: "[name].js",
		manualChunks: chunk,
		minifyInternalExports: false,
		hoistTransitiveImports: false,
		plugins: [
			constantsInCode(),
			// The SDK's modules and those of tls/ import each other.
			arrowsInRom({ exported: ({ fileName }) => !fileName.startsWith("tls/") }),
			{ name: "specifiers", renderChunk: nameImports },
			...(process.env.ENROLLEE_NAMES === "long" ? [] : [{ name: "short-names", renderChunk: shorten }]),
		],
	},
};

function entries() {
	const named = (folder, prefix) =>
		readdirSync(here(folder), { withFileTypes: true })
			.filter((file) => file.isFile() && /(?<!\.d)\.ts$/.test(file.name))
			.map((file) => [`${prefix}${file.name.slice(0, -3)}`, `${folder}/${file.name}`]);
	const tls = existsSync(here("hw/moddable/tls")) ? named("hw/moddable/tls", "tls/") : [];
	return Object.fromEntries([...named("hw/moddable", ""), ...named("hw/moddable/network", "network/"), ...tls]);
}

function chunk(id) {
	const port = /\/hw\/moddable\/(digest|entropy|text)\.ts$/.exec(id);
	if (port !== null) return port[1]; // else it would be drawn into its first importer
	if (/\/src\/(fault|port|release|remedies|base\/(bytes|retry|endpoint))\.ts$/.test(id)) return "base";
	if (/\/src\/base\/sntp\.ts$/.test(id)) return undefined; // before there is an agent
	if (/\/src\/x509\//.test(id)) return "x509";
	if (/\/src\/(app\.ts$|application\/)/.test(id)) return "apps";
	if (/\/src\/(suit\/|update\/(?!updates|component|delivery))/.test(id)) return "ota";
	if (KEY.test(id) || id === "\0xs-rom") return "key";
	if (/\/src\/|\/mqtt-packet\/|\/moddable\/shims\//.test(id)) return "agent";
	return undefined;
}

/** The files of tls/ take the place of the SDK's modules ssl/... and of its TLS socket, or stand beside them. */
function specifier(path) {
	if (path === "tls/socket") return "embedded:io/socket/tcp/tls";
	return path.startsWith("tls/") ? path.replace("tls/", "ssl/") : `enrollee/${path}`;
}

/** XS resolves "./x.js" by the importer's specifier, which the manifest chooses; so modules name each other in full. */
function nameImports(code, { fileName }) {
	return code.replace(
		/^((?:import|export)\b[^'"\n]*)'(\.\.?\/[^'\n]+)\.js';$/gm,
		(_, head, path) => `${head}"${specifier(posix.join(posix.dirname(fileName), path))}";`,
	);
}

/**
 * XS keeps each name once in ROM, for 20 bytes and its letters, even that of a parameter: so all that only a chunk itself names gets a
 * short one, the same in all chunks. Among it are the private members that `privatesInRom` has made ordinary, but for those of a class that
 * extends another: what that one has is not in sight. ENROLLEE_NAMES=long leaves them, for a debugger.
 */
async function shorten(code) {
	const options = {
		format: "esm",
		target: "esnext",
		charset: "utf8",
		minifyIdentifiers: true,
		mangleProps: /^\$\$/,
	};
	return { code: (await transform(code, options)).code, map: null };
}
