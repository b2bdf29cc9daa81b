/** TLS and TCP servers on free loopback ports, a small PKI, and identities from it, for tests of the wire. */
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { certificatePem, createEntity, der, type Entity, type Role, saveEntity } from "../../cloud/pki.ts";
import type { Identity, WireOptions } from "../../src/port.ts";
import { readPrivateKey } from "../../src/x509/key.ts";
import { type Behaviour, openWire } from "./wire-probe.ts";

export const DAY = 86_400_000;
export const now = Date.now();
export const span = { notBefore: now - DAY, notAfter: now + DAY };
export const SERVER: Role = { kind: "server", hosts: ["localhost", "127.0.0.1"] };

export const root = await createEntity("P-256", { commonName: "Test root", role: { kind: "root" }, ...span });
export const stranger = await createEntity("P-256", { commonName: "Stranger", role: { kind: "root" }, ...span });
export const good = await createEntity("P-256", { commonName: "server", role: SERVER, ...span }, root);
export const client = await createEntity("P-256", { commonName: "dev-001", role: { kind: "client" }, ...span }, root);
export const anchors = [der(root.certificate)];

/** With our root as the anchor, unless told otherwise. */
export const connection = (options: Partial<WireOptions> & { port: number }, behave?: Behaviour) =>
	openWire({ anchors, ...options }, behave);

export async function identityOf(entity: Entity): Promise<Identity> {
	return { chain: [der(entity.certificate)], ...readPrivateKey((await saveEntity(entity)).key) };
}

/** A TLS server with this certificate; by default it says goodbye at once. Its port. */
export async function serve(
	entity: Entity,
	accept: (socket: TLSSocket) => void = (socket) => socket.end(),
	more: TlsOptions = {},
) {
	const key = (await saveEntity(entity)).key;
	const server = createServer({ key, cert: certificatePem(entity), ...more }, (socket) => {
		socket.on("error", () => {});
		accept(socket);
	});
	server.on("tlsClientError", () => {});
	return listen(server);
}

export const serveTcp = (accept: (socket: Socket) => void): Promise<number> =>
	listen(
		createTcpServer((socket) => {
			socket.on("error", () => {});
			accept(socket);
		}),
	);

async function listen(server: Server): Promise<number> {
	server.unref().listen(0, "localhost");
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}
