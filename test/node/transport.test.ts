/** MQTT over WebSocket on Node: the agent where bare MQTT is blocked, what a server may answer instead, and HTTP proxies. */
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
	type AddressInfo,
	connect,
	createServer as createTcpServer,
	type Socket,
	type Server as TcpServer,
} from "node:net";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { certificatePem, createEntity, der, saveEntity } from "../../cloud/pki.ts";
import { createWire } from "../../hw/node/wire.ts";
import type { ConfigInput } from "../../src/config.ts";
import type { Fault, FaultCode } from "../../src/fault.ts";
import { Device } from "../support/device.ts";
import { assertFault, openWire } from "../support/wire-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

const transports = () => cloud.connections.map(({ service, transport }) => `${service} ${transport}`);
const connectedSince = (count: number) => transports().slice(count);

test("transport ws: enrolment and hub over WebSocket; mqtt: neither", async () => {
	for (const transport of ["ws", "mqtt"] as const) {
		const count = transports().length;
		assert.equal((await new Device(cloud).once({ transport })).fault, undefined);
		assert.deepEqual(connectedSince(count), [`dps ${transport}`, `hub ${transport}`]);
	}
});

test("auto: where TLS goes through and MQTT does not, the next attempt goes over WebSocket", async () => {
	cloud.arm("mqtt-blocked");
	const count = transports().length;
	const since = cloud.events.length;
	const agent = new Device(cloud).boot();
	const isNew = (event: object) => cloud.events.indexOf(event as never) >= since;
	await cloud.seen(
		(event) => isNew(event) && event.event === "connected" && event.service === "hub" && event.transport === "ws",
	);
	agent.close();
	await agent.finished;
	cloud.disarm();
	assert.deepEqual(connectedSince(count).slice(-2), ["dps ws", "hub ws"]);
});

test("a wire that drops what is no WebSocket: auto, one switch for both services, back again with the same identity", async () => {
	const device = new Device(cloud);
	const real = createWire();
	let blocked: "mqtt" | "ws" = "mqtt";
	const refusing = {
		connect: ((options, events) => {
			const isBlocked = (options.webSocket === undefined) === (blocked === "mqtt");
			return real.connect(isBlocked ? { ...options, port: 1 } : options, events);
		}) as typeof real.connect,
	};
	let count = transports().length;
	const first = await device.once({}, { wire: refusing });
	assert.equal(first.fault, undefined);
	assert.deepEqual(connectedSince(count), ["dps ws", "hub ws"]);
	const switched = first.steps.filter(({ step }) => step === "transport");
	assert.deepEqual(
		switched.map(({ detail }) => detail),
		[{ failed: "wire.refused", next: "ws" }],
		"once: it is remembered",
	);
	blocked = "ws";
	count = transports().length;
	const { length: registrations } = cloud.registrations;
	assert.equal((await device.once({}, { wire: refusing })).fault, undefined);
	assert.deepEqual(connectedSince(count), ["hub mqtt"]);
	assert.equal(cloud.registrations.length, registrations);
	assert.equal((await device.once({ transport: "ws" }, { wire: refusing })).fault?.code, "wire.refused");
});

