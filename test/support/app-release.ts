/** Applications for tests: archives in the bytecode of app-mapper.ts, and their signed bundles. */
import { utf8 } from "../../src/base/bytes.ts";
import type { Manifest } from "../../src/suit/manifest.ts";
import { appClassUuid } from "../../src/suit/uuid.ts";
import { XS } from "./app-engine.ts";
import { IDENTIFIER } from "./app-mapper.ts";
import { encodeArchive } from "./archives.ts";
import { bundle, CLASS, manifestOf, RELEASE_KEY } from "./release.ts";

export interface AppShape {
	/** Of bytecode, in all. */
	readonly bytes?: number;
	/** Of those, at the end: without identifiers. */
	readonly plain?: number;
	/** Each takes 16 bytes and two. */
	readonly symbols?: number;
	readonly version?: string;
}

/** By default three sectors, with the identifiers across the border of the first two. Another seed, another application. */
export function app(
	seed: number,
	{ bytes = 6500, plain = 100, symbols = 236, version = XS }: AppShape = {},
): Uint8Array {
	const name = `app-${seed}`;
	const code = Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 5) + 13 * seed) % IDENTIFIER);
	const maps: number[] = [];
	// An identifier every 23 bytes: also across the borders of sectors.
	for (let at = seed % 20; at + 3 <= bytes - plain; at += 23) {
		code.set([IDENTIFIER, 0, 0], at);
		maps.push((maps.length * 5 + seed) % symbols);
	}
	return encodeArchive({
		version,
		name,
		symbols: ["@", ...Array.from({ length: symbols - 1 }, (_, i) => `${name}.symbol${i}`.padEnd(15, "_"))],
		maps,
		modules: { "app/main": code.slice(0, -plain), "app/lib/wave": code.slice(-plain) },
	});
}

/** What a bundle of that application says. */
export function appManifest(archive: Uint8Array, change: Partial<Manifest> = {}): Manifest {
	return manifestOf(archive, { component: [utf8("xs")], class: appClassUuid(CLASS, XS), ...change });
}

export function appBundle(archive: Uint8Array, sequence = 2, key = RELEASE_KEY): Uint8Array {
	return bundle(appManifest(archive, { sequence }), key);
}
