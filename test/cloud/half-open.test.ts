/** Clients that begin and do not go on, or that read nothing: their connection ends, and those of others do not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { generate } from "mqtt-packet";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { HalfOpen } from "../../cloud/half-open.ts";
import { FakeClock } from "../support/clock.ts";
import { enrol, type Identity, openHub, Probe, sas } from "./cloud-probe.ts";
import { UPGRADE } from "./upgrade.ts";

const clock = new FakeClock(Date.now());
const MINUTE_MS = 60_000;
/** Of a test that waits for an end that does not come. */
const LIMIT = { timeout: 120_000 };
let cloud: Cloud;
let identity: Identity;
before(async () => {
	cloud = await startCloud({ polls: 0, clock });
	identity = await enrol(cloud, "dev-001");
});
after(() => cloud.close());

/** Says that and no more; a client that would never end the connection itself. */
async function say(bytes: string | Uint8Array): Promise<TLSSocket> {
	const { port } = cloud;
	const socket = connect({ port, host: "127.0.0.1", ca: cloud.settings.ca, servername: "localhost" });
	socket.allowHalfOpen = true;
	socket.on("error", () => {});
	await once(socket, "secureConnect");
	await new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())));
	return socket;
}

const UNFINISHED: Readonly<Record<string, string | Uint8Array>> = {
	"nothing after TLS": "",
	"one letter": "P",
	"half a request line": "GET /upda",
	"a head without an end": "GET / HTTP/1.1\r\nHost: x\r\nX: ",
	"a body that does not come": "PUT /0ne/registrations/d/register HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
	"chunks without an end":
		"PUT /0ne/registrations/d/register HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	"half a CONNECT": Uint8Array.of(0x10, 200, 1, 0, 4),
	"a WebSocket without a CONNECT": UPGRADE,
	"a WebSocket with half a frame": Buffer.concat([Buffer.from(UPGRADE), Buffer.of(0x82, 0xfe)]),
};

test("who does not say what it wants within a minute is let go, at each door; others stay", LIMIT, async () => {
	const { probe, connack } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0);
	const tcp = connectTcp(cloud.port, "127.0.0.1").on("error", () => {});
	await once(tcp, "connect");
	const sockets: [string, Socket][] = [["nothing after TCP", tcp]];
	for (const [name, bytes] of Object.entries(UNFINISHED)) sockets.push([name, await say(bytes)]);
	const closed = new Set<string>();
	const all = sockets.map(([name, socket]) => once(socket.resume(), "end").then(() => closed.add(name)));
	// What was written has come: the cloud answers behind it.
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "{}"), "puback");
	await clock.advance(MINUTE_MS - 1);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "{}"), "puback");
	assert.ok(!closed.has("one letter") && !closed.has("a head without an end") && !closed.has("nothing after TCP"));
	await clock.advance(1);
	await Promise.all(all);
	for (const [, socket] of sockets) socket.destroy();
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "{}"), "puback");
	probe.close();
});

test("a connection that the cloud has ended goes, whatever its client does", LIMIT, async () => {
	cloud.operator.createDevice("dev-001");
	const connectPacket = generate({
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: "dev-001",
		username: "localhost/dev-001/?api-version=2021-04-12",
		password: Buffer.from(sas("localhost/devices/dev-001", cloud.symmetricKey)),
		keepalive: 0,
		clean: true,
	});
	const refused = await say(connectPacket);
	assert.deepEqual([...(await once(refused, "data"))[0]], [0x20, 2, 0, 0]);
	await clock.advance(2 * MINUTE_MS);
	// A second one is against the protocol.
	refused.write(connectPacket);
	await once(refused.resume(), "end");
	await clock.advance(MINUTE_MS);
	// TCP resets who writes to what is closed.
	const gone = new Promise((resolve) => refused.once("close", resolve));
	const writes = setInterval(() => refused.write("still here"), 5);
	await gone;
	clearInterval(writes);
});

