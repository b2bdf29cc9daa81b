/** The bench's app on XS: src/mqtt/packet.ts from ROM. One reader, as a connection has; everything a few times. */
import { run as runMarked } from "marked";

const TIMES = 3;
const LIMIT = 70_000;

export const run = () => runMarked("packet", operate);

function operate({ encode, PacketReader }, measured) {
	const payload = new Uint8Array(4096).fill(0x41);
	const small = payload.slice(0, 64);
	const topic = "devices/dev-001/messages/events/";
	const connect = {
		type: "connect",
		clientId: "dev-001",
		username: "hub.azure-devices.net/dev-001/?api-version=2025-08-01-preview",
		clean: false,
		keepAliveSeconds: 240,
	};
	const publish = (body) => ({ type: "publish", topic, payload: body, qos: 1, id: 7 });
	const subscribe = { type: "subscribe", id: 7, filter: "$iothub/twin/PATCH/properties/desired/#", qos: 0 };
	const large = encode(publish(payload));
	const connack = Uint8Array.of(0x20, 2, 0, 0);
	const puback = Uint8Array.of(0x40, 2, 0, 7);

	const reader = measured("reader", () => new PacketReader(LIMIT));
	const read = (label, type, chunks) =>
		measured(label, () => {
			let packets = 0;
			for (const chunk of chunks) {
				reader.push(chunk);
				for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
					if (packet.type !== type) throw new Error(`${label}: ${packet.type}`);
					packets++;
				}
			}
			if (packets !== 1) throw new Error(`${label}: ${packets} packets`);
		});
	for (let i = 0; i < TIMES; i++) {
		measured("encodeConnect", () => encode(connect));
		measured("encodePublish", () => encode(publish(small)));
		measured("encodePublish4k", () => encode(publish(payload)));
		measured("encodeSubscribe", () => encode(subscribe));
		read("readPublish4k", "publish", [large]);
		read("readPublish4kInFour", "publish", quarters(large));
		read("readConnack", "connack", [connack]);
		read("readPuback", "puback", [puback]);
	}
	return reader;
}

function quarters(bytes) {
	const length = Math.ceil(bytes.length / 4);
	return [0, 1, 2, 3].map((i) => bytes.subarray(i * length, (i + 1) * length));
}
