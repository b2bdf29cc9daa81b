/** Versions, suites, client authentication, resets, long data: whole connections with servers of every temper. */
import { createServer, type Socket } from "node:net";
import { DEFAULT_CIPHERS } from "node:tls";
import { createIntermediate, createLeaf } from "./chains.ts";
import { anchor, identity } from "./device.ts";
import { type Entity, issue } from "./pki.ts";
import { listen, type Row, serve } from "./servers.ts";

export async function versions(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const rsaLeaf = await createLeaf(root, { type: "RSA-2048" });
	const only = (ciphers: string) => ({ server: { ciphers, maxVersion: "TLSv1.2" } as const });
	return Promise.all([
		serve("TLS 1.3 only", "tls.protocol", [leaf], { server: { minVersion: "TLSv1.3" } }),
		serve("TLS 1.1 only", "tls.protocol", [leaf], {
			server: { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` },
		}),
		serve("TLS 1.2 at most", "connected", [leaf], { server: { maxVersion: "TLSv1.2" } }),
		serve("ECDSA suite", "connected", [leaf], only("ECDHE-ECDSA-AES128-GCM-SHA256")),
		serve("RSA suite", "connected", [rsaLeaf], only("ECDHE-RSA-AES128-GCM-SHA256")),
		serve("static RSA only", "tls.protocol", [rsaLeaf], only("AES128-SHA:AES128-GCM-SHA256")),
		serve("CBC only", "tls.protocol", [rsaLeaf], only("ECDHE-RSA-AES128-SHA256")),
		serve("another curve only", "tls.protocol", [leaf], { server: { ecdhCurve: "secp384r1", maxVersion: "TLSv1.2" } }),
		serve("40 KB each way, in records of 16 KB", "connected", [leaf], {
			client: { pings: 10_240, expectBytes: 40_960 },
		}),
	]);
}

export async function clients(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const intermediate = await createIntermediate(root, { name: "device authority" });
	const device = await issue({ name: "dev-001", issuer: intermediate });
	const onboarding = await issue({ name: "dev-rsa", issuer: root, type: "RSA-2048" });
	const large = await issue({ name: "dev-384", issuer: intermediate, type: "P-384" });
	const stranger = await issue({ name: "stranger", issuer: await issue({ name: "nobody", ca: {} }) });
	const server = { requestCert: true, rejectUnauthorized: false, ca: root.pem, maxVersion: "TLSv1.2" } as const;
	const says = (name: string) => new RegExp(`^${name}$`);
	const chain = identity(device, intermediate);
	return Promise.all([
		serve("an EC client chain", "connected", [leaf], { server, client: chain, message: says("dev-001 true") }),
		serve("a P-384 client", "connected", [leaf], {
			server,
			client: identity(large, intermediate),
			message: says("dev-384 true"),
		}),
		serve("a P-384 client of a server that computes on P-384 only", "connected", [leaf], {
			server: { ...server, ecdhCurve: "secp384r1" },
			client: identity(large, intermediate),
			message: says("dev-384 true"),
		}),
		serve("a P-384 client of a P-384 server", "connected", [await createLeaf(root, { type: "P-384" })], {
			server,
			client: identity(large, intermediate),
			message: says("dev-384 true"),
		}),
		serve("a P-384 client that is not asked", "connected", [leaf], {
			client: identity(large, intermediate),
			message: /^ping/,
		}),
		serve("a P-384 client of a server that takes SHA-256 only", "connected", [leaf], {
			server: { ...server, sigalgs: "ECDSA+SHA256" },
			client: identity(large, intermediate),
			message: /^ping/,
		}),
		serve("an RSA client", "connected", [leaf], {
			server,
			client: identity(onboarding),
			message: says("dev-rsa true"),
		}),
		serve("an unknown client", "connected", [leaf], {
			server,
			client: identity(stranger),
			message: says("stranger false"),
		}),
		serve("an EC client of an RSA server", "connected", [await createLeaf(root, { type: "RSA-2048" })], {
			server,
			client: chain,
			message: says("dev-001 true"),
		}),
		serve("a client that is not asked", "connected", [leaf], { client: chain, message: /^ping/ }),
		serve("a client without a certificate", "connected", [leaf], { server, message: /^ping/ }),
		serve("a client of many certificates, over 4 KB", "connected", [leaf], {
			server,
			client: identity(device, intermediate, ...Array(12).fill(root)),
			message: says("dev-001 true"),
		}),
		serve("a request that allows RSA only", "connected", [await createLeaf(root, { type: "RSA-2048" })], {
			server: { ...server, sigalgs: "RSA+SHA256" },
			client: chain,
			message: /^ping/,
		}),
		serve("a certificate without its key", "thrown", [leaf], { client: { chain: anchor(device) } }),
		serve("a key that is not RSA", "tls.key", [leaf], {
			server,
			client: { chain: anchor(onboarding), pkcs8: "3003020100" },
		}),
	]);
}

export async function resets(root: Entity): Promise<Row[]> {
	const leaf = await createLeaf(root);
	const cut = (name: string, on: (socket: Socket) => void) =>
		listen(
			name,
			"wire.closed",
			createServer((socket) => on(socket.on("error", () => {}))),
		);
	return Promise.all([
		cut("a reset at once", (socket) => void socket.resetAndDestroy()),
		cut("an end at once", (socket) => void socket.end()),
		cut("a reset after ClientHello", (socket) => void socket.once("data", () => socket.resetAndDestroy())),
		cut("an end after ClientHello", (socket) => void socket.once("data", () => socket.end())),
		cut("an end in a record's header", (socket) => void socket.once("data", () => socket.end(Buffer.of(22, 3, 3)))),
		listen(
			"a server that speaks HTTP",
			"tls.protocol",
			createServer((socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n")),
		),
		serve("a connection that dies before ClientHello", "wire.closed", [leaf], { client: { writes: 0 } }),
		serve("a connection that dies within the handshake", "wire.closed", [leaf], { client: { writes: 2 } }),
		serve("a connection that dies under data", "wire.closed", [leaf], { client: { writes: 4 } }),
		...(["told", "later"] as const).map((lwip) =>
			serve(`on lwIP all that came before the end is read, which is ${lwip}`, "closed", [leaf], {
				onData: (socket) => void socket.end(Buffer.alloc(40_960)),
				client: { lwip, expectBytes: 40_961 },
				message: /^after 40960 bytes$/,
			}),
		),
		serve("on lwIP all that came before the end is read by one who still answers", "closed", [leaf], {
			onData: (socket) => void socket.end(Buffer.alloc(40_960)),
			client: { lwip: "told", expectBytes: 40_961, answersAfter: 20_480 },
			message: /^after 40960 bytes$/,
		}),
		serve("a cut on lwIP", "wire.closed", [leaf], {
			onData: (socket) => void socket.destroy(),
			client: { lwip: "told" },
		}),
		serve("an orderly end after the handshake", "closed", [leaf], { onData: (socket) => void socket.end() }),
		serve("a reset after the handshake", "wire.closed", [leaf], { onData: (socket) => void socket.destroy() }),
	]);
}
