/** src/mqtt/client.ts: over the fake wire and clock, where every moment is exact, and over real TCP and TLS. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as NodeSocket, type Server } from "node:net";
import { after, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { clock as realClock } from "../../hw/node/clock.ts";
import { createWire } from "../../hw/node/wire.ts";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { type Client, type ClientOptions, openClient } from "../../src/mqtt/client.ts";
import type { Wire } from "../../src/port.ts";
import { decodePem } from "../../src/x509/pem.ts";
import { Broker, type Intercept, type Peer } from "../support/broker.ts";
import { FakeClock } from "../support/clock.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { FakeWire, type Link } from "../support/wire.ts";
import { plainWire } from "./plain-wire.ts";

/** How long nothing happens in the virtual runs that must have come to an end by themselves. */
const HOUR = 3600_000;

const TO = { host: "127.0.0.1", port: 8883, anchors: [], timeoutSeconds: 10 };

/** The whole of a short life; every callback leaves a line. */
function live(options: Partial<ClientOptions> & Pick<ClientOptions, "wire" | "clock">) {
	const lines: string[] = [];
	let within = false;
	const note = (line: string): void => {
		if (within) lines.push(`WITHIN A CALL: ${line}`);
		lines.push(line);
	};
	/** Calls the client, on the watch for callbacks that come before it returns. */
	const call = (act: (client: Client) => void): void => {
		const before = within;
		within = true;
		act(client);
		within = before;
	};
	const done = (name: string, next?: (client: Client) => void) => (fault?: Fault) => {
		note(`${name} ${fault?.code ?? "done"}`);
		if (!fault && next) call(next);
	};
	const client: Client = openClient(
		{
			connect: TO,
			clientId: "dev-001",
			clean: true,
			keepAliveSeconds: 240,
			maxPacketBytes: 200_000,
			timeoutSeconds: 30,
			...options,
		},
		{
			onOpen: () => {
				note("open");
				call((client) => client.subscribe("a/#", done("subscribe", publishBoth)));
			},
			onMessage: (topic, payload) => {
				note(`message ${topic} ${utf8Text(payload)}`);
				if (topic === "a/2") call((client) => client.close());
			},
			onClose: (fault) => note(`close ${fault?.code}`),
		},
	);
	const publishBoth = (client: Client): void => {
		client.publish("a/1", utf8("one"), 0, done("publish 0"));
		client.publish("a/2", utf8("two"), 1, done("publish 1"));
	};
	return { client, lines, call, done };
}

const WHOLE = [
	"open",
	"subscribe done",
	"publish 0 done",
	"message a/1 one",
	"publish 1 done",
	"message a/2 two",
	"close undefined",
];

function fake(link: Link = {}, intercept?: Intercept, options: Partial<ClientOptions> = {}) {
	const clock = new FakeClock();
	const broker = new Broker();
	if (intercept) broker.intercept = intercept;
	const wire = new FakeWire({ clock, serve: broker.serve, link: () => link });
	return { clock, broker, wire, ...live({ wire, clock, ...options }) };
}

