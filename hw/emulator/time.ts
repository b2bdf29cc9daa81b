/** An SNTP server (RFC 4330) on loopback: an emulated board has no other clock. It asks 10.0.2.2, which is this machine's loopback. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { sntpSkew } from "../node/doctor.ts";

/** As manifest.json has it in `sntp`. */
export const TIME_PORT = 12300;
const SERVER_V4 = 0x24;
const PACKET_BYTES = 48;
const MOST_SKEW_MS = 1000;
/** 1900 to 1970, seconds. */
const UNIX = 2_208_988_800;

/**
 * Beside others of ours, which say the same: the system gives each query to one of them. Throws where the port is a program's that
 * does not share it, unless that one tells the time, too.
 */
export async function serveTime(port = TIME_PORT): Promise<{ close(): void }> {
	const socket = createSocket({ type: "udp4", reuseAddr: true });
	socket.on("message", (query, from) => {
		if (query.length < PACKET_BYTES) return;
		const answer = Buffer.alloc(PACKET_BYTES);
		answer[0] = SERVER_V4;
		answer[1] = 1;
		query.copy(answer, 24, 40, 48);
		const now = Date.now();
		answer.writeUInt32BE(Math.floor(now / 1000) + UNIX, 40);
		answer.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), 44);
		socket.send(answer, from.port, from.address);
	});
	socket.bind(port, "127.0.0.1");
	try {
		await once(socket, "listening");
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") throw thrown;
		const skew = await sntpSkew("127.0.0.1", port);
		if (typeof skew === "number" && Math.abs(skew) < MOST_SKEW_MS) return { close: () => {} };
		throw new Error(`UDP port ${port} is taken, where the board asks for the time: end what listens there (ss -ulpn)`);
	}
	return { close: () => socket.close() };
}
