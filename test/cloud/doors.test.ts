/** The cloud's doors besides MQTT over TLS: MQTT over WebSocket and DPS over HTTPS, on the same port. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { after, before, test } from "node:test";
import { generate } from "mqtt-packet";
import { createWebSocketStream, WebSocket } from "ws";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { chainPem, enrol, type Identity, type Json, makeCsr, openHub, Probe, sas } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 3, polls: 2 });
	cloud.operator.createDevice("dev-001");
});
after(() => cloud.close());

const hubUser = "localhost/dev-001/?api-version=2021-04-12";
const hubToken = () => sas("localhost/devices/dev-001", cloud.symmetricKey);
const dpsToken = () => sas(`${cloud.idScope}/registrations/dev-001`, cloud.symmetricKey);

test("DPS and hub answer MQTT over WebSocket, by SAS and by certificate", async () => {
	const dps = await dialWebSocket();
	const username = `${cloud.idScope}/registrations/dev-001/api-version=2025-07-01-preview`;
	assert.equal(await dps.connect({ username, clientId: "dev-001", password: dpsToken() }), 0);
	await dps.subscribe("$dps/registrations/res/#");
	await dps.publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "");
	const answer = await dps.message("$dps/registrations/res/202/");
	assert(answer !== "closed" && answer.json.status === "assigning");
	dps.close();

	const byKey = await dialWebSocket({ path: "$iothub/websocket?iothub-no-client-cert=true" });
	assert.equal(await byKey.connect({ username: hubUser, clientId: "dev-001", password: hubToken() }), 0);
	assert.equal(await byKey.publish("devices/dev-001/messages/events/", "x".repeat(200_000)), "puback");
	assert.equal(cloud.telemetry.at(-1)!.body.length, 200_000);
	assert.equal(cloud.connections.at(-1)!.transport, "ws");

	const byCertificate = await dialWebSocket({ identity: await enrol(cloud, "dev-001") });
	assert.equal(await byCertificate.connect({ username: hubUser, clientId: "dev-001" }), 0);
	assert.equal(cloud.connections.at(-1)!.credential, "x509");
	await byKey.ended();
	await cloud.seen((event) => event.event === "disconnected" && event.reason.includes("400027"));
	byCertificate.close();
});

test("a packet may be cut into frames anywhere, and frames hold several packets", async () => {
	const probe = await dialWebSocket();
	const connect = { username: hubUser, clientId: "dev-001", password: hubToken() };
	assert.equal(await probe.connect(connect), 0);
	const publish = generate({
		cmd: "publish",
		topic: "devices/dev-001/messages/events/",
		payload: "hi",
		qos: 0,
		dup: false,
		retain: false,
	});
	const bytes = Buffer.concat([publish, publish, generate({ cmd: "pingreq" })]);
	const before = cloud.telemetry.length;
	for (const byte of bytes) probe.raw(Uint8Array.of(byte));
	await probe.next((packet) => packet.cmd === "pingresp");
	probe.raw(bytes);
	await probe.next((packet) => packet.cmd === "pingresp");
	assert.equal(cloud.telemetry.length, before + 4);
	probe.close();
});

test("another path, no subprotocol, a text frame, too large a frame, and plain HTTP are refused", async () => {
	await assert.rejects(dialWebSocket({ path: "elsewhere" }), /404/);
	await assert.rejects(dialWebSocket({ protocol: "AMQPWSB10" }), /400/);
	const ca = readFileSync(cloud.rootCa, "utf8");
	const choosy = new WebSocket(`wss://localhost:${cloud.port}/$iothub/websocket`, ["AMQPWSB10", "mqtt"], { ca });
	await once(choosy, "open");
	assert.equal(choosy.protocol, "mqtt", "of those that are offered");
	choosy.terminate();
	for (const frame of ["text", Buffer.alloc(301 * 1024)]) {
		const socket = new WebSocket(`wss://localhost:${cloud.port}/$iothub/websocket`, "mqtt", { ca });
		await new Promise((resolve) => socket.once("open", resolve));
		socket.send(frame);
		await new Promise((resolve) => socket.once("close", resolve));
	}
	assert.equal((await ask("GET", "$iothub/websocket")).status, 404);
	const { connack, probe } = await openHub(cloud, "dev-001", { password: hubToken() });
	assert.equal(connack, 0, "the cloud goes on");
	probe.close();
});

test("ping-flood: so many pings behind an answer, and the connection goes on", async () => {
	cloud.arm("ping-flood=500:1");
	const ca = readFileSync(cloud.rootCa, "utf8");
	// With its own answers `ws` ends a connection on which too many of them wait.
	const options = { ca, autoPong: false };
	const socket = new WebSocket(`wss://localhost:${cloud.port}/$iothub/websocket`, "mqtt", options);
	let pings = 0;
	socket.on("ping", () => pings++);
	const probe = new Probe(createWebSocketStream(socket));
	await once(socket, "open");
	assert.equal(await probe.connect({ username: hubUser, clientId: "dev-001", password: hubToken() }), 0);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "still here"), "puback");
	assert.equal(pings, 500);
	socket.terminate();
});

test("upgrade-fields: so many more in the answer to the upgrade", async () => {
	cloud.arm("upgrade-fields=400:1");
	const socket = new WebSocket(`wss://localhost:${cloud.port}/$iothub/websocket`, "mqtt", {
		ca: readFileSync(cloud.rootCa, "utf8"),
	});
	const [{ rawHeaders }] = await once(socket, "upgrade");
	assert.equal(rawHeaders.filter((name: string) => /^f\d+$/.test(name)).length, 400);
	socket.terminate();
});

test("mqtt-blocked closes or ignores MQTT over TLS, and nothing else", async () => {
	cloud.arm("mqtt-blocked:1");
	assert.equal((await openHub(cloud, "dev-001", { password: hubToken() })).connack, "closed");
	cloud.arm("mqtt-blocked=silent");
	const mute = await Probe.dial(cloud);
	mute.raw(Uint8Array.of(0x10));
	const probe = await dialWebSocket();
	assert.equal(await probe.connect({ username: hubUser, clientId: "dev-001", password: hubToken() }), 0);
	cloud.disarm();
	probe.close();
	mute.close();
});

test("DPS over HTTPS: PUT register, GET operations, POST for the state; a CSR is honoured", async () => {
	const { base64: csr, keyPem } = await makeCsr("dev-001");
	const path = `${cloud.idScope}/registrations/dev-001`;
	const body = { registrationId: "dev-001", csr, payload: { floor: 3 } };
	const started = await ask("PUT", `${path}/register?api-version=2025-07-01-preview`, { body, token: dpsToken() });
	assert.equal(started.status, 202);
	assert.equal(started.headers["retry-after"], "3");
	assert.equal(started.headers.location, `https://localhost:${cloud.port}/${path}/register`);
	const operation = `${path}/operations/${started.json.operationId}?api-version=2025-07-01-preview`;
	assert.equal((await ask("GET", operation, { token: dpsToken() })).json.status, "assigning");
	const { status, json } = await ask("GET", operation, { token: dpsToken() });
	assert.equal(status, 200);
	assert.deepEqual(json.registrationState.payload, { floor: 3 });
	const identity = { key: keyPem, cert: chainPem(json.registrationState.issuedCertificateChain) };
	const { connack, probe } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0);
	probe.close();
	const state = await ask("POST", `${path}?api-version=2021-06-01`, { body: {}, token: dpsToken() });
	assert.equal(state.json.status, "assigned");
	assert.equal(state.json.assignedHub, `localhost:${cloud.port}`);
});

test("DPS over HTTPS: a certificate instead of a token; refusals with their status", async () => {
	const identity = {
		cert: readFileSync(cloud.onboardingCert, "utf8"),
		key: readFileSync(cloud.onboardingKey, "utf8"),
	};
	const path = `${cloud.idScope}/registrations/dev-001`;
	const register = `${path}/register?api-version=2021-06-01`;
	assert.equal((await ask("PUT", register, { body: { registrationId: "dev-001" }, identity })).status, 202);
	const refused: [string, string, object, number, number?][] = [
		["no credential", register, {}, 401, 401002],
		["wrong key", register, { token: sas(path, cloud.groupKey) }, 401, 401002],
		["no api-version", `${path}/register`, { token: dpsToken() }, 400, 400001],
		["not JSON", register, { token: dpsToken(), text: "{" }, 400, 400006],
		["another id in the body", register, { token: dpsToken(), body: { registrationId: "x" } }, 400, 400004],
		["too large", register, { token: dpsToken(), text: "x".repeat(70_000) }, 413],
	];
	for (const [name, target, options, status, errorCode] of refused) {
		const answer = await ask("PUT", target, options);
		assert.equal(answer.status, status, name);
		assert.equal(answer.json?.errorCode, errorCode, name);
	}
	assert.equal((await ask("GET", register)).status, 405);
	const unknown = await ask("GET", `${path}/operations/none?api-version=2021-06-01`, { token: dpsToken() });
	assert.equal(unknown.json.errorCode, 404202);
	cloud.arm("throttle=7:1");
	const throttled = await ask("PUT", register, { token: dpsToken() });
	assert.equal(throttled.status, 429);
	assert.equal(throttled.headers["retry-after"], "7");
});

interface Ask {
	readonly body?: object;
	readonly text?: string;
	readonly token?: string;
	readonly identity?: Identity;
}

function ask(method: string, path: string, { body, text, token, identity }: Ask = {}) {
	const ca = readFileSync(cloud.rootCa, "utf8");
	const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: token }) };
	return new Promise<{ status: number; headers: Record<string, unknown>; json: Json }>((resolve, reject) => {
		const options = {
			method,
			host: "localhost",
			port: cloud.port,
			path: `/${path}`,
			ca,
			headers,
			...identity,
			agent: false,
		};
		const sent = request(options, (response) => {
			let received = "";
			response.on("data", (bytes) => {
				received += bytes;
			});
			response.on("end", () => {
				const json = received === "" ? undefined : JSON.parse(received);
				resolve({ status: response.statusCode!, headers: response.headers, json });
			});
		});
		sent.once("error", reject);
		sent.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
	});
}

interface Dial {
	readonly identity?: Identity;
	readonly path?: string;
	readonly protocol?: string;
}

/** Rejects when the upgrade is refused. */
async function dialWebSocket({ identity, path = "$iothub/websocket", protocol = "mqtt" }: Dial = {}): Promise<Probe> {
	const ca = readFileSync(cloud.rootCa, "utf8");
	const socket = new WebSocket(`wss://localhost:${cloud.port}/${path}`, protocol, { ca, ...identity });
	const stream = createWebSocketStream(socket);
	socket.on("close", () => stream.destroy());
	const probe = new Probe(stream);
	await once(socket, "open");
	return probe;
}
