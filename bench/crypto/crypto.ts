/**
 * P-256 and P-384 on XS: our key room from ROM beside stock noble in RAM, in the same build of the simulator with the same
 * `creation`, and mbedTLS in C. Instructions by callgrind over the release library; live heap and peak by XS's
 * instrumentation; flash from what the linker wrote.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { p256, p384 } from "@noble/curves/nist.js";
import resolve from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import { type App, type Build, buildForXs, project } from "../../hw/simulator/harness.ts";
import { count, countLabelled, means } from "../callgrind.ts";
import { memoryOf } from "../memory.ts";
import { codeBytes, type Flavour, flashOfFlavours, keyRoom } from "./flash.ts";

export interface Operations {
	readonly keygen: number;
	readonly sign: number;
	readonly verify: number;
}

/** Instructions, and bytes as on a 32-bit chip. */
export interface Library extends Operations {
	readonly load: number;
	readonly liveBytes: number;
	readonly peakBytes: number;
}

export type Memory = Pick<Library, "liveBytes" | "peakBytes">;

/** One curve. */
export interface Compared {
	readonly ours: Library;
	readonly stock: Library;
	/** With the device's smaller chunk heap, for which `ours` and `stock` would be unfair to neither. */
	readonly small: { readonly ours: Operations; readonly stock: Operations };
}

export interface Result extends Compared {
	/** `coldKeygen` is the first one of a group, which makes its table. */
	readonly mbedtls: Operations & { readonly coldKeygen: number };
	readonly p384: Compared;
	/** Of the flavours with one curve, each with keys on it; the default's are in `ours`. */
	readonly ram: Readonly<Record<"P-256" | "P-384", Memory>>;
	/** Bytes: each flavour of the device's key room with its hashes, and stock's bytecode for each curve. */
	readonly flash: Readonly<Record<Flavour | "stock" | "stock-384", number>>;
}

/** Bytes of the chunk heap: of the ratio, and small as on a device. */
const CHUNKS = 65_536;
const SMALL_CHUNKS = 16_384;
const KEYS = 3;
/** One tells as much, and takes its time. */
const KEYS_384 = 1;
/** Times fewer instructions than stock noble takes. */
const LEAST = 15;
const STOCK = ["stock", "stock-384", "stock-table"];

const folder = join(project, "build/bench/crypto");

export async function measureCrypto(): Promise<Result> {
	await prepare();
	const large = await build("release", CHUNKS);
	const small = await build("release", SMALL_CHUNKS);
	const library = async (name: string): Promise<Library> => ({
		...(await operations(large, name)),
		...(await memory(name)),
	});
	const compared = async (suffix: string): Promise<Compared> => ({
		ours: await library(`ours${suffix}`),
		stock: await library(`stock${suffix}`),
		small: {
			ours: await operations(small, `ours${suffix}`),
			stock: await operations(small, `stock${suffix}`),
		},
	});
	return {
		...(await compared("")),
		mbedtls: await mbedtls(),
		p384: await compared("-384"),
		ram: { "P-256": await memory("ours", "P-256"), "P-384": await memory("ours-384", "P-384") },
		flash: {
			...(await flashOfFlavours(folder)),
			stock: codeBytes(large, "stock"),
			"stock-384": codeBytes(large, "stock-384"),
		},
	};
}

/** One line for each curve and heap where a key or a signature is less than LEAST times as fast as stock noble's. */
export function tooSlow({ p384, ...p256 }: Result): string[] {
	const lines = ([curve, { ours, stock, small }]: [string, Compared]): string[] =>
		[
			{ heap: CHUNKS, ours, stock },
			{ heap: SMALL_CHUNKS, ...small },
		].flatMap(({ heap, ours, stock }) =>
			(["keygen", "sign"] as const).flatMap((operation) => {
				const ratio = stock[operation] / ours[operation];
				const line = `bench: ${curve} ${operation}, ${heap} bytes of chunks: ${ratio.toFixed(1)} times, not ${LEAST}`;
				return ratio < LEAST ? [line] : [];
			}),
		);
	return Object.entries({ "P-256": p256, "P-384": p384 }).flatMap(lines);
}

