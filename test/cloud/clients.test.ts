/**
 * What other people's clients put on the wire, packet by packet: azure-sdk-for-c, the Python SDK's X.509 sample, the Java
 * SDK's renewal, Tasmota and clients of 2016.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { createEntity, saveEntity } from "../../cloud/pki.ts";
import { enrol, type Identity, makeCsr, openHub, Probe, register, sas } from "./cloud-probe.ts";

const PREVIEW = "2025-08-01-preview";

let cloud: Cloud;
let onboarding: Identity;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	onboarding = {
		cert: readFileSync(cloud.onboardingCert, "utf8"),
		key: readFileSync(cloud.onboardingKey, "utf8"),
	};
	cloud.operator.createDevice("dev-001");
});
after(() => cloud.close());

test("azure-sdk-for-c's C2D sample: the filter has + for the device id, and messages come", async () => {
	const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
	const { probe } = await openHub(cloud, "dev-001", {
		password,
		apiVersion: "2020-09-30&DeviceClientType=azsdk-c%2F1.6",
	});
	assert.equal(await probe.subscribe("devices/+/messages/devicebound/#"), 1);
	const id = cloud.operator.sendMessage("dev-001", "hello", { plain: null, empty: "", full: "a b" });
	const message = await probe.next((packet) => packet.cmd === "publish");
	assert(message !== "closed" && message.cmd === "publish");
	probe.send({ cmd: "puback", messageId: message.messageId! });
	assert.match(message.topic, /&plain&empty=&full=a%20b$/);
	await cloud.seen((event) => event.event === "message-acknowledged" && event.id === id);
	assert.equal(await probe.subscribe("devices/+/messages/events/#"), 0x80, "no other filter with +");
	probe.close();
});

test("the Python SDK's X.509 sample: one certificate for DPS and hub, where no CSR was sent", async () => {
	const before = await openHub(cloud, "dev-001", { identity: onboarding });
	assert.equal(before.connack, 5, "not before it has registered with it");
	const answer = await register(
		cloud,
		"dev-001",
		{ registrationId: "dev-001" },
		{ identity: onboarding, apiVersion: "2019-03-31" },
	);
	assert(answer !== "closed" && answer.json.status === "assigned");
	assert.deepEqual(answer.json.registrationState.x509, {});
	const clientType = "&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0";
	const { probe, connack } = await openHub(cloud, "dev-001", {
		identity: onboarding,
		apiVersion: `2021-04-12${clientType}`,
	});
	assert.equal(connack, 0);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "by X.509"), "puback");
	assert.equal(cloud.connections.at(-1)!.credential, "x509");
	probe.close();
	const identity = await enrol(cloud, "dev-001");
	const again = await openHub(cloud, "dev-001", { identity: onboarding });
	assert.equal(again.connack, 5, "whoever asked for a certificate connects with that");
	const issued = await openHub(cloud, "dev-001", { identity });
	assert.equal(issued.connack, 0);
	issued.probe.close();
});

test("the same in a group: any certificate of its authority for that name, and for no other", async () => {
	const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 };
	const certificate = async (commonName: string): Promise<Identity> => {
		const request = { commonName, role: { kind: "client" }, ...validity } as const;
		const { certificate: cert, key } = await saveEntity(await createEntity("P-256", request, cloud.ca.onboarding));
		return { cert, key };
	};
	const own = await certificate("board-1");
	const options = { identity: own, apiVersion: "2019-03-31" };
	const foreign = await register(cloud, "board-2", { registrationId: "board-2" }, options);
	assert(foreign !== "closed" && foreign.json.errorCode === 401002);
	const answer = await register(cloud, "board-1", { registrationId: "board-1" }, options);
	assert(answer !== "closed");
	assert.deepEqual(answer.json.registrationState.x509, { enrollmentGroupId: "local-group" });
	const connacks: [Identity, number][] = [
		[own, 0],
		[await certificate("board-1"), 0],
		[await certificate("board-2"), 5],
		[onboarding, 5],
	];
	for (const [identity, returnCode] of connacks) {
		const { probe, connack } = await openHub(cloud, "board-1", { identity });
		assert.equal(connack, returnCode);
		probe.close();
	}
});

test("the Java SDK's renewal: null is the same as absent", async () => {
	const identity = await enrol(cloud, "dev-001");
	const { probe } = await openHub(cloud, "dev-001", { identity, apiVersion: PREVIEW, clean: false });
	await probe.subscribe("$iothub/credentials/res/#");
	const { base64: csr } = await makeCsr("dev-001");
	const body = JSON.stringify({ id: "dev-001", csr, replace: null });
	await probe.publish("$iothub/credentials/POST/issueCertificate/?$rid=java-0001", body);
	assert(await probe.message("$iothub/credentials/res/202/?$rid=java-0001"));
	const issued = await probe.message("$iothub/credentials/res/200/?$rid=java-0001");
	assert(issued !== "closed");
	assert.equal(issued.json.certificates.length, 3);
	probe.close();
});

test("a client like Tasmota: a retained will elsewhere, retained telemetry with names of its own, and no api-version", async () => {
	const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
	const probe = await Probe.dial(cloud);
	const will = { topic: "tele/dev-001/LWT", payload: Buffer.from("Offline"), qos: 1 as const, retain: true };
	const username = "localhost/dev-001/";
	assert.equal(await probe.connect({ clientId: "dev-001", username, password, connect: { will } }), 0);
	const topic = "devices/dev-001/messages/events/topic=tele%2Fdev-001%2FSTATE&$.mid=&flag";
	probe.send({ cmd: "publish", topic, payload: "{}", qos: 1, messageId: 7, dup: false, retain: true });
	assert.notEqual(await probe.next((packet) => packet.cmd === "puback"), "closed");
	const { properties } = cloud.telemetry.at(-1)!;
	assert.deepEqual(properties, { topic: "tele/dev-001/STATE", "$.mid": "", flag: null, "mqtt-retain": "true" });
	assert.equal(await probe.publish("devices/dev-001/messages/events/topic=x", "{}"), "puback");
	assert.deepEqual(cloud.telemetry.at(-1)!.properties, { topic: "x" }, "not retained");
	probe.close();
});

test("user names: parameters in any order, a version in the path, none at all; unknown versions are refused", async () => {
	const password = sas("localhost%2Fdevices%2Fdev-001%2Fapi-version%3D2016-11-14", cloud.symmetricKey, {
		encode: (s) => s,
	});
	const cases: [string, number][] = [
		["localhost/dev-001/?DeviceClientType=x%2F1&api-version=2021-04-12", 0],
		["localhost/dev-001/api-version=2016-11-14/DeviceClientType=x", 5],
		["localhost/dev-001/api-version=2016-11-14&DeviceClientType=x", 0],
		["localhost/dev-001", 0],
		["localhost/dev-001/?flag", 0],
		["localhost/dev-001/?", 0],
		["localhost/dev-001/?flag&api-version=2030-01-01", 5],
		["localhost/dev-001/?api-version=2021-04-12&flag", 0],
		["localhost/dev-001/?api-version=2030-01-01", 5],
		["localhost", 4],
		["localhost/dev-001/a/b", 4],
		[`localhost/dev-001/?model-id=${"x".repeat(2048)}`, 0],
		[`localhost/dev-001/?model-id=${"x".repeat(4096)}`, 4],
	];
	for (const [username, returnCode] of cases) {
		const probe = await Probe.dial(cloud);
		assert.equal(await probe.connect({ clientId: "dev-001", username, password }), returnCode, username);
		probe.close();
	}
});

test("wills: published after takeover, protocol errors and the operator's end; not after DISCONNECT", async () => {
	const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
	const wills = () => cloud.telemetry.filter(({ properties }) => properties["iothub-MessageType"] === "Will");
	const will = {
		topic: "devices/dev-001/messages/events/why=w",
		payload: Buffer.from("gone"),
		qos: 1 as const,
		retain: false,
	};
	const dial = async (keepalive = 60) => {
		const probe = await Probe.dial(cloud);
		const username = "localhost/dev-001/?api-version=2021-04-12";
		assert.equal(await probe.connect({ clientId: "dev-001", username, password, connect: { will, keepalive } }), 0);
		return probe;
	};
	const ends: [string, (probe: Probe) => unknown][] = [
		["protocol error", (probe) => probe.publish("devices/other/messages/events/", "")],
		["too large", (probe) => probe.publish("devices/dev-001/messages/events/", "x".repeat(257 * 1024))],
		["operator", () => cloud.operator.disconnect("dev-001")],
		["takeover", () => dial()],
	];
	for (const [name, end] of ends) {
		const count = wills().length;
		const probe = await dial();
		await end(probe);
		await probe.ended();
		assert.equal(wills().length, count + 1, name);
		assert.deepEqual(wills().at(-1)!.properties, { why: "w", "iothub-MessageType": "Will" });
	}
	const polite = await dial();
	const count = wills().length;
	polite.send({ cmd: "disconnect" });
	await polite.ended();
	assert.equal(wills().length, count);
});

test("a method may be answered with a negative status", async () => {
	const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
	const { probe } = await openHub(cloud, "dev-001", { password });
	await probe.subscribe("$iothub/methods/POST/#");
	const called = cloud.operator.callMethod("dev-001", "fails");
	const call = await probe.message("$iothub/methods/POST/fails/");
	assert(call !== "closed");
	await probe.publish(`$iothub/methods/res/-1/?${call.topic.split("?")[1]}`, "{}");
	assert.deepEqual(await called, { status: -1, payload: {} });
	probe.close();
});

test("an enrolment group: ids in lower case, up to 128 characters; the registration's record stays", async () => {
	const derive = (id: string) =>
		createHmac("sha256", Buffer.from(cloud.groupKey, "base64")).update(id).digest("base64");
	const ask = async (id: string) => {
		const answer = await register(cloud, id, { payload: { floor: 3 } }, { key: derive(id), apiVersion: "2021-06-01" });
		assert(answer !== "closed");
		return answer.json;
	};
	const capitals = await ask("Dev9");
	assert.equal(capitals.errorCode, 401002);
	assert.match(capitals.message, /lower case/);
	for (const id of ["a".repeat(129), "dev_", "dev.", "dev:", "-bad-", ".dev", "_dev", ":dev", "d%20v", "dév"])
		assert.equal((await ask(id)).errorCode, 400004, id);
	assert.equal((await ask("a.b_c:9-")).status, "assigned");
	const { registrationState: first } = await ask("a".repeat(128));
	assert.deepEqual(first.symmetricKey, { enrollmentGroupId: "local-group" });
	assert.deepEqual(first.payload, { floor: 3 });
	assert.equal(first.substatus, "initialAssignment");
	const { registrationState: second } = await ask("a".repeat(128));
	assert.equal(second.substatus, "reprovisionedToInitialAssignment");
	assert.equal(second.etag, first.etag);
	assert.equal(second.createdDateTimeUtc, first.createdDateTimeUtc);
	assert.match(Buffer.from(second.etag, "base64").toString(), /^"[0-9a-f-]{36}"$/);
	const password = sas("localhost/devices/dev-9", derive("dev-9"));
	assert.equal((await openHub(cloud, "dev-9", { password })).connack, 5, "not before it has registered");
	await ask("dev-9");
	assert.equal((await openHub(cloud, "dev-9", { password })).connack, 0);
	const unknown = await register(cloud, "dev-001", "", { apiVersion: "1999-01-01" });
	assert.equal(unknown !== "closed" && unknown.json.errorCode, 400001);
});
