/**
 * TLS sessions of the wire on Node that go on from earlier ones, in TLS 1.2 and 1.3: where a full handshake would have ended well
 * too, and nowhere else.
 */
import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { afterEach, mock, test } from "node:test";
import type { TlsOptions } from "node:tls";
import { createEntity, der } from "../../cloud/pki.ts";
import { createWire } from "../../hw/node/wire.ts";
import type { Wire, WireOptions } from "../../src/port.ts";
import { client, good, identityOf, root, SERVER, serve, stranger } from "../support/tls-server.ts";

afterEach(() => mock.timers.reset());

/** A server that says whom it sees, and whether the session went on. */
const greet = (options: TlsOptions = {}): Promise<number> =>
	serve(
		good,
		(socket) => {
			const who = socket.getPeerCertificate().subject?.CN ?? "nobody";
			socket.on("data", () => socket.end(socket.isSessionReused() ? `${who}, resumed` : String(who)));
		},
		{ requestCert: true, rejectUnauthorized: false, ...options },
	);

/** What the server says, or the code of the Fault. */
function meet(wire: Wire, port: number, options: Partial<WireOptions> = {}): Promise<string> {
	return new Promise((resolve) => {
		let said = "";
		const anchors = [der(root.certificate)];
		const connection = wire.connect(
			{ host: "localhost", port, anchors, timeoutSeconds: 20, ...options },
			{
				onOpen() {
					assert.equal(typeof connection.isResumed, "boolean");
					connection.write(Uint8Array.of(1));
				},
				onData(bytes) {
					said += Buffer.from(bytes).toString();
					assert.equal(connection.isResumed, said.endsWith("resumed"));
				},
				onClose: (fault) => resolve(fault?.code ?? said),
			},
		);
	});
}

const DAY = 86_400_000;
const at = (days: number): void => {
	mock.timers.reset();
	mock.timers.enable({ apis: ["Date"], now: Date.now() + days * DAY });
};

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
	test(`${version}: again and again, and the server still knows the device`, async () => {
		const port = await greet({ minVersion: version, maxVersion: version });
		const wire = createWire({});
		const identity = await identityOf(client);
		assert.equal(await meet(wire, port, { identity }), "dev-001");
		assert.equal(await meet(wire, port, { identity }), "dev-001, resumed");
		assert.equal(await meet(wire, port, { identity }), "dev-001, resumed");
		assert.equal(await meet(createWire({}), port, { identity }), "dev-001", "each wire has its own");
	});

test("never under another identity, host or set of anchors", async () => {
	const port = await greet();
	const wire = createWire({});
	const identity = await identityOf(client);
	const anchors = [der(root.certificate), der(stranger.certificate)];
	assert.equal(await meet(wire, port), "nobody");
	assert.equal(await meet(wire, port, { identity }), "dev-001");
	assert.equal(await meet(wire, port, { anchors }), "nobody");
	assert.equal(await meet(wire, port, { additionalAnchors: [der(stranger.certificate)] }), "nobody");
	assert.equal(await meet(wire, port, { host: "127.0.0.1" }), "nobody");
	assert.equal(await meet(wire, port, { anchors: [der(stranger.certificate)] }), "tls.untrusted");
	assert.equal(await meet(wire, port, { identity }), "dev-001, resumed");
});

test("a server that has no tickets, or has forgotten, costs nothing", async () => {
	const wire = createWire({});
	const plain = await greet({ secureOptions: constants.SSL_OP_NO_TICKET, maxVersion: "TLSv1.2" });
	assert.deepEqual([await meet(wire, plain), await meet(wire, plain)], ["nobody", "nobody"]);
	const [before, after] = await Promise.all([greet(), greet()]);
	assert.equal(await meet(wire, before), "nobody");
	assert.equal(await meet(wire, after), "nobody");
});

test("never past a day, a certificate of the server's, nor on a clock that went back", async () => {
	const port = await greet({ sessionTimeout: 7 * 86_400 });
	const wire = createWire({});
	assert.equal(await meet(wire, port), "nobody");
	at(0.4);
	assert.equal(await meet(wire, port), "nobody, resumed");
	at(1.1); // neither the day nor the certificates, which end after one, allow it
	assert.equal(await meet(wire, port), "nobody");
	mock.timers.reset();
	const dates = { notBefore: Date.now() - DAY, notAfter: Date.now() + 9 * DAY };
	const steady = await createEntity("P-256", { commonName: "steady", role: { kind: "root" }, ...dates });
	const lasting = await serve(
		await createEntity("P-256", { commonName: "server", role: SERVER, ...dates }, steady),
		(socket) => void socket.on("data", () => socket.end(socket.isSessionReused() ? "resumed" : "new")),
		{ sessionTimeout: 7 * 86_400 },
	);
	const anchors = [der(steady.certificate)];
	assert.equal(await meet(wire, lasting, { anchors }), "new");
	at(0.9);
	assert.equal(await meet(wire, lasting, { anchors }), "resumed");
	at(1.1);
	assert.equal(await meet(wire, lasting, { anchors }), "new", "the certificates allow it, the day does not");
	mock.timers.reset();
	assert.equal(await meet(wire, port), "nobody", "the clock went back");
	const brief = await createEntity(
		"P-256",
		{
			commonName: "server",
			role: { kind: "server", hosts: ["localhost"] },
			notBefore: Date.now() - DAY,
			notAfter: Date.now() + DAY / 4,
		},
		root,
	);
	const ending = await serve(brief, (socket) => {
		socket.on("data", () => socket.end(socket.isSessionReused() ? "resumed" : "new"));
	});
	assert.equal(await meet(wire, ending), "new");
	at(0.2);
	assert.equal(await meet(wire, ending), "resumed");
	at(0.3);
	assert.equal(
		await meet(wire, ending),
		"new",
		"OpenSSL's clock is the true one, and finds the certificate in its dates",
	);
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
	test(`${version}: not what ended in an alert`, async () => {
		const port = await greet({ minVersion: version, maxVersion: version });
		let spoils = false;
		const relay = createTcpServer((client) => {
			const server = connect(port, "127.0.0.1");
			client.on("error", () => server.destroy()).pipe(server);
			server.on("error", () => client.destroy());
			let records = 0;
			server.on("data", (bytes) => {
				// Once the handshake is over: a record whose seal is wrong.
				if (spoils && ++records > 1) client.write(Buffer.from(`1703030020${"00".repeat(32)}`, "hex"));
				else client.write(bytes);
			});
			server.on("end", () => client.end());
		});
		relay.listen(0, "127.0.0.1").unref();
		await once(relay, "listening");
		const { port: through } = relay.address() as AddressInfo;
		const wire = createWire({});
		assert.equal(await meet(wire, through), "nobody");
		assert.equal(await meet(wire, through), "nobody, resumed");
		spoils = true;
		assert.equal(await meet(wire, through), "tls.protocol");
		spoils = false;
		assert.equal(await meet(wire, through), "nobody");
	});