describe("over the fake wire", () => {
	test("connects, subscribes, publishes, receives and ends; no callback within a call, no timer left behind", async () => {
		const { clock, broker, lines } = fake();
		await clock.advance(HOUR);
		assert.deepEqual(lines, WHOLE);
		assert.deepEqual(broker.log, ["connect", "subscribe", "publish a/1", "publish a/2", "puback", "disconnect"]);
		assert.equal(clock.waiting, 0);
	});

	test("the same when everything arrives byte by byte", async () => {
		const { clock, lines } = fake({ pieces: 1 });
		await clock.advance(HOUR);
		assert.deepEqual(lines, WHOLE);
	});

	test("cut after every byte in either direction: each operation ends once, onClose comes once and last", async (t) => {
		const { wire, clock } = fake();
		await clock.advance(HOUR);
		let cuts = 0;
		for (const [direction, bytes] of [
			["cutAfterSent", wire.sent],
			["cutAfterReceived", wire.received],
		] as const) {
			for (let at = 0; at < bytes; at++, cuts++) {
				const { clock, lines } = fake({ [direction]: at });
				await clock.advance(HOUR);
				const names = lines.map((line) => line.replace(/ \S+$/, ""));
				assert.equal(new Set(names).size, names.length, `${direction} ${at}: ${lines}`);
				assert.match(lines.at(-1)!, /^close (wire\.closed|undefined)$/, `${direction} ${at}: ${lines}`);
				const asked = lines.includes("subscribe done") ? ["subscribe", "publish 0", "publish 1"] : [];
				for (const name of asked) assert.ok(names.includes(name), `${direction} ${at}: no end of ${name}`);
				assert.equal(clock.waiting, 0);
			}
		}
		t.diagnostic(`${cuts} cuts`);
	});

	test("an idle connection is kept alive by a ping every 240 s and one timer", async () => {
		const { clock, broker, lines } = fake({}, (packet) => packet.cmd === "subscribe", { timeoutSeconds: 4 * 3600 });
		await clock.advance(HOUR);
		assert.deepEqual(lines, ["open"]);
		assert.equal(broker.log.filter((line) => line === "pingreq").length, 14);
		assert.equal(clock.waiting, 1);
	});

	for (const [silence, cmd, expected] of [
		["CONNECT", "connect", ["close mqtt.timeout"]],
		["SUBSCRIBE", "subscribe", ["open", "subscribe mqtt.timeout", "close mqtt.timeout"]],
		["PINGREQ", "pingreq", ["open", "close mqtt.timeout"]],
	] as const)
		test(`a broker that does not answer ${silence} is left after the time-out`, async () => {
			const intercept: Intercept = ({ cmd: got }) => got === cmd;
			const { clock, lines, broker } = fake({}, intercept);
			if (cmd === "pingreq") {
				// Nothing subscribed: the session idles.
				broker.intercept = (packet, send) => {
					if (packet.cmd === "subscribe") send({ cmd: "suback", messageId: packet.messageId!, granted: [0x80] });
					return packet.cmd === "subscribe" || packet.cmd === "pingreq";
				};
			}
			await clock.until(() => lines.at(-1)?.startsWith("close") === true);
			assert.deepEqual(
				lines.filter((line) => line !== "subscribe mqtt.subscribe"),
				expected,
			);
			assert.ok(clock.ticks() >= 30_000);
			await clock.advance(1000);
			assert.equal(clock.waiting, 0);
		});

	test("a broker that stops reading in the middle of the answer is left at the operation's deadline", async () => {
		const { clock, lines } = fake({}, (packet) => packet.cmd === "publish" && packet.qos === 1);
		await clock.until(() => lines.at(-1)?.startsWith("close") === true);
		assert.deepEqual(lines.slice(-2), ["publish 1 mqtt.timeout", "close mqtt.timeout"]);
		assert.ok(clock.ticks() < 40_000);
	});

	test("the wire's own fault comes through; what is asked for afterwards fails with mqtt.closed", async () => {
		const { Fault } = await import("../../src/fault.ts");
		const { clock, lines, call, done } = fake({ refuse: new Fault("tls.untrusted", "unknown root") });
		await clock.advance(1000);
		call((client) => client.publish("t", utf8("x"), 1, done("late")));
		call((client) => client.close());
		await clock.advance(1000);
		assert.deepEqual(lines, ["close tls.untrusted", "late mqtt.closed"]);
		assert.equal(clock.waiting, 0);
	});
});

describe("over sockets", () => {
	const servers: Server[] = [];
	after(() => {
		for (const server of servers) server.close();
	});

	/** A broker behind node:net or node:tls, on a free port. */
	async function listen(server: Server, event: "connection" | "secureConnection"): Promise<number> {
		servers.push(server);
		const broker = new Broker();
		server.on(event, (socket: NodeSocket) => {
			const peer: Peer = {
				onData() {},
				onClose() {},
				write: (b: Uint8Array) => socket.write(b),
				close: () => socket.end(),
			};
			broker.serve(peer);
			socket.on("data", (bytes) => peer.onData(bytes));
			socket.on("close", () => peer.onClose());
			socket.on("error", () => {});
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return (server.address() as AddressInfo).port;
	}

	const run = (wire: Wire, connect: ClientOptions["connect"]): Promise<string[]> =>
		new Promise((resolve) => {
			const { lines } = live({
				connect,
				clock: realClock,
				wire: {
					connect: (options, events) =>
						wire.connect(options, {
							onOpen: () => events.onOpen(),
							onData: (bytes) => events.onData(bytes),
							onClose: (fault) => {
								events.onClose(fault);
								resolve(lines);
							},
						}),
				},
			});
		});

	test("plain TCP", async () => {
		const port = await listen(createServer(), "connection");
		assert.deepEqual((await run(plainWire, { ...TO, port })).sort(), [...WHOLE].sort());
	});

	test("TLS by node:tls, with the certificate made by openssl", { skip: noOpenssl }, async () => {
		const cwd = temporaryFolder();
		const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
		const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
		openssl(["req", "-x509", ...key, ...name, "-days", "2", "-out", "cert.pem"], { cwd });
		const { readFileSync } = await import("node:fs");
		const cert = readFileSync(`${cwd}/cert.pem`, "utf8");
		const server = createTlsServer({ cert, key: readFileSync(`${cwd}/key.pem`) });
		const port = await listen(server, "secureConnection");
		const anchors = decodePem(cert).map(({ der }) => der);
		const lines = await run(createWire(), { ...TO, host: "localhost", port, anchors });
		assert.deepEqual(lines.sort(), [...WHOLE].sort());
		assert.deepEqual(await run(createWire(), { ...TO, host: "localhost", port, anchors: [] }), ["close tls.untrusted"]);
	});
});
