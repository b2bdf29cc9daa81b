/**
 * Rollup plugin for device builds: gives mqtt-packet what it needs of Node and npm, small enough for XS, and takes out
 * the one cache that `cacheNumbers` does not govern.
 *
 *     plugins: [mqttPacketShims(), resolve(...), commonjs(), typescript(...)]
 */
import { fileURLToPath } from "node:url";

/** What mqtt-packet and src/mqtt/packet.ts import, and the file that stands in for it. */
export const SHIMS = {
	bl: "bl.js",
	buffer: "buffer.js",
	debug: "debug.js",
	events: "events.js",
	"process-nextick-args": "process-nextick-args.js",
};

/** A Buffer for every packet length ever seen: on a device that runs for years, memory that never comes back. */
const LENGTH_CACHE = "if (num < 16384) varByteIntCache[num] = buffer";

export function mqttPacketShims() {
	return {
		name: "mqtt-packet-shims",
		resolveId(source) {
			return Object.hasOwn(SHIMS, source) ? fileURLToPath(new URL(SHIMS[source], import.meta.url)) : null;
		},
		transform(code, id) {
			if (!/[\\/]mqtt-packet[\\/]writeToStream\.js$/.test(id)) return null;
			if (!code.includes(LENGTH_CACHE)) this.error("mqtt-packet has changed: its cache of lengths was not found");
			return { code: code.replace(LENGTH_CACHE, ""), map: null };
		},
	};
}