/** noble with its default table, once: its keygen includes the table. */
export async function measureDefaultTable(): Promise<Operations> {
	await prepare();
	return operations(await build("release", CHUNKS), "stock-table");
}

async function prepare(): Promise<void> {
	mkdirSync(folder, { recursive: true });
	for (const name of STOCK) {
		const bundle = await rollup({ input: join(project, `bench/crypto/${name}.js`), plugins: [resolve()] });
		await bundle.write({ file: join(folder, `${name}.js`), format: "es" });
		await bundle.close();
	}
	writeFileSync(join(folder, "answers.js"), answers());
}

/** The same keys and digests in every run, so that counts can be compared. Nobody's keys: they hash their own number. */
function answers(): string {
	const items = (scheme: typeof p256, hash: "sha256" | "sha384", keys: number) =>
		Array.from({ length: keys }, (_, i) => {
			const bytes = (text: string): Buffer => createHash(hash).update(text).digest();
			const [scalar, digest] = [bytes(`scalar ${i}`), bytes(`digest ${i}`)];
			const signature = scheme.sign(digest, scalar, { prehash: false, format: "der" });
			return [scalar, digest, signature].map((each) => Buffer.from(each).toString("hex"));
		});
	const all = { "P-256": items(p256, "sha256", KEYS), "P-384": items(p384, "sha384", KEYS_384) };
	return `export default ${JSON.stringify(all)};\n`;
}

async function build(goal: Build, chunks: number, flavour: Flavour = "both"): Promise<App> {
	const key = flavour === "both" ? "dist/moddable/key" : await keyRoom(flavour, join(folder, flavour));
	return buildForXs({
		name: `bench-crypto-${goal}-${chunks}${flavour === "both" ? "" : `-${flavour}`}`,
		build: goal,
		manifest: {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODDABLE)/modules/base/debug/manifest.json",
				"$(ENROLLEE)/bench/xs/manifest.json",
				"$(MODULES)/crypt/digest/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_text.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				"$(ENROLLEE)/hw/moddable/manifest_key.json",
			],
			creation: { chunk: { initial: chunks, incremental: 1024 }, heap: { initial: 512, incremental: 64 }, stack: 512 },
			modules: {
				main: "$(ENROLLEE)/bench/crypto/main",
				app: "$(ENROLLEE)/bench/crypto/app",
				ours: "$(ENROLLEE)/bench/crypto/ours",
				"ours-384": "$(ENROLLEE)/bench/crypto/ours-384",
				...Object.fromEntries(STOCK.map((name) => [name, `$(ENROLLEE)/build/bench/crypto/${name}`])),
				answers: "$(ENROLLEE)/build/bench/crypto/answers",
				"enrollee/base": "$(ENROLLEE)/dist/moddable/base",
				"enrollee/digest": "$(ENROLLEE)/dist/moddable/digest",
				"enrollee/key": `$(ENROLLEE)/${key}`,
			},
			preload: ["app", "answers", "ours", "ours-384", "enrollee/base", "enrollee/digest", "enrollee/key"],
		},
	});
}

async function operations(app: App, library: string): Promise<Operations & { load: number }> {
	const { of } = await countLabelled(app, { LIBRARY: library });
	return { load: of("load"), keygen: of("keygen"), sign: of("sign"), verify: of("verify") };
}

async function memory(library: string, flavour?: Flavour): Promise<Memory> {
	const app = await build("instrument", SMALL_CHUNKS, flavour);
	const { liveBytes, peakBytes } = await memoryOf(app, { LIBRARY: library });
	return { liveBytes, peakBytes };
}

async function mbedtls(): Promise<Result["mbedtls"]> {
	const program = join(folder, "mbedtls");
	const source = join(project, "bench/crypto/mbedtls.c");
	await promisify(execFile)("gcc", ["-O2", source, "-o", program, "-l:libmbedcrypto.a"]);
	const { pieces } = await count([program], "mark");
	const labels = ["keygen", "sign", "verify", ""];
	// The first round made the group's table.
	const warm = pieces.slice(labels.length);
	const of = means(
		warm.map((_, i) => labels[i % labels.length]!),
		warm,
	);
	return { keygen: of("keygen"), sign: of("sign"), verify: of("verify"), coldKeygen: pieces[0]! };
}
