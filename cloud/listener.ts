/**
 * The cloud's TLS 1.2 socket (node:tls), with the service's cipher suites; hands MQTT connections to a Service, HTTP to
 * Downloads.
 *
 * Client certificates are asked for and not judged here: DPS and hub examine the chain exactly as it was presented.
 * Session tickets are off, because a resumed session no longer knows the presented chain.
 */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import {
	createServer,
	type DetailedPeerCertificate,
	type PeerCertificate,
	type TLSSocket,
	type TlsOptions,
} from "node:tls";
import type { Downloads } from "./downloads.ts";
import type { Faults } from "./faults.ts";
import { SERVER_FAULTS, type ServerChain } from "./server-chain.ts";
import type { Service } from "./service.ts";

export interface Listener {
	readonly port: number;
	close(): Promise<void>;
}

export interface ListenerOptions {
	readonly address: string;
	readonly port: number;
	readonly chain: ServerChain;
	readonly service: Service;
	readonly faults: Faults;
	readonly downloads: Downloads;
}

export async function listen(options: ListenerOptions): Promise<Listener> {
	const { address, port, chain, faults } = options;
	const sockets = new Set<Socket>();
	const server = createServer({ ...TLS, ...chain.identities.good }, (socket) => serve(socket, options));
	let serving: keyof ServerChain["identities"] = "good";
	server.prependListener("connection", (socket: Socket) => {
		socket.setNoDelay(true);
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
		socket.on("error", () => socket.destroy());
		if (faults.strikes("drop-after", "tcp") !== undefined) socket.destroy();
		const wanted = SERVER_FAULTS.find((fault) => faults.strikes(fault) !== undefined) ?? "good";
		if (wanted !== serving) server.setSecureContext({ ...TLS, ...chain.identities[wanted] });
		serving = wanted;
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

function serve(socket: TLSSocket, { service, downloads, faults }: ListenerOptions): void {
	if (faults.strikes("drop-after", "tls") !== undefined) return void socket.destroy();
	socket.setTimeout(FIRST_BYTES_MS, () => socket.destroy());
	socket.once("data", (first) => {
		socket.setTimeout(0);
		try {
			if (/^(GET|HEAD) /.test(first.toString("latin1", 0, 5))) downloads.adopt(socket, first);
			else serveMqtt(socket, service, first);
		} catch {
			socket.destroy();
		}
	});
}

function serveMqtt(socket: TLSSocket, service: Service, first: Uint8Array): void {
	const connection = service.open(
		{ chain: presentedChain(socket) },
		{
			write: (bytes) => void (socket.writable && socket.write(bytes)),
			close: () => socket.end(),
		},
	);
	/** What fails on this client's bytes ends this client's connection. */
	const own = (step: () => void): void => {
		try {
			step();
		} catch (error) {
			connection.part(`internal error: ${(error as Error).stack}`);
			socket.destroy();
		}
	};
	const receive = (bytes: Uint8Array) => own(() => connection.data(bytes));
	const lost = (reason?: string) => own(() => connection.lost(reason));
	receive(first);
	socket.on("data", receive);
	socket.on("error", (error) => lost(error.message));
	socket.on("close", () => lost());
}

/** What the client sent, leaf first: node links each certificate to the presented one that issued it. */
function presentedChain(socket: TLSSocket): Uint8Array[] {
	const chain: Uint8Array[] = [];
	let certificate: PeerCertificate | DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
	while (certificate?.raw !== undefined && chain.length < 8) {
		chain.push(certificate.raw);
		const issuer: DetailedPeerCertificate | undefined =
			"issuerCertificate" in certificate ? (certificate as DetailedPeerCertificate).issuerCertificate : undefined;
		certificate = issuer === certificate ? undefined : issuer;
	}
	return chain;
}

/** For a client to say whether it speaks MQTT or HTTP. */
const FIRST_BYTES_MS = 30_000;

const TLS: TlsOptions = {
	requestCert: true,
	rejectUnauthorized: false,
	// No anchors: nothing is judged here, and the CertificateRequest names no authorities.
	ca: [],
	minVersion: "TLSv1.2",
	maxVersion: "TLSv1.2",
	ecdhCurve: "P-256:P-384",
	secureOptions: constants.SSL_OP_NO_TICKET,
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
