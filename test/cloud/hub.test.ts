/** The local cloud's hub: who may connect, telemetry, twin get and reported properties, one connection a device. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { chainPem, enrol, type Identity, makeCsr, openHub, register, sas } from "./cloud-probe.ts";

let cloud: Cloud;
let identity: Identity & { chain: string[] };
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	identity = await enrol(cloud, "dev-001");
});
after(() => cloud.close());

test("an issued certificate connects; telemetry is acknowledged and recorded with its properties", async () => {
	const { probe, connack } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0);
	const topic = "devices/dev-001/messages/events/$.ct=application%2Fjson&$.ce=utf-8&room=K%C3%BCche";
	assert.equal(await probe.publish(topic, '{"t":21}'), "puback");
	const received = cloud.telemetry.at(-1)!;
	assert.equal(Buffer.from(received.body).toString(), '{"t":21}');
	assert.deepEqual(received.properties, { "$.ct": "application/json", "$.ce": "utf-8", room: "Küche" });
	assert.equal(cloud.connections.at(-1)!.credential, "x509");
	probe.close();
});

test("SAS with the device's key connects, by host or host:port", async () => {
	for (const host of ["localhost", `localhost:${cloud.port}`]) {
		const password = sas(`${host}/devices/dev-001`, cloud.symmetricKey);
		const { probe, connack } = await openHub(cloud, "dev-001", { password, host });
		assert.equal(connack, 0, host);
		probe.close();
	}
});

test("other credentials are refused with CONNACK 5", async () => {
	const other = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	const onboarding = {
		cert: readFileSync(cloud.onboardingCert, "utf8"),
		key: readFileSync(cloud.onboardingKey, "utf8"),
	};
	cloud.arm("expired-cert:1");
	const expired = await enrol(cloud, "dev-001");
	cloud.arm("not-yet-valid:1");
	const early = await enrol(cloud, "dev-001");
	cloud.arm("wrong-cn:1");
	const foreignName = await enrol(cloud, "dev-001");
	const cases: [string, string, { identity?: Identity; password?: string; host?: string }][] = [
		["no credential", "dev-001", {}],
		["onboarding certificate", "dev-001", { identity: onboarding }],
		["another authority's certificate", "dev-001", { identity: await enrol(other, "dev-001") }],
		["another device's certificate", "dev-002", { identity }],
		["a certificate of another name", "dev-001", { identity: foreignName }],
		["an expired certificate", "dev-001", { identity: expired }],
		["a certificate of tomorrow", "dev-001", { identity: early }],
		["a leaf without its chain", "dev-001", { identity: { ...identity, cert: chainPem(identity.chain.slice(0, 1)) } }],
		["another key's SAS", "dev-001", { password: sas("localhost/devices/dev-001", cloud.groupKey) }],
		["another device's SAS", "dev-001", { password: sas("localhost/devices/dev-002", cloud.symmetricKey) }],
		["another hub's SAS", "dev-001", { password: sas("elsewhere/devices/dev-001", cloud.symmetricKey) }],
		["expired SAS", "dev-001", { password: sas("localhost/devices/dev-001", cloud.symmetricKey, { se: 1e9 }) }],
		["another hub", "dev-001", { identity, host: "elsewhere.example" }],
	];
	for (const [name, deviceId, options] of cases) {
		const { probe, connack } = await openHub(cloud, deviceId, options);
		assert.equal(connack, 5, name);
		probe.close();
	}
	await other.close();
});

test("leaf and intermediate without the root suffice, in any order after the leaf", async () => {
	const [leaf, intermediate, root] = identity.chain as [string, string, string];
	for (const chain of [
		[leaf, intermediate],
		[leaf, root, intermediate],
	]) {
		const { probe, connack } = await openHub(cloud, "dev-001", { identity: { ...identity, cert: chainPem(chain) } });
		assert.equal(connack, 0);
		probe.close();
	}
});

test("twin: get, reported patch with versions and removal, and nothing before the subscription", async () => {
	const { probe } = await openHub(cloud, "dev-001", { identity });
	assert.equal(await probe.subscribe("$iothub/twin/res/#", 0), 0);
	await probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=7", '{"a":{"b":1,"c":2},"d":3}');
	const patched = await probe.message("$iothub/twin/res/204/");
	assert(patched !== "closed");
	assert.match(patched.topic, /\?\$rid=7&\$version=2$/);
	await probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=8", '{"a":{"b":null},"d":4}');
	await probe.message("$iothub/twin/res/204/");
	await probe.publish("$iothub/twin/GET/?$rid=9", "", 0);
	const got = await probe.message("$iothub/twin/res/200/?$rid=9");
	assert(got !== "closed");
	assert.deepEqual(got.json, { desired: { $version: 1 }, reported: { a: { c: 2 }, d: 4, $version: 3 } });
	assert.deepEqual(cloud.device("dev-001")!.reported.properties, { a: { c: 2 }, d: 4 });
	await probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=10", "[1]");
	assert((await probe.message("$iothub/twin/res/400/?$rid=10")) !== "closed");
	probe.close();
});

test("a newer connection of the same device evicts the older", async () => {
	const first = await openHub(cloud, "dev-001", { identity });
	const second = await openHub(cloud, "dev-001", { identity });
	await first.probe.ended();
	assert.equal(await second.probe.publish("devices/dev-001/messages/events/", "still here"), "puback");
	await cloud.seen((event) => event.event === "disconnected" && event.reason.includes("400027"));
	second.probe.close();
});

test("five filters at most, only documented ones, and credentials only under the preview api-version", async () => {
	const filters = [
		"$iothub/twin/res/#",
		"$iothub/twin/PATCH/properties/desired/#",
		"$iothub/methods/POST/#",
		"devices/dev-001/messages/devicebound/#",
		"$iothub/credentials/res/#",
	];
	const preview = await openHub(cloud, "dev-001", { identity, apiVersion: "2025-08-01-preview" });
	for (const filter of filters) assert.equal(await preview.probe.subscribe(filter), 1, filter);
	assert.equal(await preview.probe.subscribe("devices/+/messages/devicebound/#"), 0x80, "the sixth");
	preview.probe.close();
	const { probe } = await openHub(cloud, "dev-001", { identity });
	assert.equal(await probe.subscribe("$iothub/credentials/res/#"), 0x80);
	assert.equal(await probe.publish("devices/dev-002/messages/events/", "not mine"), "closed");
});

test("refuse-preview refuses preview api-versions only", async () => {
	cloud.arm("refuse-preview");
	const preview = await openHub(cloud, "dev-001", { identity, apiVersion: "2025-08-01-preview" });
	assert.equal(preview.connack, 5);
	const { connack, probe } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0);
	probe.close();
	cloud.disarm("refuse-preview");
});

test("subscriptions survive clean=0 connections and not clean=1", async () => {
	const first = await openHub(cloud, "dev-001", { identity, clean: false });
	assert.equal(await first.probe.subscribe("$iothub/twin/res/#"), 1);
	first.probe.close();
	await cloud.seen(
		(event) => event.event === "disconnected" && event.connection === cloud.connections.at(-1)!.connection,
	);
	const second = await openHub(cloud, "dev-001", { identity, clean: false });
	await second.probe.publish("$iothub/twin/GET/?$rid=1", "");
	assert((await second.probe.message("$iothub/twin/res/200/")) !== "closed");
	const third = await openHub(cloud, "dev-001", { identity, clean: true });
	await third.probe.publish("$iothub/twin/GET/?$rid=1", "");
	assert.equal(await third.probe.subscribe("$iothub/methods/POST/#"), 1);
	await third.probe.publish("$iothub/twin/GET/?$rid=2", "");
	assert.equal(await third.probe.subscribe("$iothub/twin/res/#"), 1);
	await third.probe.publish("$iothub/twin/GET/?$rid=3", "");
	const answer = await third.probe.message("$iothub/twin/res/200/");
	assert(answer !== "closed");
	assert.match(answer.topic, /rid=3$/);
	third.probe.close();
});

test("hub drops at each step it is told to", async () => {
	for (const step of "HUB-CONNECT HUB-CONNACK HUB-SUBSCRIBE HUB-SUBACK PUBLISH HUB-PUBACK TWIN-GET".split(" ")) {
		cloud.arm(`drop-after=${step}:1`);
		const { probe } = await openHub(cloud, "dev-001", { identity });
		await probe.subscribe("$iothub/twin/res/#");
		await probe.publish("devices/dev-001/messages/events/", "x");
		await probe.publish("$iothub/twin/GET/?$rid=1", "");
		await probe.ended();
		await cloud.seen((event) => event.event === "disconnected" && event.reason === `fault: drop-after=${step}`);
	}
});

test("a device whose hub name differs from its registration id", async () => {
	const other = await startCloud({ retryAfterSeconds: 0, polls: 0, deviceId: "board-7" });
	const csr = await makeCsr("dev-001");
	const answer = await register(other, "dev-001", { csr: csr.base64 });
	assert(answer !== "closed");
	const { deviceId, registrationId, issuedCertificateChain } = answer.json.registrationState;
	assert.deepEqual([deviceId, registrationId], ["board-7", "dev-001"]);
	const own = { key: csr.keyPem, cert: chainPem(issuedCertificateChain) };
	const good = await openHub(other, "board-7", { identity: own, apiVersion: "2025-08-01-preview" });
	assert.equal(good.connack, 0);
	await good.probe.subscribe("$iothub/credentials/res/#");
	const body = JSON.stringify({ id: "board-7", csr: csr.base64 });
	await good.probe.publish("$iothub/credentials/POST/issueCertificate/?$rid=req-001", body);
	for (const status of [202, 200])
		assert((await good.probe.message(`$iothub/credentials/res/${status}/`)) !== "closed");
	good.probe.close();
	assert.equal((await openHub(other, "dev-001", { identity: own })).connack, 5);
	const password = sas("localhost/devices/board-7", other.symmetricKey);
	const bySas = await openHub(other, "board-7", { password });
	assert.equal(bySas.connack, 0);
	bySas.probe.close();
	await other.close();
});

test("DPS takes an issued certificate where that is allowed, and not when it is revoked", async () => {
	const csr = await makeCsr("dev-001");
	const status = async (at: Cloud, own: Identity) => {
		const answer = await register(at, "dev-001", { csr: csr.base64 }, { identity: own });
		return answer === "closed" ? answer : (answer.json.status ?? answer.json.errorCode);
	};
	assert.equal(await status(cloud, identity), 401002);
	const open = await startCloud({ retryAfterSeconds: 0, polls: 0, acceptIssued: true });
	const own = await enrol(open, "dev-001");
	assert.equal(await status(open, own), "assigned");
	open.operator.withdraw("dev-001", "revoked");
	assert.equal(await status(open, own), 401002);
	await open.close();
});

test("twins and sessions survive a restart with a state folder", async () => {
	const stateFolder = mkdtempSync(join(tmpdir(), "enrollee-test-"));
	try {
		const first = await startCloud({ stateFolder, retryAfterSeconds: 0, polls: 0 });
		const kept = await enrol(first, "dev-001");
		const one = await openHub(first, "dev-001", { identity: kept, clean: false });
		await one.probe.subscribe("$iothub/twin/res/#");
		await one.probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", '{"up":true}');
		await one.probe.message("$iothub/twin/res/204/");
		await first.close();
		const second = await startCloud({ stateFolder });
		const two = await openHub(second, "dev-001", { identity: kept, clean: false });
		assert.equal(two.connack, 0);
		await two.probe.publish("$iothub/twin/GET/?$rid=2", "");
		const twin = await two.probe.message("$iothub/twin/res/200/");
		assert(twin !== "closed");
		assert.equal(twin.json.reported.up, true);
		two.probe.close();
		await second.close();
	} finally {
		rmSync(stateFolder, { recursive: true });
	}
});
