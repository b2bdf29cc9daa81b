/** What a reader of packets holds once it has given what has come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, PacketReader } from "../../src/mqtt/packet.ts";
import { bytesInUse } from "../cloud/in-use.ts";
import { packetsOf } from "../support/packets.ts";

const MB = 1 << 20;

/** What it makes of a message with such a payload, of which nobody else holds anything. */
function typesOf(reader: PacketReader, bytes: number): string[] {
	const message = encode({ type: "publish", topic: "a/b", payload: new Uint8Array(bytes), qos: 0, id: 0 });
	return packetsOf(reader, message).map(({ type }) => type);
}

for (const [what, most, types] of [
	["a message", 2 * MB, ["publish"]],
	["one that is not held", 1000, ["large", "part", "end"]],
] as const)
	test(`nothing of ${what} while the next one is waited for`, () => {
		const reader = new PacketReader(most);
		typesOf(reader, 0);
		const before = bytesInUse();
		assert.deepEqual(typesOf(reader, MB), types);
		const held = bytesInUse() - before;
		assert.ok(held < MB / 2, `${held} bytes`);
		assert.deepEqual(typesOf(reader, 0), ["publish"]);
	});