test("what is no WebSocket is wire.websocket; a text frame ends the connection", async () => {
	const span = { notBefore: Date.now() - 86_400_000, notAfter: Date.now() + 86_400_000 };
	const root = await createEntity("P-256", { commonName: "Root", role: { kind: "root" }, ...span });
	const role = { kind: "server", hosts: ["localhost"] } as const;
	const leaf = await createEntity("P-256", { commonName: "server", role, ...span }, root);
	const credentials = { key: (await saveEntity(leaf)).key, cert: certificatePem(leaf) };
	const anchors = [new Uint8Array(der(root.certificate))];
	const upgrades: ((socket: Socket, key: string) => void)[] = [
		(socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
		(socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"),
		(socket) =>
			socket.end(
				"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
			),
		(socket) => socket.end("nonsense"),
		(socket) => socket.destroy(),
	];
	for (const answer of upgrades) {
		const server = createHttpsServer(credentials).on("upgrade", (request, socket) =>
			answer(socket as Socket, request.headers["sec-websocket-key"]!),
		);
		const port = await listen(server);
		assertFault(
			await openWire({ port, anchors, webSocket: "/$iothub/websocket", timeoutSeconds: 10 }),
			"wire.websocket",
		);
		server.close();
	}
	const silent = createHttpsServer(credentials).on("upgrade", () => {});
	const port = await listen(silent);
	assertFault(await openWire({ port, anchors, webSocket: "/x", timeoutSeconds: 1 }), "wire.timeout");
	silent.close();
	silent.closeAllConnections();
});

test("HTTPS_PROXY: DPS and hub through CONNECT, with its password; NO_PROXY, refusals and nonsense", async () => {
	const cloud = await startCloud({ retryAfterSeconds: 0, hosts: ["cloud.example"] });
	const asked: string[] = [];
	let status = "200 Connection established";
	const proxy = createHttpServer().on("connect", (request, socket) => {
		asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? "-"}`);
		if (request.url!.endsWith(":8883")) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
		if (!status.startsWith("200")) return void socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
		const through = connect(cloud.port, "127.0.0.1", () => {
			socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
			through.pipe(socket).pipe(through);
		});
		through.on("error", () => socket.destroy());
		socket.on("error", () => through.destroy());
	});
	const port = await listen(proxy);
	const dps = `cloud.example:${cloud.port}`;
	const run = async (HTTPS_PROXY: string, NO_PROXY = "", input: ConfigInput = { transport: "mqtt" }) => {
		const wire = createWire({ HTTPS_PROXY, NO_PROXY });
		return (await new Device(cloud).once(input, { wire })).fault;
	};
	assert.equal(await run(`http://us%40er:secret@127.0.0.1:${port}`), undefined);
	const authorization = `Basic ${Buffer.from("us@er:secret").toString("base64")}`;
	assert.deepEqual(
		asked,
		[`${dps} ${authorization}`, `${dps} ${authorization}`],
		"a name that only the proxy resolves",
	);
	asked.length = 0;
	const azure = { dps: "cloud.example", hub: "cloud.example" };
	assert.equal(await run(`http://127.0.0.1:${port}`, "", azure), undefined);
	const ports = asked.map((line) => line.split(" ")[0]);
	const ways = ["cloud.example:8883", "cloud.example:443", "cloud.example:443"];
	assert.deepEqual(ports, ways, "a proxy that lets nothing through but 443, as most do");
	status = "407 Proxy Authentication Required";
	const refused = await run(`http://us:secret@127.0.0.1:${port}`);
	assert.equal(refused?.code, "wire.proxy");
	assert.match(refused!.message, /answers 407/);
	assert.doesNotMatch(`${refused!.message} ${refused!.remedy}`, /secret/);
	assert.equal((await run("http://127.0.0.1:1"))?.code, "wire.proxy");
	for (const nonsense of ["ftp://127.0.0.1:1", "http://user%:secret@127.0.0.1:1", "http://"])
		assert.equal((await run(nonsense))?.code, "config.invalid", nonsense);
	assert.equal((await run(`http://127.0.0.1:${port}`, "other, .example"))?.code, "wire.dns", "not through the proxy");
	proxy.close();
	proxy.closeAllConnections();
	await cloud.close();
});

test("a proxy's refusal is told by its status, whatever comes behind the head; one that never answers is named", async () => {
	const refused = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nhello";
	const answers: [answer: string, code: FaultCode, said: RegExp][] = [
		[refused, "wire.proxy", /answers 407 Proxy Authentication Required$/],
		["HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\nhello", "wire.proxy", /answers 302 Found$/],
		["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "wire.proxy", /spoke before we did$/],
		["HTTP/1.1 407 Proxy", "wire.timeout", /: the proxy 127\.0\.0\.1:\d+ does not answer$/],
		["", "wire.timeout", / cloud\.example:8883: no connection after 1 s: the proxy 127\.0\.0\.1:\d+ does not answer$/],
		["HTTP/1.1 200 OK\r\n\r\n", "wire.timeout", /after 1 s through the proxy 127\.0\.0\.1:\d+$/],
	];
	const ends = answers.map(async ([answer, code, said]) => {
		const sockets: Socket[] = [];
		const proxy = createTcpServer((socket) => {
			sockets.push(socket.on("error", () => {}));
			socket.once("data", () => socket.write(answer));
		});
		const wire = createWire({ HTTPS_PROXY: `http://us:secret@127.0.0.1:${await listen(proxy)}` });
		const options = { host: "cloud.example", port: 8883, anchors: [], timeoutSeconds: 1 };
		const fault = await new Promise<Fault | undefined>((resolve) => {
			wire.connect(options, { onOpen() {}, onData() {}, onClose: resolve });
		});
		for (const socket of sockets) socket.destroy();
		proxy.close();
		assert.equal(fault?.code, code, answer);
		assert.match(fault!.message, said);
		assert.doesNotMatch(fault!.message, /secret/);
	});
	await Promise.all(ends);
});

async function listen(server: TcpServer): Promise<number> {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return (server.address() as AddressInfo).port;
}
