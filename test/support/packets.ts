/** What a reader of MQTT packets makes of bytes that come in parts. */
import type { PacketReader, ServerPacket } from "../../src/mqtt/packet.ts";

export function packetsOf(
	reader: Pick<PacketReader, "push" | "next">,
	...parts: readonly Uint8Array[]
): ServerPacket[] {
	const packets: ServerPacket[] = [];
	for (const part of parts) {
		reader.push(part);
		for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
	}
	return packets;
}
