/** The local cloud's faults of size and number: each sends what its name says, and what it says twice comes at each connection. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { Faults } from "../../cloud/faults.ts";
import { SHAPES, shaped } from "../../cloud/flood.ts";
import { enrol, type Identity, makeCsr, openHub, register } from "./cloud-probe.ts";

let cloud: Cloud;
let identity: Identity;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	identity = await enrol(cloud, "dev-001");
});
after(() => cloud.close());

const open = async () => (await openHub(cloud, "dev-001", { identity })).probe;

test("huge-twin: each shape stands beside the desired properties", async () => {
	const probe = await open();
	await probe.subscribe("$iothub/twin/res/#");
	for (const shape of SHAPES) {
		cloud.arm(`huge-twin=${shape}:50:1`);
		await probe.publish("$iothub/twin/GET/?$rid=1", "", 0);
		const answer = await probe.message("$iothub/twin/res/200/");
		assert(answer !== "closed");
		const { $version: _, ...huge } = answer.json.desired;
		assert.deepEqual(huge, JSON.parse(`{${shaped(shape, 50)}}`));
	}
	probe.close();
});

test("floods come after the subscription, as many as said", async () => {
	const probe = await open();
	for (const [fault, filter, prefix] of [
		["method-flood=3:1", "$iothub/methods/POST/#", "$iothub/methods/POST/flood"],
		["desired-flood=3:1", "$iothub/twin/PATCH/properties/desired/#", "$iothub/twin/PATCH/"],
		["c2d-flood=3:1", "devices/dev-001/messages/devicebound/#", "devices/dev-001/messages/devicebound/n"],
	] as const) {
		cloud.arm(fault);
		await probe.subscribe(filter);
		const topics = new Set<string>();
		for (let i = 0; i < 3; i++) {
			const message = await probe.message(prefix);
			assert(message !== "closed", fault);
			topics.add(message.topic);
		}
		assert.equal(topics.size, 3, fault);
	}
	probe.close();
	cloud.arm("c2d-size=70000");
	for (let i = 0; i < 2; i++) {
		const probe = await open();
		probe.send({
			cmd: "subscribe",
			messageId: 9,
			subscriptions: [{ topic: "devices/dev-001/messages/devicebound/#", qos: 1 }],
		});
		const large = await probe.next((packet) => packet.cmd === "publish");
		assert(large !== "closed" && large.cmd === "publish");
		assert.equal(large.payload.length, 70_000);
		probe.close();
	}
	cloud.disarm();
});

test("dps-size pads the result", async () => {
	cloud.arm("dps-size=5000:1");
	const answer = await register(cloud, "dev-001", { csr: (await makeCsr("dev-001")).base64 });
	assert(answer !== "closed");
	assert.equal(answer.json.padding.length, 5000);
	assert.equal(answer.json.status, "assigned");
});

test("san-flood: a certificate with so many names more that OpenSSL still verifies; the next one is as always", async () => {
	const names = async (): Promise<number> => {
		const socket = connect({ port: cloud.port, host: "127.0.0.1", ca: cloud.settings.ca, servername: "localhost" });
		await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
		const { raw } = socket.getPeerCertificate();
		socket.destroy();
		return new X509Certificate(raw).subjectAltName!.split(", ").length;
	};
	const usual = await names();
	cloud.arm("san-flood=1200:1");
	assert.equal(await names(), usual + 1200);
	assert.equal(await names(), usual);
});

test("a shape that there is not is refused, and said again as it was", () => {
	const faults = new Faults();
	for (const text of [
		"huge-twin",
		"huge-twin=members",
		"huge-twin=square:5",
		"huge-twin=members:0",
		"san-flood",
		"c2d-size=0",
	])
		assert.throws(() => faults.arm(text), RangeError, text);
	for (const text of ["huge-twin=members:800", "huge-twin=deep:20:3", "method-flood", "san-flood=300:1"])
		faults.arm(text);
	assert.deepEqual(faults.list(), ["huge-twin=members:800", "huge-twin=deep:20:3", "method-flood", "san-flood=300:1"]);
});
