/** hw/moddable/wire on XS against node:tls and node:net: names, deadlines, much data, ends of every kind. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { certificatePem, createEntity, der, saveEntity } from "../../cloud/pki.ts";
import { type App, buildForXs, type Run, skip } from "../../hw/simulator/harness.ts";

const DAY = 86_400_000;
const span = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY };

describe("the wire on XS", { skip }, () => {
	let app: App;
	let anchor: string;
	let credentials: { key: string; cert: string };
	const servers: Server[] = [];
	const sockets: Socket[] = [];
	before(async () => {
		app = await buildForXs({
			name: "wire",
			build: "release",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/wire" },
			},
		});
		const root = await createEntity("P-256", { commonName: "Root", role: { kind: "root" }, ...span });
		const role = { kind: "server", hosts: ["localhost", "127.0.0.1"] } as const;
		const server = await createEntity("P-256", { commonName: "server", role, ...span }, root);
		anchor = Buffer.from(der(root.certificate)).toString("base64");
		credentials = { key: (await saveEntity(server)).key, cert: certificatePem(server) };
	});
	after(() => {
		for (const server of servers) server.close();
		for (const socket of sockets) socket.destroy();
	});

	const listen = async (server: Server): Promise<number> => {
		servers.push(server.listen(0, "127.0.0.1"));
		server.on("connection", (socket: Socket) => sockets.push(socket));
		await once(server, "listening");
		return (server.address() as AddressInfo).port;
	};
	const serve = (accept: (socket: TLSSocket) => void): Promise<number> =>
		listen(createServer(credentials, (socket) => accept(socket.on("error", () => {}))));
	const serveTcp = (accept: (socket: Socket) => void): Promise<number> =>
		listen(createTcpServer((socket) => accept(socket.on("error", () => {}))));

	const connect = async (to: string, seconds = 20): Promise<Run & { end: string }> => {
		const environment = { CONNECT: to, ANCHOR: anchor, SECONDS: String(seconds) };
		const run = await app.run({ environment });
		assert.equal(run.exitCode, 0, run.output);
		return { ...run, end: run.output.trimEnd().split("\n").at(-1)! };
	};

	test("an address and a name connect; the server's orderly end is no fault", async () => {
		const port = await serve((socket) => socket.once("data", () => socket.end()));
		for (const host of ["127.0.0.1", "localhost"]) {
			const { output, end } = await connect(`${host} ${port} greet`);
			assert.match(output, /^open$/m);
			assert.equal(end, "closed");
		}
	});

	test("a server that ends as soon as the handshake is over is no connection", async () => {
		const port = await serve((socket) => socket.end());
		assert.match((await connect(`127.0.0.1 ${port} -`)).end, /^(closed|wire\.closed)/);
	});

	test("data in one packet with the end of the handshake is not lost", async () => {
		const port = await serve((socket) => socket.end("hello"));
		assert.match((await connect(`127.0.0.1 ${port} -`)).output, /^open\n(SSL: .*\n)?received 5 /m);
	});

	test("a name that does not exist is wire.dns", async () => {
		assert.match((await connect("nobody.invalid 1 -")).end, /^wire\.dns: nobody\.invalid/);
	});

	test("a port where nobody listens is wire.refused", async () => {
		const port = await listen(createTcpServer());
		servers.pop()!.close();
		assert.match((await connect(`127.0.0.1 ${port} -`)).end, /^wire\.refused/);
	});

	test("a server that never answers is wire.timeout, before and in the middle of the handshake", async () => {
		const mute = await serveTcp((socket) => socket.resume());
		assert.match((await connect(`127.0.0.1 ${mute} -`, 1)).end, /^wire\.timeout/);
		const half = await serveTcp((socket) =>
			socket.once("data", () => socket.write(Buffer.from("160303004a02", "hex"))),
		);
		assert.match((await connect(`127.0.0.1 ${half} -`, 1)).end, /^wire\.timeout/);
	});

	test("a cut during the handshake and a cut after it are wire.closed", async () => {
		const early = await serveTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
		assert.match((await connect(`127.0.0.1 ${early} -`)).end, /^wire\.closed/);
		const late = await serve((socket) => setImmediate(() => socket.destroy()));
		assert.match((await connect(`127.0.0.1 ${late} -`)).end, /^wire\.closed/);
	});

	test("the client random differs between runs", async () => {
		const randoms: string[] = [];
		const port = await serveTcp((socket) =>
			socket.once("data", (hello) => {
				// TLSPlaintext, Handshake and client_version come before it: RFC 5246 sections 6.2.1, 7.4, 7.4.1.2.
				randoms.push(hello.subarray(11, 43).toString("hex"));
				socket.destroy();
			}),
		);
		for (let i = 0; i < 3; i++) await connect(`127.0.0.1 ${port} -`);
		assert.ok(randoms.every((random) => random.length === 64));
		// The first four bytes may be the time.
		assert.equal(new Set(randoms.map((random) => random.slice(8))).size, 3);
	});

	test("100 KB go out and come back whole, though neither fits into any buffer", async () => {
		const port = await serve((socket) => socket.pipe(socket));
		const { output, end } = await connect(`127.0.0.1 ${port} echo 100000`);
		assert.match(output, new RegExp(`^received 100000 ${sumOf(100_000)}$`, "m"));
		assert.equal(end, "closed");
	});

	test("close comes after what is queued, even when the peer is slow to read", async () => {
		let received = 0;
		const port = await serve((socket) =>
			socket.on("data", (chunk: Buffer) => {
				received += chunk.length;
				socket.pause();
				setTimeout(() => socket.resume(), 5);
			}),
		);
		assert.equal((await connect(`127.0.0.1 ${port} flush 20000`)).end, "closed");
		await until(() => received === 20_000);
	});

	test("what was written before the connection opened arrives first", async () => {
		const arrived = new Promise<Buffer>((resolve) => {
			void serve((socket) => socket.once("data", (data) => socket.end(() => resolve(data)))).then((port) =>
				connect(`127.0.0.1 ${port} early 100`),
			);
		});
		assert.deepEqual([...(await arrived)], [...pattern(100)]);
	});

	test("close says close_notify, so the peer sees an end and no error", async () => {
		const errors: Error[] = [];
		let ended = false;
		const port = await serve((socket) => {
			socket.removeAllListeners("error").on("error", (error) => errors.push(error));
			socket.on("end", () => {
				ended = true;
			});
			socket.resume();
		});
		assert.equal((await connect(`127.0.0.1 ${port} quit`)).end, "closed");
		await until(() => ended);
		assert.deepEqual(errors, []);
	});

	test("close inside onData, and close before anything, are orderly", async () => {
		const port = await serve((socket) => socket.write("x"));
		assert.equal((await connect(`127.0.0.1 ${port} close`)).end, "closed");
		const { output, end } = await connect(`127.0.0.1 ${port} abandon`);
		assert.doesNotMatch(output, /^open$/m);
		assert.equal(end, "closed");
	});

	test("an exception of the application inside a callback ends the connection, not the machine", async () => {
		const port = await serve((socket) => socket.write("x"));
		assert.match((await connect(`127.0.0.1 ${port} throw`)).end, /the application's own mistake/);
	});
});

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

/** As the app sums up what it received. Its pattern repeats every 256 bytes, so the pieces of 5000 join seamlessly. */
function sumOf(length: number): number {
	let sum = 0;
	for (const byte of pattern(length)) sum = (Math.imul(sum, 31) + byte) >>> 0;
	return sum;
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise(setImmediate);
}
