/**
 * Archives of an application, as a bundle that is signed for this device brings them: who holds the release key may be wrong, or somebody
 * else.
 */
import type { Cloud } from "../../../cloud/cloud.ts";
import { concat } from "../../../src/base/bytes.ts";
import { appClassUuid } from "../../../src/suit/uuid.ts";
import { XS } from "../app-engine.ts";
import { app, appManifest } from "../app-release.ts";
import { type ArchiveParts, atom, encodeArchive, headers, text, uint16 } from "../archives.ts";
import { bundle, CLASS, FOREIGN_KEY, RELEASE_KEY, standInImage } from "../release.ts";
import { instead, type Row, times } from "./row.ts";

/** What a device has room for (hw/moddable/partitions-app.csv). */
export const AREA_BYTES = 0x20000;

/** Archives as the engine that reads them wants them. */
export interface Archives {
	/** Of three sectors. Another seed, another application. */
	readonly three: (seed: number) => Uint8Array;
	readonly lawful: Readonly<Record<string, () => Uint8Array>>;
}

/** Instructions that any engine has, which name nothing. */
const CODE = new Uint8Array(16);
/** Where its headers are (archives.ts): VERS and SIGN are between the first two. */
const [XS_A, NAME, SYMB, MODS] = [0, 3, 4, 7];
const GOOD: ArchiveParts = { symbols: ["@", "default"], maps: [], modules: { "app/main": CODE } };

/** For an engine that is made up (app-mapper.ts). */
const MADE_UP: Archives = {
	three: (seed) => app(seed),
	lawful: {
		"as large as its partition": filling,
		"4,096 symbols without a letter": () =>
			encodeArchive({ ...GOOD, symbols: times(4096, (i) => (i === 0 ? "@" : "")) }),
		"31 symbols of 1,023 letters": () =>
			encodeArchive({ ...GOOD, symbols: times(31, (i) => `s${i}`.padEnd(1023, "_")) }),
		"32 modules": () =>
			encodeArchive({
				...GOOD,
				modules: { "app/main": CODE, ...Object.fromEntries(times(31, (i) => [`app/m${i}`, CODE])) },
			}),
	},
};

