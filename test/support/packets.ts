/** What a reader of MQTT packets makes of bytes. */
import type { PacketReader, ServerPacket } from "../../src/mqtt/packet.ts";

export function* packetsOf(reader: Pick<PacketReader, "push" | "next">, bytes: Uint8Array): Generator<ServerPacket> {
	reader.push(bytes);
	for (let packet = reader.next(); packet !== undefined; packet = reader.next()) yield packet;
}