test("a request is served after another that was whole; between them its time runs anew", LIMIT, async () => {
	const socket = await say("");
	const answers = async (): Promise<string> => String((await once(socket, "data"))[0]).split("\r\n")[0]!;
	for (let i = 0; i < 3; i++) {
		socket.write("GET /updates/none HTTP/1.1\r\nHost: x\r\n\r\n");
		assert.equal(await answers(), "HTTP/1.1 404 Not Found");
		await clock.advance(MINUTE_MS - 1);
	}
	const gone = once(socket, "end");
	await clock.advance(1);
	await gone;
	socket.destroy();
});

test("who asks and does not read is let go before it fills the cloud", LIMIT, async () => {
	cloud.arm("huge-twin=names:100000");
	const { port, settings } = cloud;
	const socket = connect({ port, host: "127.0.0.1", ca: settings.ca, servername: "localhost", ...identity });
	const probe = new Probe(socket);
	const username = `localhost:${port}/dev-001/?api-version=2021-04-12`;
	assert.equal(await probe.connect({ username, clientId: "dev-001" }), 0);
	await probe.subscribe("$iothub/twin/res/#", 0);
	socket.pause();
	// 21 MB each.
	for (let i = 0; i < 8; i++) await probe.publish(`$iothub/twin/GET/?$rid=${i}`, "", 0);
	await cloud.seen(
		(event) => event.event === "disconnected" && event.deviceId === "dev-001" && event.service === "hub",
	);
	cloud.disarm();
	probe.close();
});

test("who is served has no time that runs, and is the oldest all the same", LIMIT, async () => {
	const server = createServer();
	const few = new HalfOpen(clock, 2);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	const come = async () => {
		const came = once(server, "connection");
		const client = connectTcp(port, "127.0.0.1").on("error", () => {});
		return { client, door: few.door((await came)[0]) };
	};
	const [first, second] = [await come(), await come()];
	first.door.serve();
	await clock.advance(MINUTE_MS - 1);
	first.door.serve();
	second.door.done();
	await clock.advance(MINUTE_MS);
	const third = await come();
	assert.deepEqual(
		[first, second].map(({ client }) => client.destroyed),
		[false, false],
	);
	// Known, it is no longer counted: being served does not bring it back.
	second.door.serve();
	const gone = once(first.client, "close");
	const fourth = await come();
	await gone;
	assert.deepEqual(
		[second, third, fourth].map(({ client }) => client.destroyed),
		[false, false, false],
	);
	for (const { client } of [second, third, fourth]) client.destroy();
	server.close();
});

test("of too many the oldest goes", LIMIT, async () => {
	const server = createServer();
	const few = new HalfOpen(clock, 2);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	const clients: Socket[] = [];
	for (let i = 0; i < 4; i++) {
		const came = once(server, "connection");
		clients.push(connectTcp(port, "127.0.0.1"));
		const door = few.door((await came)[0]);
		if (i === 0) door.done();
	}
	await once(clients[1]!, "close");
	assert.deepEqual(
		clients.map(({ destroyed }) => destroyed),
		[false, true, false, false],
	);
	for (const client of clients) client.destroy();
	server.close();
});

test(
	"a client that comes again from the same port while its reset connection has not ended here is served",
	LIMIT,
	async () => {
		// Both are there when the cloud looks: the end of the first comes behind the beginning of the second.
		const { port, settings } = cloud;
		let under: Socket | undefined;
		// Another program may have taken the port meanwhile.
		for (let i = 0; i < 10 && under === undefined; i++) {
			const first = connectTcp(port, "127.0.0.1").on("error", () => {});
			await once(first, "connect");
			const { localPort } = first;
			first.resetAndDestroy();
			const again = connectTcp({ port, host: "127.0.0.1", localPort: localPort! });
			under = await once(again, "connect").then(
				() => again,
				() => undefined,
			);
		}
		assert(under !== undefined);
		const second = connect({ socket: under, ca: settings.ca, servername: "localhost" });
		await once(second, "secureConnect");
		second.write("GET /updates/none HTTP/1.1\r\nHost: x\r\n\r\n");
		assert.match(String((await once(second, "data"))[0]), /^HTTP\/1.1 404 /);
		second.destroy();
	},
);
