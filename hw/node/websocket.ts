/** WebSocket (RFC 6455) over a TLS connection that stands, by `ws`: binary frames with subprotocol `mqtt` as a stream of bytes. */
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import { Fault, printable } from "../../src/fault.ts";

export interface WebSocketTarget {
	readonly host: string;
	readonly port: number;
	/** With its slash. */
	readonly path: string;
}

/** More than the largest MQTT packet; a frame may hold several. */
const MOST_FRAME_BYTES = 512 * 1024;

/** Pings at once: a pong that waits takes some 200 bytes. Default of `ws` 8.23: 60, and the connection ends at the next. */
const MOST_PONGS = 32_768;

/** `done` once: the stream, or why the server does not take WebSocket. */
export function upgrade(
	socket: TLSSocket,
	{ host, port, path }: WebSocketTarget,
	done: (stream: Duplex | Fault) => void,
): void {
	const refuse = (reason: string, cause?: unknown) =>
		done(new Fault("wire.websocket", `${host}:${port}: ${reason}`, { cause }));
	const options = {
		createConnection: () => socket,
		followRedirects: false,
		maxPayload: MOST_FRAME_BYTES,
		// Not known to @types/ws 8.18.
		maxPendingAutoPongs: MOST_PONGS,
		perMessageDeflate: false,
	};
	const webSocket = new WebSocket(`wss://${host}:${port}${path}`, "mqtt", options);
	const stream = createWebSocketStream(webSocket);
	// What ends it before it is open is told below; after that the stream says it.
	stream.on("error", () => {});
	webSocket.once("unexpected-response", (_request, { statusCode, statusMessage }) =>
		refuse(`answers ${statusCode} ${printable(statusMessage)} to the upgrade`),
	);
	webSocket.once("error", (error) => refuse(printable(error.message), error));
	webSocket.on("message", (_data, isBinary) => {
		if (!isBinary) stream.destroy(new Fault("mqtt.protocol", `${host}:${port} sent a text frame`));
	});
	webSocket.once("close", (code) => {
		// 1000 and 1001 are orderly ends; so is a server that says nothing.
		if (code > 1001 && code !== 1005)
			stream.destroy(new Fault("wire.closed", `${host}:${port}: WebSocket code ${code}`));
		else stream.destroy();
		socket.destroySoon();
	});
	webSocket.once("open", () => done(stream));
}
