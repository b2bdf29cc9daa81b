/** The wire on Node against node:tls servers: what opens, what it carries, how it ends, and whose certificate the server sees. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { certificatePem, createEntity, der } from "../../cloud/pki.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";
import type { Identity } from "../../src/port.ts";
import { client, connection, good, identityOf, root, serve, span, stranger } from "../support/tls-server.ts";
import { assertFault } from "../support/wire-probe.ts";

test("opens, carries bytes both ways, ends in order, and names the host in SNI", async () => {
	const payload = new Uint8Array(300_000);
	randomFillSync(payload);
	let name: string | false | null = null;
	const port = await serve(good, (socket) => {
		name = sniOf(socket);
		socket.pipe(socket);
	});
	const echoed: Uint8Array[] = [];
	let received = 0;
	const end = await connection({ port }, (wire) => ({
		onOpen: () => wire().write(payload),
		onData: (bytes) => {
			echoed.push(bytes);
			received += bytes.length;
			if (received === payload.length) wire().close();
		},
	}));
	assert.deepEqual(end, { opened: true, fault: undefined });
	assert.deepEqual(concat(...echoed), payload);
	assert.equal(name, "localhost");
});

test("sends all that is queued before it closes", async () => {
	const received: Buffer[] = [];
	let ended: () => void;
	const whole = new Promise<void>((resolve) => {
		ended = resolve;
	});
	const port = await serve(good, (socket) =>
		socket.on("data", (bytes) => received.push(bytes)).on("end", () => ended()),
	);
	const payload = new Uint8Array(2_000_000).fill(7);
	const end = await connection({ port }, (wire) => ({
		onOpen: () => {
			wire().write(payload);
			wire().close();
			wire().write(utf8("too late"));
			wire().close();
		},
	}));
	await whole;
	assert.equal(end.fault, undefined);
	assert.equal(Buffer.concat(received).length, payload.length);
});

test("additional anchors are trusted on top of the configured ones and of Node's own, never instead", async () => {
	const port = await serve(good, (socket) => socket.end());
	const [ours, other] = [der(root.certificate), der(stranger.certificate)];
	for (const [anchors, additionalAnchors] of [
		[[other], [ours]],
		[[], [ours]],
		[[ours], [other]],
	] as const)
		assert.deepEqual(await connection({ port, anchors, additionalAnchors }), { opened: true, fault: undefined });
	assertFault(await connection({ port, anchors: [other], additionalAnchors: [other] }), "tls.untrusted");
});

test("an orderly end by the server is no fault", async () => {
	const port = await serve(good, (socket) => socket.end("bye"));
	const text: Uint8Array[] = [];
	const end = await connection({ port }, () => ({ onData: (bytes) => void text.push(bytes) }));
	assert.deepEqual(end, { opened: true, fault: undefined });
	assert.deepEqual(concat(...text), utf8("bye"));
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
	test(`shows an EC client certificate, from the scalar alone, over ${version}`, async () => {
		assert.equal(await subjectSeen(await identityOf(client), version), "dev-001");
	});
	test(`shows an RSA client certificate over ${version}`, async () => {
		const rsa = await createEntity("RSA", { commonName: "dev-rsa", role: { kind: "client" }, ...span }, root);
		const identity = await identityOf(rsa);
		assert.ok("pkcs8" in identity);
		assert.equal(await subjectSeen(identity, version), "dev-rsa");
	});
}

test("an address as host is looked for among the addresses of the SAN, and no SNI is sent", async () => {
	let name: string | false | null = null;
	const port = await serve(good, (socket) => {
		name = sniOf(socket);
		socket.end();
	});
	assert.deepEqual(await connection({ host: "127.0.0.1", port }), { opened: true, fault: undefined });
	assert.equal(name, false);
});

test("a key that is not the certificate's, and one that cannot leave its hardware", async () => {
	const port = await serve(good);
	const other = await identityOf(await createEntity("P-256", { commonName: "x", role: { kind: "root" }, ...span }));
	const chain = [der(client.certificate)];
	assert.ok("signer" in other);
	const { signer } = other;
	const locked = { publicKey: signer.publicKey, sign: (digest: Uint8Array) => signer.sign(digest) };
	assertFault(await connection({ port, identity: { ...other, chain } }), "tls.key");
	assertFault(await connection({ port, identity: { signer: locked, chain } }), "tls.key");
	assertFault(await connection({ port: 70_000 }), "config.invalid");
});

test("close before the connection is open ends it without onOpen and without a fault", async () => {
	const port = await serve(good);
	const end = await connection({ port }, (wire) => {
		queueMicrotask(() => wire().close());
		return {};
	});
	assert.deepEqual(end, { opened: false, fault: undefined });
});

test("a peer that does not answer our end is left after a while", async (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const port = await serve(good, (socket) => socket.on("end", () => t.mock.timers.tick(5000)).resume(), {
		allowHalfOpen: true,
	} as object);
	const end = await connection({ port }, (wire) => ({ onOpen: () => wire().close() }));
	assert.deepEqual(end, { opened: true, fault: undefined });
});

/** The common name that a server saw which demands a certificate of our root. */
async function subjectSeen(identity: Identity, version: "TLSv1.2" | "TLSv1.3"): Promise<string | undefined> {
	let seen: string | undefined;
	const port = await serve(
		good,
		(socket) => {
			if (socket.authorized) seen = socket.getPeerCertificate().subject.CN;
			socket.end("x");
		},
		{ requestCert: true, rejectUnauthorized: true, ca: certificatePem(root), minVersion: version, maxVersion: version },
	);
	assert.deepEqual(await connection({ port, identity }), { opened: true, fault: undefined });
	return seen;
}

/** False: none was sent. */
function sniOf(socket: TLSSocket): string | false {
	return (socket as unknown as { servername: string | false }).servername;
}
