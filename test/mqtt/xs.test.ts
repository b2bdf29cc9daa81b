/** src/mqtt/packet.ts as the device runs it: on XS, frozen into ROM, over the stand-ins for Node's modules. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";
import { hex, utf8 } from "../../src/base/bytes.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { bundle, CLIENT, REFUSED, SERVER, spaced } from "./vectors.ts";

describe("packets on XS", { skip }, () => {
	let app: App;
	before(async () => {
		const packet = await bundle(temporaryFolder(), "moddable");
		app = await buildForXs({
			name: "packet",
			build: "release",
			manifest: {
				include: [
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODDABLE)/modules/data/text/decoder/manifest.json",
					"$(MODDABLE)/modules/data/text/encoder/manifest.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/packet", packet: packet.replace(/\.\w+$/, "") },
				preload: ["packet"],
			},
		});
	});

	const lines = async (encode: readonly object[], read: readonly string[]): Promise<string[]> => {
		const environment = { ENCODE: plain(encode), READ: JSON.stringify(read) };
		const { exitCode, output, exceptions } = await app.run({ environment });
		assert.deepEqual([exitCode, exceptions], [0, []], output);
		return output.trimEnd().split("\n");
	};

	test("every packet is encoded to the bytes of the standard", async () => {
		const packets = CLIENT.map(([, packet]) =>
			"password" in packet && typeof packet.password === "string"
				? { ...packet, password: utf8(packet.password) }
				: packet,
		);
		assert.deepEqual(
			await lines(packets, []),
			CLIENT.map(([, , bytes]) => `encoded ${bytes.replaceAll(" ", "")}`),
		);
	});

	test("every packet is read, byte by byte, as the standard says", async () => {
		const streams = SERVER.map(([, bytes]) => hex(spaced(bytes)));
		assert.deepEqual(
			await lines([], streams),
			SERVER.map(([, , packet]) => `read ${plain(packet)}`),
		);
	});

	test("every malformed packet is refused with mqtt.protocol", async () => {
		const streams = REFUSED.map(([, bytes]) => hex(spaced(bytes)));
		assert.deepEqual(await lines([], streams), Array(REFUSED.length).fill("refused mqtt.protocol"));
	});
});

function plain(value: unknown): string {
	return JSON.stringify(value, (_, inner) => (inner instanceof Uint8Array ? hex(inner) : inner));
}
