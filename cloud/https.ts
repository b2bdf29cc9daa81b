/**
 * What comes as HTTP on the cloud's TLS port: MQTT over WebSocket (RFC 6455, subprotocol `mqtt`, /$iothub/websocket), DPS over
 * HTTPS, the files of updates. Anything else is 404.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { Carrier } from "./carry.ts";
import type { Downloads } from "./downloads.ts";
import { answerDps, isDps } from "./dps-https.ts";
import type { Faults } from "./faults.ts";
import type { Door } from "./half-open.ts";
import { OpenAnswers } from "./open-answers.ts";
import type { PresentedChains } from "./presented-chain.ts";
import type { Service } from "./service.ts";
import type { Peer } from "./session.ts";

export interface HttpsOptions {
	readonly service: Service;
	readonly downloads: Downloads;
	readonly faults: Faults;
	readonly chains: PresentedChains;
}

/** Azure's SDK for C adds `?iothub-no-client-cert=true` where it has none. */
const WEBSOCKET = /^\/(?:\$|%24)iothub\/websocket(?:\?|$)/i;
const MAX_FRAME_BYTES = 300 * 1024;
/** Of a frame as it comes, and of a message in frames: each is an object of its own, and TCP's smallest segments make 600 of 300 KB. */
const MOST_PIECES = 1024;
/** Held of what a client does not read; the largest fault sends a third. */
export const MOST_UNREAD_BYTES: number = 64 * 1024 * 1024;
/** Of an answer that its client does not read. */
const IDLE_MS = 300_000;

export class Https {
	readonly #options: HttpsOptions;
	readonly #doors = new WeakMap<Duplex, Door>();
	readonly #open = new OpenAnswers();
	readonly #server = createServer((request, response) => {
		const door = this.#doors.get(request.socket);
		request.once("close", () => door?.serve());
		response.once("close", () => door?.wait());
		this.#open.add(request.socket, response, () => {
			try {
				this.#answer(request, response);
			} catch {
				// A file that went away meanwhile, for instance: it ends this request, not the cloud.
				if (response.headersSent) response.destroy();
				else response.writeHead(500, { "content-length": 0 }).end();
			}
		});
	});
	readonly #webSockets = new WebSocketServer({
		noServer: true,
		maxPayload: MAX_FRAME_BYTES,
		maxFragments: MOST_PIECES,
		maxBufferedChunks: MOST_PIECES,
		perMessageDeflate: false,
		handleProtocols: () => "mqtt",
	});

	constructor(options: HttpsOptions) {
		this.#options = options;
		this.#server.timeout = IDLE_MS;
		// Between requests a client's time runs as before the first.
		this.#server.keepAliveTimeout = 0;
		this.#server.on("upgrade", (request, socket, head) => {
			try {
				this.#upgrade(request, socket, head);
			} catch {
				socket.destroy();
			}
		});
		this.#webSockets.on("headers", (fields: string[]) => {
			const more = this.#options.faults.strikes("upgrade-fields");
			for (let i = more === undefined ? 0 : Number(more || 1000); i > 0; i--) fields.push(`f${i}:`);
		});
		this.#server.on("clientError", (_error, socket) => socket.destroy());
	}

	/** A connection whose first bytes were HTTP. */
	adopt(socket: TLSSocket, first: Uint8Array, door: Door): void {
		this.#doors.set(socket, door);
		this.#server.emit("connection", socket);
		socket.unshift(first);
	}

	#answer(request: IncomingMessage, response: ServerResponse): void {
		const { service, downloads, faults, chains } = this.#options;
		const chain = chains.of(request.socket as TLSSocket);
		if (isDps(request)) answerDps(request, response, { registrations: service.dps.registrations, faults, chain });
		else {
			request.resume();
			downloads.answer(request, response);
		}
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
		const known = WEBSOCKET.test(request.url ?? "");
		if (!known || !protocols.includes("mqtt")) {
			const status = known ? "400 Bad Request" : "404 Not Found";
			socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
			return;
		}
		const tls = request.socket as TLSSocket;
		const peer = { chain: this.#options.chains.of(tls), transport: "ws", resumed: tls.isSessionReused() } as const;
		this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
			this.#serve(webSocket, tls, this.#doors.get(tls)!, peer),
		);
	}

	#serve(webSocket: WebSocket, socket: TLSSocket, door: Door, peer: Peer): void {
		const connection = this.#options.service.open(peer, {
			write: (bytes) => {
				if (webSocket.bufferedAmount > MOST_UNREAD_BYTES) return webSocket.terminate();
				webSocket.send(bytes, { binary: true });
				const pings = this.#options.faults.strikes("ping-flood");
				for (let i = pings === undefined ? 0 : Number(pings || 1000); i > 0; i--) webSocket.ping();
			},
			close: () => webSocket.close(1000),
		});
		const carrier = new Carrier(connection, door, socket, {
			pause: () => webSocket.pause(),
			resume: () => webSocket.resume(),
			destroy: () => webSocket.terminate(),
		});
		webSocket.on("message", (data: Buffer, isBinary) => {
			// MQTT 3.1.1 section 6: Control Packets come in binary frames, their bounds are no matter.
			if (isBinary) carrier.receive(data);
			else connection.close("a text frame");
		});
		webSocket.on("error", (error) => carrier.lost(error.message));
		webSocket.on("close", () => carrier.lost());
	}
}
