/**
 * Rollup plugin for device builds: gives mqtt-packet what it needs of Node and npm, small enough for XS, and takes out
 * the one cache that `cacheNumbers` does not govern, its tracing, and what a client of MQTT 3.1.1 never reaches.
 *
 *     plugins: [mqttPacketShims(), resolve(...), commonjs(), typescript(...)]
 */
import { fileURLToPath } from "node:url";
import { withoutBodies } from "./unreached.js";

/** What mqtt-packet and src/mqtt/packet.ts import, and the file that stands in for it. */
export const SHIMS = {
	buffer: "buffer.js",
	debug: "debug.js",
	"process-nextick-args": "process-nextick-args.js",
};

/** A Buffer for every packet length ever seen: on a device that runs for years, memory that never comes back. */
const LENGTH_CACHE = /if \(num < 16384\) varByteIntCache\[num\] = buffer/;

/** What is a server's, or of MQTT 5: src/mqtt/packet.ts asks for none of it, and refuses such packets by their first byte. */
const UNREACHED = {
	writeToStream: [
		"connack",
		"suback",
		"unsubscribe",
		"unsuback",
		"auth",
		"getProperties",
		"getPropertiesByMaximumPacketSize",
		"writeProperties",
		"writeProperty",
		"writeStringPair",
		"write4ByteNumber",
	],
};

/** Tables and buffers that nothing else asks for: on lines of their own, over several, the loop over one, entries of some. */
const UNREACHED_CONSTANTS = [
	/^protocol\.(SESSIONPRESENT_HEADER|CONNACK_HEADER|UNSUBSCRIBE_HEADER|SUBACK_HEADER|propertiesCodes) = .*\n/gm,
	/^protocol\.(SUBSCRIBE_OPTIONS_(?!QOS )\w+|VERSION(?!4 )\d+) = .*\n/gm,
	/^protocol\.(properties\w*|MQTT5_\w+) = \{\n[\s\S]*?^\}\n/gm,
	/^protocol\.requiredHeaderFlagsErrors = .*\n/gm,
	/^for \(const k in protocol\.requiredHeaderFlags\) [\s\S]*?^\}\n/gm,
	/^protocol\.QOS = [\s\S]*?^\}\)\n/gm,
	/^for \(const prop in [\s\S]*?^\}\n/gm,
	/^ {2}(unsuback|pubcomp|pubrel|pubrec): genHeader.*\n/gm,
	/^ {2}pingresp: Buffer.*\n/gm,
];

/** Another way to packets, beside writeToStream, and the way back. */
const OTHERS = /^exports\.(generate|parser) = .*\n/gm;

/** What depends on these is left out as dead code. */
const VERSION_5 = /(?:\w+\.)*(?:protocolVersion|version) === 5\b/g;
const WILL = /const will = settings\.will/;

/** A call of its own line, as all of them are. */
const TRACING = /^ *debug\(.*\)\n/gm;

export function mqttPacketShims() {
	return {
		name: "mqtt-packet-shims",
		resolveId(source) {
			return Object.hasOwn(SHIMS, source) ? fileURLToPath(new URL(SHIMS[source], import.meta.url)) : null;
		},
		transform(code, id) {
			const [, name] = /[\\/]mqtt-packet[\\/](writeToStream|constants|mqtt)\.js$/.exec(id) ?? [];
			if (name === undefined) return null;
			let lean = code;
			const replace = (what, pattern, by) => {
				if (lean.search(pattern) < 0) this.error(`mqtt-packet has changed: ${what} was not found`);
				lean = lean.replace(pattern, by);
			};
			if (name === "constants") for (const pattern of UNREACHED_CONSTANTS) replace("one of its tables", pattern, "");
			if (name === "mqtt") replace("its parser", OTHERS, "");
			if (name === "writeToStream") replace("its cache of lengths", LENGTH_CACHE, "");
			if (UNREACHED[name]) {
				replace("its tracing", TRACING, "");
				replace("its questions for MQTT 5", VERSION_5, "false");
			}
			if (name === "writeToStream") replace("its wills", WILL, "const will = undefined");
			lean = withoutBodies(lean, UNREACHED[name] ?? [], (what) =>
				this.error(`mqtt-packet has changed: ${what} was not found`),
			);
			return { code: lean, map: null };
		},
	};
}
