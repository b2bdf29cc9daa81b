/**
 * A small honest MQTT 3.1.1 broker on mqtt-packet's own Buffer code: accepts, acknowledges, and passes messages on to
 * whoever subscribed (exact filters, or a prefix and `#`). A test makes it misbehave through `intercept`.
 */
import { generate, type Packet, parser } from "mqtt-packet";

/** One end of a connection: FakeWire's Socket, or a node:net socket dressed up as one. */
export interface Peer {
	onData(bytes: Uint8Array): void;
	onClose(): void;
	write(bytes: Uint8Array): void;
	close(): void;
}

/** True: the packet is dealt with, the broker does nothing about it. */
export type Intercept = (packet: Packet, send: (packet: Packet) => void, peer: Peer) => boolean;

export class Broker {
	/** What came, in order: command and topic. */
	readonly log: string[] = [];
	intercept: Intercept = () => false;
	readonly #filters = new Map<Peer, string[]>();

	readonly serve = (peer: Peer): void => {
		const packets = parser({ protocolVersion: 4 });
		const send = (packet: Packet): void => peer.write(generate(packet));
		packets.on("packet", (packet) => {
			this.log.push("topic" in packet && packet.topic ? `${packet.cmd} ${packet.topic}` : packet.cmd);
			if (!this.intercept(packet, send, peer)) this.#answer(packet, send, peer);
		});
		packets.on("error", () => peer.close());
		peer.onData = (bytes) => packets.parse(Buffer.from(bytes));
		peer.onClose = () => this.#filters.delete(peer);
	};

	#answer(packet: Packet, send: (packet: Packet) => void, peer: Peer): void {
		const messageId = packet.messageId!;
		switch (packet.cmd) {
			case "connect":
				this.#filters.set(peer, []);
				send({ cmd: "connack", returnCode: 0, sessionPresent: false });
				break;
			case "subscribe":
				this.#filters.get(peer)!.push(...packet.subscriptions.map(({ topic }) => topic));
				send({ cmd: "suback", messageId, granted: packet.subscriptions.map(({ qos }) => qos) });
				break;
			case "publish":
				if (packet.qos > 0) send({ cmd: "puback", messageId });
				this.publish(packet.topic, packet.payload, packet.qos > 0 ? 1 : 0);
				break;
			case "pingreq":
				send({ cmd: "pingresp" });
				break;
			case "disconnect":
				peer.close();
				break;
		}
	}

	/** To everyone who subscribed. */
	publish(topic: string, payload: string | Buffer, qos: 0 | 1): void {
		for (const [peer, filters] of this.#filters) {
			if (!filters.some((filter) => matches(filter, topic))) continue;
			peer.write(generate({ cmd: "publish", topic, payload, qos, messageId: 1, dup: false, retain: false }));
		}
	}
}

function matches(filter: string, topic: string): boolean {
	return filter.endsWith("#") ? topic.startsWith(filter.slice(0, -1)) : filter === topic;
}
