/** What the wire on Node refuses, and what goes wrong on a network: each with its own Fault. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { pathToFileURL } from "node:url";
import { certificatePem, createEntity, der, type Entity, type Role } from "../../cloud/pki.ts";
import { utf8 } from "../../src/base/bytes.ts";
import type { FaultCode } from "../../src/fault.ts";
import type { WireOptions } from "../../src/port.ts";
import { TYPESCRIPT } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { connection, DAY, good, now, root, SERVER, serve, serveTcp, span, stranger } from "../support/tls-server.ts";
import { assertFault } from "../support/wire-probe.ts";

await refusesServer("another root", good, "tls.untrusted", { anchors: [der(stranger.certificate)] });
await refusesServer("Node's own roots when no anchor is configured", good, "tls.untrusted", { anchors: [] });
await refusesServer("a self-signed certificate", { commonName: "self", role: SERVER, ...span }, "tls.untrusted");
await refusesServer("another name", serverFor("example.com", "127.0.0.1"), "tls.name");
await refusesServer("a name where an address is wanted", serverFor("localhost"), "tls.name", { host: "127.0.0.1" });
await refusesServer(
	"an expired certificate",
	{ ...serverFor("localhost"), notAfter: now - 60_000 },
	"tls.expired",
	{},
	root,
);
await refusesServer(
	"a certificate of tomorrow",
	{ ...serverFor("localhost"), notBefore: now + DAY / 2 },
	"tls.expired",
	{},
	root,
);

test("NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing", async () => {
	const port = await serve(good);
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
	try {
		const end = await connection({ port, anchors: [der(stranger.certificate)] });
		assertFault(end, "tls.untrusted");
	} finally {
		delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
	}
});

test("without anchors the roots are Node's, with NODE_EXTRA_CA_CERTS", async () => {
	const port = await serve(good, (socket) => socket.end());
	const folder = temporaryFolder({ "root.pem": certificatePem(root) });
	const wire = pathToFileURL(join(import.meta.dirname, "../../hw/node/wire.ts")).href;
	const program = `import { createWire } from ${JSON.stringify(wire)};
		createWire().connect({ host: "localhost", port: ${port}, anchors: [], timeoutSeconds: 10 },
			{ onOpen: () => console.log("open"), onData() {}, onClose: (fault) => console.log(fault?.code ?? "closed") });`;
	const said = await runNode([...TYPESCRIPT, "--input-type=module", "-e", program], {
		NODE_EXTRA_CA_CERTS: join(folder, "root.pem"),
	});
	assert.equal(said, "open\nclosed\n");
});

test("a name that does not resolve", async () => {
	assertFault(await connection({ host: "no-such-host.invalid", port: 8883 }), "wire.dns");
});

test("a port where nobody listens", async () => {
	const server = createTcpServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	for (const host of ["localhost", "127.0.0.1"]) assertFault(await connection({ host, port }), "wire.refused");
});

test("a peer that closes before, or in the middle of, the handshake", async () => {
	const atOnce = await serveTcp((socket) => socket.end());
	const afterHello = await serveTcp((socket) => socket.once("data", () => socket.end(Buffer.from("16030300", "hex"))));
	const reset = await serveTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
	for (const port of [atOnce, afterHello, reset]) assertFault(await connection({ port }), "wire.closed");
});

test("a peer that resets an open connection", async () => {
	const port = await serve(good, (socket) => {
		socket.write("x");
		socket.on("data", () => underneath(socket).resetAndDestroy());
	});
	const end = await connection({ port }, (wire) => ({ onData: () => wire().write(utf8("y")) }));
	assert.equal(end.opened, true);
	assertFault(end, "wire.closed");
});

test("a peer that says nothing meets the deadline", async () => {
	const port = await serveTcp(() => {});
	const end = await connection({ port, timeoutSeconds: 0.2 });
	assertFault(end, "wire.timeout");
});

test("a peer that does not speak TLS, or only an old one, or shares no cipher", async () => {
	const http = await serveTcp((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
	const old = await serve(good, undefined, {
		minVersion: "TLSv1",
		maxVersion: "TLSv1.1",
		ciphers: "DEFAULT@SECLEVEL=0",
	});
	const psk = await serve(good, undefined, { maxVersion: "TLSv1.2", ciphers: "PSK-AES128-GCM-SHA256" });
	for (const port of [http, old, psk]) assertFault(await connection({ port }), "tls.protocol");
});

/** The TCP socket below: a TLS socket has no reset of its own. */
function underneath(socket: TLSSocket): Socket {
	return (socket as unknown as { _parent: Socket })._parent;
}

function serverFor(...hosts: string[]) {
	return { commonName: "server", role: { kind: "server", hosts } as Role, ...span };
}

async function refusesServer(
	what: string,
	server: Entity | Parameters<typeof createEntity>[1],
	code: FaultCode,
	options: Partial<WireOptions> = {},
	issuer: Entity | undefined = what.startsWith("a self-signed") ? undefined : root,
): Promise<void> {
	const entity = "certificate" in server ? server : await createEntity("P-256", server, issuer);
	test(`refuses ${what}: ${code}`, async () => {
		let received = "";
		const port = await serve(entity, (socket) => socket.on("data", (bytes) => (received += bytes)));
		const end = await connection({ port, ...options }, (wire) => {
			queueMicrotask(() => wire().write(utf8("secret")));
			return {};
		});
		assertFault(end, code);
		assert.equal(end.opened, false);
		assert.equal(received, "");
	});
}

/** Standard output of a child Node; asynchronous, because the server lives in this process. */
function runNode(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
	return new Promise((resolve, reject) =>
		execFile(process.execPath, args, { env: { ...process.env, ...env } }, (error, stdout) =>
			error ? reject(error) : resolve(stdout),
		),
	);
}
