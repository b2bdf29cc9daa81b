/** What an operator does to the local cloud, over its HTTP API, and what a device sees of it. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { clock } from "../../hw/node/clock.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { enrol, type Json, openHub, type Probe, register } from "./cloud-probe.ts";

const QUICK = { retryAfterSeconds: 0, polls: 0, apiPort: 0 };

let cloud: Cloud;
before(async () => {
	cloud = await startCloud(QUICK);
});
after(() => cloud.close());

test("desired properties are pushed with their version, and are in the twin", async () => {
	const probe = await connected(cloud, "dev-001");
	await probe.subscribe("$iothub/twin/PATCH/properties/desired/#");
	assert.deepEqual(await call("PATCH", "/devices/dev-001/desired", { interval: 5, old: 1 }), { version: 2 });
	const first = await probe.message("$iothub/twin/PATCH/properties/desired/");
	assert(first !== "closed");
	assert.equal(first.topic, "$iothub/twin/PATCH/properties/desired/?$version=2");
	assert.deepEqual(first.json, { interval: 5, old: 1, $version: 2 });
	await call("PATCH", "/devices/dev-001/desired", { old: null });
	const second = await probe.message("$iothub/twin/PATCH/properties/desired/");
	assert(second !== "closed");
	assert.deepEqual(second.json, { old: null, $version: 3 });
	await probe.subscribe("$iothub/twin/res/#");
	await probe.publish("$iothub/twin/GET/?$rid=1", "");
	const twin = await probe.message("$iothub/twin/res/200/");
	assert(twin !== "closed");
	assert.deepEqual(twin.json.desired, { interval: 5, $version: 3 });
	const device = await call("GET", "/devices/dev-001");
	assert.equal(device.connected, true);
	assert.deepEqual(device.desired, { interval: 5, $version: 3 });
	probe.close();
});

test("a method call reaches the device and its answer comes back; offline, late and malformed say so", async () => {
	const probe = await connected(cloud, "dev-001");
	assert.deepEqual(await call("POST", "/devices/dev-001/methods/reboot", {}), { error: "offline" });
	await probe.subscribe("$iothub/methods/POST/#");
	const called = call("POST", "/devices/dev-001/methods/reboot", { payload: { delay: 3 } });
	const request = await probe.message("$iothub/methods/POST/reboot/");
	assert(request !== "closed");
	assert.deepEqual(request.json, { delay: 3 });
	const rid = /\$rid=(\w+)$/.exec(request.topic)![1];
	await probe.publish(`$iothub/methods/res/202/?$rid=${rid}`, '{"ok":true}');
	assert.deepEqual(await called, { status: 202, payload: { ok: true } });
	const late = call("POST", "/devices/dev-001/methods/reboot", { timeoutSeconds: 0.01 });
	assert.deepEqual(await late, { error: "timeout" });
	const lost = call("POST", "/devices/dev-001/methods/reboot", {});
	await probe.message("$iothub/methods/POST/reboot/");
	await probe.message("$iothub/methods/POST/reboot/");
	probe.close();
	assert.deepEqual(await lost, { error: "offline" });
});

test("messages wait for the device, come with properties, and come again until acknowledged; 50 at most", async () => {
	await enrol(cloud, "dev-001");
	const { id } = await call("POST", "/devices/dev-001/messages", { body: "open", properties: { door: "a/b" } });
	const probe = await connected(cloud, "dev-001");
	await probe.subscribe("devices/dev-001/messages/devicebound/#");
	const isMessage = (packet: { cmd: string }) => packet.cmd === "publish";
	const unacknowledged = await probe.next(isMessage);
	assert(unacknowledged !== "closed" && unacknowledged.cmd === "publish");
	assert.equal(unacknowledged.payload.toString(), "open");
	assert.match(unacknowledged.topic, /%24\.to=%2Fdevices%2Fdev-001%2Fmessages%2FdeviceBound/);
	assert.match(unacknowledged.topic, new RegExp(`%24\\.mid=${id}.*&door=a%2Fb$`));
	assert.equal((await call("GET", "/devices/dev-001")).messagesWaiting, 1);
	probe.close();
	const again = await connected(cloud, "dev-001");
	await again.subscribe("devices/dev-001/messages/devicebound/#");
	const packet = await again.next(isMessage);
	assert(packet !== "closed" && packet.cmd === "publish");
	again.send({ cmd: "puback", messageId: packet.messageId! });
	await cloud.seen((event) => event.event === "message-acknowledged" && event.id === id);
	assert.equal((await call("GET", "/devices/dev-001")).messagesWaiting, 0);
	again.close();
	await cloud.seen(() => cloud.service.hub.session("dev-001") === undefined);
	for (let i = 0; i < 50; i++) await call("POST", "/devices/dev-001/messages", { body: String(i) });
	assert.match((await call("POST", "/devices/dev-001/messages", { body: "51" }, 400)).error, /50/);
});

test("a revoked or expired certificate ends the connection and is refused; a new one is accepted", async () => {
	for (const what of ["revoke", "expire"]) {
		const identity = await enrol(cloud, "dev-001");
		const { probe } = await openHub(cloud, "dev-001", { identity });
		await call("POST", `/devices/dev-001/certificates/${what}`);
		await probe.ended();
		assert.equal((await openHub(cloud, "dev-001", { identity })).connack, 5);
		assert.match((await call("GET", "/devices/dev-001")).certificates[0].standing, /revoked|expired/);
		(await connected(cloud, "dev-001")).close();
	}
});

test("a moved device is assigned its new hub, and the old one refuses it", async () => {
	const identity = await enrol(cloud, "dev-001");
	const { probe } = await openHub(cloud, "dev-001", { identity });
	await call("POST", "/devices/dev-001/move", { hub: "127.0.0.1" });
	await probe.ended();
	assert.equal((await openHub(cloud, "dev-001", { identity })).connack, 5);
	const answer = await register(cloud, "dev-001", "");
	assert(answer !== "closed");
	assert.equal(answer.json.registrationState.assignedHub, `127.0.0.1:${cloud.port}`);
	const moved = await openHub(cloud, "dev-001", { identity, host: `127.0.0.1:${cloud.port}` });
	assert.equal(moved.connack, 0);
	moved.probe.close();
	await call("POST", "/devices/dev-001/move", { hub: "elsewhere" }, 400);
	await call("POST", "/devices/dev-001/move", { hub: "localhost" });
});

test("a disabled device is disconnected, refused by the hub, and told so by DPS", async () => {
	const identity = await enrol(cloud, "dev-001");
	const { probe } = await openHub(cloud, "dev-001", { identity });
	await call("POST", "/devices/dev-001/disable");
	await probe.ended();
	assert.equal((await openHub(cloud, "dev-001", { identity })).connack, 5);
	const answer = await register(cloud, "dev-001", "");
	assert(answer !== "closed");
	assert.equal(answer.json.status, "disabled");
	await call("POST", "/devices/dev-001/enable");
	const enabled = await openHub(cloud, "dev-001", { identity });
	assert.equal(enabled.connack, 0);
	enabled.probe.close();
});

test("a rolled authority issues from a new root; the old one stays trusted, or is forgotten", async () => {
	const own = await startCloud(QUICK);
	const old = await enrol(own, "dev-001");
	const { probe } = await openHub(own, "dev-001", { identity: old });
	await own.operator.rollCa(false);
	const renewed = await enrol(own, "dev-001");
	assert.notEqual(renewed.chain[2], old.chain[2]);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "still here"), "puback");
	for (const identity of [old, renewed]) {
		const opened = await openHub(own, "dev-001", { identity });
		assert.equal(opened.connack, 0);
		opened.probe.close();
	}
	await own.operator.rollCa(true);
	for (const identity of [old, renewed]) assert.equal((await openHub(own, "dev-001", { identity })).connack, 5);
	(await connected(own, "dev-001")).close();
	await own.close();
});

test("faults are armed, listed and disarmed; events can be read", async () => {
	await call("POST", "/faults", { fault: "throttle=2:3" });
	assert.deepEqual(await call("GET", "/faults"), ["throttle=2:3"]);
	await call("POST", "/faults", { fault: "nonsense" }, 400);
	await call("DELETE", "/faults/throttle");
	assert.deepEqual(await call("GET", "/faults"), []);
	const events: Json[] = await call("GET", "/events");
	assert(events.some(({ event }) => event === "operator"));
	assert(!JSON.stringify(events).includes(cloud.symmetricKey));
});

test("limits: DPS answers 429 beyond its rate, the hub CONNACK 3", async () => {
	// A second that does not pass, however slow the machine.
	const still = { ...clock, ticks: () => 0 };
	const strict = await startCloud({ ...QUICK, clock: still, limits: { registrations: 1, connections: 1 } });
	const identity = await enrol(strict, "dev-001");
	const throttled = await register(strict, "dev-001", "");
	assert(throttled !== "closed");
	assert.equal(throttled.json.errorCode, 429001);
	assert.match(throttled.topic, /retry-after=1/);
	const first = await openHub(strict, "dev-001", { identity });
	const second = await openHub(strict, "dev-001", { identity });
	assert.deepEqual([first.connack, second.connack], [0, 3]);
	first.probe.close();
	await strict.close();
});

test("everything an operator did survives a restart", async () => {
	const stateFolder = temporaryFolder();
	const first = await startCloud({ ...QUICK, stateFolder });
	const revoked = await enrol(first, "dev-001");
	first.operator.withdraw("dev-001", "revoked");
	await first.operator.rollCa(true);
	first.operator.pushDesired("dev-001", { old: true });
	first.operator.sendMessage("dev-001", "of the old hub");
	first.operator.move("dev-001", "127.0.0.1");
	first.operator.pushDesired("dev-001", { kept: true });
	first.operator.sendMessage("dev-001", "kept");
	await first.close();
	const second = await startCloud({ ...QUICK, stateFolder });
	const device = second.device("dev-001")!;
	assert.deepEqual([device.hub, device.desired.properties, device.messages.length], ["127.0.0.1", { kept: true }, 1]);
	const host = `127.0.0.1:${second.port}`;
	assert.equal((await openHub(second, "dev-001", { identity: revoked, host })).connack, 5);
	const identity = await enrol(second, "dev-001");
	const { probe, connack } = await openHub(second, "dev-001", { identity, host });
	assert.equal(connack, 0);
	await probe.subscribe("devices/dev-001/messages/devicebound/#");
	assert((await probe.next((packet) => packet.cmd === "publish")) !== "closed");
	probe.close();
	await second.close();
});

test("the API refuses: no token, another host name, another origin, unknown routes and devices, oversized bodies", async () => {
	const status = async (path: string, headers: Record<string, string> = {}, method = "GET", body?: string) =>
		(await http(method, path, body, headers)).status;
	assert.equal(await status("/devices", { authorization: "" }), 401);
	assert.equal(await status("/devices", { authorization: "Bearer x" }), 401);
	assert.equal(await status("/devices", { host: "rebound.example" }), 403);
	assert.equal(await status("/devices", { origin: "http://elsewhere.example" }), 403);
	assert.equal(await status("/nothing"), 404);
	assert.equal(await status("/devices/nobody"), 404);
	assert.equal(await status("/devices", {}, "DELETE"), 405);
	assert.equal(await status("/faults", {}, "POST", "{"), 400);
	assert.equal(await status("/faults", {}, "POST", "[]"), 400);
	assert.equal(await status("/faults", {}, "POST", `"${"x".repeat(400_000)}"`), 413);
	assert.equal(await status("/devices/%E0%A4%A"), 400);
	assert.equal(await status("/devices"), 200);
});

async function connected(to: Cloud, deviceId: string): Promise<Probe> {
	const { probe, connack } = await openHub(to, deviceId, { identity: await enrol(to, deviceId) });
	assert.equal(connack, 0);
	return probe;
}

async function call(method: string, path: string, body?: object, expected = 200): Promise<Json> {
	const { status, text } = await http(method, path, body && JSON.stringify(body));
	assert.equal(status, expected, text);
	return JSON.parse(text);
}

function http(
	method: string,
	path: string,
	body?: string,
	headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
	return new Promise((resolve, reject) => {
		const authorization = `Bearer ${cloud.apiToken}`;
		const sent = request(`${cloud.apiUrl}${path}`, { method, headers: { authorization, ...headers } }, (response) => {
			let text = "";
			response.setEncoding("utf8").on("data", (part) => {
				text += part;
			});
			response.on("end", () => resolve({ status: response.statusCode!, text }));
		});
		sent.on("error", reject);
		sent.end(body);
	});
}
