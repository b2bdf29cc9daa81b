/** src/mqtt/packet.ts on XS, from ROM: takes vectors from the environment, traces what becomes of each. */
import { encode, PacketReader } from "packet";
import { environment, exit } from "simulator";

const bytes = (text) => Uint8Array.fromHex(text);
const plain = (packet) => JSON.stringify(packet, (_, value) => (value instanceof Uint8Array ? value.toHex() : value));
const revive = (key, value) => (key === "payload" || key === "password" ? bytes(value) : value);

for (const packet of JSON.parse(environment("ENCODE"), revive)) trace(`encoded ${encode(packet).toHex()}\n`);
for (const text of JSON.parse(environment("READ"))) {
	const stream = bytes(text);
	const reader = new PacketReader(1000);
	try {
		for (let at = 0; at < stream.length; at++) {
			reader.push(stream.subarray(at, at + 1));
			for (let packet = reader.next(); packet !== undefined; packet = reader.next()) trace(`read ${plain(packet)}\n`);
		}
	} catch (thrown) {
		trace(`refused ${thrown.code}\n`);
	}
}
exit(0);