export function archiveRows({ downloads }: Cloud, { three, lawful: all }: Archives = MADE_UP): Row[] {
	const row = (
		name: string,
		archive: () => Uint8Array,
		faults = "ota.image",
		how: { signed?: () => Uint8Array; key?: typeof RELEASE_KEY; version?: string } = {},
	): Row => {
		const put = (): string => {
			const image = archive();
			const { signed = archive, key = RELEASE_KEY, version = XS } = how;
			const uri = downloads.publish("row.xsa", image);
			const manifest = appManifest(signed(), { uri, sequence: 2, class: appClassUuid(CLASS, version) });
			const url = downloads.publish("row.suit", bundle(manifest, key));
			return `{"desired":{"app":{"url":"${url}","sequence":2},"$version":7},"reported":{"$version":7}}`;
		};
		return {
			phase: "archive",
			name,
			faults: faults.split(" ").filter(Boolean),
			survives: true,
			change: instead("$iothub/twin/res/200", put),
		};
	};
	const lawful = (name: string, archive: () => Uint8Array): Row => ({ ...row(name, archive, ""), lawful: true });
	const replaced = (name: string, replace: () => Readonly<Record<string, Uint8Array>>): Row =>
		row(name, () => encodeArchive({ ...GOOD, replace: replace() }));
	const coded = (name: string, code: Uint8Array): Row =>
		row(name, () => encodeArchive({ ...GOOD, modules: { "app/main": code } }));
	/** The header `index` of an archive says another size. */
	const sized = (name: string, index: number, size: number): Row =>
		row(name, () => {
			const bytes = encodeArchive(GOOD);
			new DataView(bytes.buffer).setUint32(headers(bytes)[index]!, size);
			return bytes;
		});
	return [
		row("an archive that is cut", () => three(1).slice(0, -100)),
		row("an archive that ends within a header", () => encodeArchive(GOOD).slice(0, 12)),
		row("more behind the archive", () => concat(encodeArchive(GOOD), new Uint8Array(50_000))),
		sized("an archive of 2 GB", XS_A, 0x7fffffff),
		sized("an archive of no bytes", XS_A, 0),
		sized("a name of 2 GB", NAME, 0x7fffffff),
		sized("symbols of 4 GB", SYMB, 0xffffffff),
		sized("modules below zero", MODS, 0x80000000),
		sized("an atom of no bytes", NAME, 0),
		replaced("a name of 60 KB", () => ({ NAME: new Uint8Array(60_000).fill(97) })),
		replaced("10,000 atoms of nothing", () => ({ MODS: concat(...times(10_000, () => atom("CODE"))) })),
		replaced("10,000 atoms that nobody knows", () => ({ RSRC: concat(...times(10_000, () => atom("DATA"))) })),
		replaced("3,000 modules", () => ({ MODS: concat(...times(3000, (i) => module(`app/m${i}`))) })),
		replaced("3,000 times the same module", () => ({ MODS: concat(...times(3000, () => module("app/main"))) })),
		replaced("1,000 levels of modules", () => ({ MODS: levels(1000) })),
		row("40,000 symbols without a letter", () =>
			encodeArchive({ ...GOOD, symbols: times(40_000, (i) => (i === 0 ? "@" : "")) }),
		),
		row("100 symbols of 1,023 letters", () =>
			encodeArchive({ ...GOOD, symbols: times(100, (i) => `s${i}`.padEnd(1023, "_")) }),
		),
		coded("instructions that are no code", new Uint8Array(100_000).fill(0xff)),
		coded("an instruction that is cut", Uint8Array.of(0, 0xff)),
		row("more indexes than its code takes", () => encodeArchive({ ...GOOD, maps: [1] })),
		replaced("65,535 symbols announced", () => ({ SYMB: concat(uint16(0xffff), text("@")) })),
		replaced("100,000 symbols in place of two", () => ({ SYMB: concat(uint16(2), new Uint8Array(100_000)) })),
		replaced("a symbol of 100 KB", () => ({ SYMB: concat(uint16(2), new Uint8Array(100_000).fill(97)) })),
		replaced("50,000 indexes beyond the symbols", () => ({ MAPS: new Uint8Array(100_000).fill(0xff) })),
		replaced("symbols that an engine has mapped", () => ({ IDEN: Uint8Array.of(0, 0, 1, 0) })),
		replaced("a path without an end", () => ({
			MODS: concat(atom("PATH", CODE.slice().fill(97)), atom("CODE", CODE)),
		})),
		row("a module in the place of the agent", () => withModule("enrollee/agent")),
		row("a module outside", () => withModule("app/../main")),
		row("for another version of XS", () => encodeArchive({ ...GOOD, version: "17.6" })),
		row("firmware", () => standInImage(2, 8192)),
		row("zeros", () => new Uint8Array(AREA_BYTES)),
		row(
			"larger than its partition",
			() => encodeArchive({ ...GOOD, modules: { "app/main": new Uint8Array(AREA_BYTES) } }),
			"ota.too-large",
		),
		row("another archive than the signed one", () => three(1), "ota.digest", { signed: () => three(2) }),
		row("longer than the signed one", () => concat(three(1), CODE), "ota.length", { signed: () => three(1) }),
		row("of somebody else", () => three(1), "ota.signature", { key: FOREIGN_KEY }),
		row("signed for another version of XS", () => three(1), "ota.class", { version: "17.6" }),
		lawful("three sectors", () => three(1)),
		...Object.entries(all).map(([name, archive]) => lawful(name, archive)),
	];
}

const module = (path: string): Uint8Array => concat(atom("PATH", text(path)), atom("CODE", Uint8Array.of(1)));
const withModule = (path: string): Uint8Array =>
	encodeArchive({ ...GOOD, modules: { "app/main": CODE, [path]: CODE } });

function levels(count: number): Uint8Array {
	let inner = module("app/main");
	for (let i = 0; i < count; i++) inner = atom("MODS", inner);
	return inner;
}

/** The largest that there can be. */
function filling(): Uint8Array {
	const [bytes, identified] = [100_000, 6000];
	const of = (size: number): Uint8Array => app(3, { bytes: size, plain: size - identified });
	return of(bytes + AREA_BYTES - of(bytes).length);
}
