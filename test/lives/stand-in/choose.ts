/**
 * Chooses, before anything of src is imported, what a life in this thread runs on.
 *
 * Always: a session pings once a week instead of every four minutes (keepalive.ts). `cheap`: the stand-in signer and
 * verifier (pair.ts, verify.ts), which are secure against nobody and a thousand times as fast.
 */
import { register } from "node:module";

export function choose({ cheap }: { readonly cheap: boolean }): void {
	const at = (path: string): string => new URL(path, import.meta.url).href;
	const replace = [
		[at("../../../src/mqtt/keepalive.ts"), at("./keepalive.ts")],
		...(cheap
			? [
					[at("../../../src/key/pair.ts"), at("./pair.ts")],
					[at("../../../src/key/verify.ts"), at("./verify.ts")],
				]
			: []),
	];
	register("./hooks.mjs", import.meta.url, { data: { replace } });
}
