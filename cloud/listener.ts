/**
 * The cloud's TLS 1.2 socket (node:tls), with the service's cipher suites; hands MQTT connections to a Service, and what
 * begins as HTTP to Https.
 *
 * Client certificates are asked for and not judged here: DPS and hub examine the chain exactly as it was presented.
 * Sessions are resumed by ticket (RFC 5077), unless that is refused: nobody outside knows what Azure does, and both must work.
 */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Clock } from "../src/port.ts";
import { Carrier } from "./carry.ts";
import { type Door, HalfOpen } from "./half-open.ts";
import { Https, type HttpsOptions, MOST_UNREAD_BYTES } from "./https.ts";
import { PresentedChains } from "./presented-chain.ts";
import { SERVER_FAULTS, type ServerChain } from "./server-chain.ts";
import type { Service } from "./service.ts";
import type { Link } from "./session.ts";

export interface Listener {
	readonly port: number;
	close(): Promise<void>;
}

export interface ListenerOptions extends Omit<HttpsOptions, "chains"> {
	readonly clock: Clock;
	readonly address: string;
	readonly port: number;
	readonly chain: ServerChain;
	/** Whether TLS sessions may be resumed. */
	readonly resumption: boolean;
}

export async function listen(options: ListenerOptions): Promise<Listener> {
	const { address, port, chain, clock, faults, resumption } = options;
	const sockets = new Set<Socket>();
	const halfOpen = new HalfOpen(clock);
	/** By the client's address and port: Node does not say which TCP connection is under a TLS one. */
	const doors = new Map<string, Door>();
	const served = { ...options, chains: new PresentedChains() };
	const https = new Https(served);
	const tls = { ...TLS, ...(resumption ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }) };
	const server = createServer({ ...tls, ...chain.identities.good }, (socket) => {
		const door = doors.get(peerOf(socket));
		const recordBytes = faults.strikes("record-size");
		if (recordBytes !== undefined) socket.setMaxSendFragment(Number(recordBytes));
		if (door === undefined || socket.destroyed) socket.destroy();
		else serve(socket, door, served, https);
	});
	let serving: keyof ServerChain["identities"] | "flooded" = "good";
	server.prependListener("connection", (socket: Socket) => {
		socket.setNoDelay(true);
		sockets.add(socket);
		const peer = peerOf(socket);
		const door = halfOpen.door(socket);
		doors.set(peer, door);
		socket.on("close", () => {
			sockets.delete(socket);
			// The address may be another connection's by now: one that was reset is gone for its client before it is here.
			if (doors.get(peer) === door) doors.delete(peer);
		});
		socket.on("error", () => socket.destroy());
		if (faults.strikes("drop-after", "tcp") !== undefined) socket.destroy();
		const wanted = SERVER_FAULTS.find((fault) => faults.strikes(fault) !== undefined) ?? "good";
		const names = faults.strikes("san-flood");
		if (names !== undefined) server.setSecureContext({ ...tls, ...chain.flooded(Number(names)) });
		else if (wanted !== serving) server.setSecureContext({ ...tls, ...chain.identities[wanted] });
		serving = names === undefined ? wanted : "flooded";
	});
	server.on("tlsClientError", (_error, socket) => socket.destroy());
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, address, resolve);
	});
	const bound = server.address();
	return {
		port: typeof bound === "object" && bound !== null ? bound.port : port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function serve(socket: TLSSocket, door: Door, { service, faults, chains }: HttpsOptions, https: Https): void {
	if (faults.strikes("drop-after", "tls") !== undefined) return void socket.destroy();
	const begin = (first: Buffer) => {
		if (isHttp(first)) return https.adopt(socket, first, door);
		const blocked = faults.strikes("mqtt-blocked");
		if (blocked === "silent") {
			door.done();
			socket.resume();
		} else if (blocked !== undefined) socket.destroy();
		else serveMqtt(socket, door, service, chains.of(socket), first);
	};
	socket.once("data", (first) => {
		try {
			begin(first);
		} catch {
			socket.destroy();
		}
	});
}

function serveMqtt(socket: TLSSocket, door: Door, service: Service, chain: Uint8Array[], first: Uint8Array): void {
	const connection = service.open({ chain, resumed: socket.isSessionReused() }, new TlsLink(socket, door));
	const carrier = new Carrier(connection, door, socket);
	if (first[0] === MQTT_CONNECT) carrier.receive(first);
	else connection.close("neither HTTP nor CONNECT");
	socket.on("data", (bytes) => carrier.receive(bytes));
	socket.on("error", (error) => carrier.lost(error.message));
	socket.on("close", () => carrier.lost());
}

class TlsLink implements Link {
	readonly #socket: TLSSocket;
	readonly #door: Door;

	constructor(socket: TLSSocket, door: Door) {
		this.#socket = socket;
		this.#door = door;
	}

	write(bytes: Uint8Array): void {
		if (this.#socket.writableLength > MOST_UNREAD_BYTES) this.#socket.destroy();
		else if (this.#socket.writable) this.#socket.write(bytes);
	}

	close(): void {
		this.#socket.end();
		this.#door.wait();
	}
}

/** Packet type and flags of MQTT 3.1.1 section 3.1, which a client must send first. */
const MQTT_CONNECT = 0x10;

/** By the first byte, since one record may hold no more: every method of RFC 9110 section 9 begins with a capital letter. */
function isHttp([first = 0]: Uint8Array): boolean {
	return first >= 0x41 && first <= 0x5a;
}

const TLS: TlsOptions = {
	requestCert: true,
	rejectUnauthorized: false,
	// No anchors: nothing is judged here, and the CertificateRequest names no authorities.
	ca: [],
	minVersion: "TLSv1.2",
	maxVersion: "TLSv1.2",
	ecdhCurve: "P-256:P-384",
	ciphers: [
		"ECDHE-ECDSA-AES128-GCM-SHA256",
		"ECDHE-RSA-AES128-GCM-SHA256",
		"ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-RSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-AES128-SHA256",
		"ECDHE-RSA-AES128-SHA256",
		"ECDHE-ECDSA-AES256-SHA384",
		"ECDHE-RSA-AES256-SHA384",
	].join(":"),
};
