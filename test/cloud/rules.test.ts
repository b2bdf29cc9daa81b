/** README's table of rules: each names tests that there are; and the rules that no other test here is about. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { IConnackPacket } from "mqtt-packet";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { clock } from "../../hw/node/clock.ts";
import { openHub, Probe, sas } from "./cloud-probe.ts";

const FOLDER = import.meta.dirname;

let cloud: Cloud;
before(async () => {
	// A second that does not pass, however slow the machine.
	const still = { ...clock, ticks: () => 0 };
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0, clock: still, limits: { twins: 1 } });
	cloud.operator.createDevice("dev-001");
});
after(() => cloud.close());

const hub = () => openHub(cloud, "dev-001", { password: sas("localhost/devices/dev-001", cloud.symmetricKey) });

/** With the CONNACK, which says whether there was a session. */
async function dps(clean: boolean): Promise<{ probe: Probe; connack: IConnackPacket }> {
	const probe = await Probe.dial(cloud);
	probe.send({
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: "dev-001",
		username: `${cloud.idScope}/registrations/dev-001/api-version=2019-03-31`,
		password: Buffer.from(sas(`${cloud.idScope}/registrations/dev-001`, cloud.symmetricKey)),
		keepalive: 60,
		clean,
	});
	const connack = await probe.next((packet): packet is IConnackPacket => packet.cmd === "connack");
	assert(connack !== "closed" && connack.returnCode === 0);
	return { probe, connack };
}

test("each rule of README's table is named once, with its source, and with tests that there are", () => {
	const titles = new Map<string, string[]>();
	for (const name of readdirSync(FOLDER)) {
		const [, room] = /^(\w[\w-]*)\.test\.ts$/.exec(name) ?? [];
		if (room === undefined) continue;
		const found = readFileSync(join(FOLDER, name), "utf8").matchAll(/^test\((["`])(.+?)\1,/gm);
		titles.set(
			room,
			[...found].map(([, , title]) => title!),
		);
	}
	const readme = readFileSync(join(FOLDER, "../../cloud/README.md"), "utf8");
	const table = readme.split("## Rules, one by one")[1]!.split("\n## ")[0]!;
	const rows = table
		.split("\n")
		.filter((line) => line.startsWith("|"))
		.map((line) => line.slice(1, -1).split("|"))
		.map((cells) => cells.map((cell) => cell.trim()))
		.slice(2);
	assert(rows.length > 40, `${rows.length} rows`);
	assert.equal(new Set(rows.map(([rule]) => rule)).size, rows.length);
	for (const cells of rows) {
		const [rule, answer, source, tests] = cells;
		assert.equal(cells.length, 4, rule);
		assert.match(answer!, /\S/, rule);
		assert.match(source!, /documented|SDK|chosen/, rule);
		for (const named of tests!.split("; ")) {
			const [room, title] = named.split(": ") as [string, string | undefined];
			assert(
				title !== undefined && titles.get(room)?.some((existing) => existing.startsWith(title)),
				`${rule}: no test ${named}`,
			);
		}
	}
});

test("TLS 1.2, and neither an older nor a newer version", async () => {
	const negotiated = (options: ConnectionOptions): Promise<string | null> =>
		new Promise((resolve) => {
			const ca = readFileSync(cloud.rootCa, "utf8");
			const socket = connectTls({ host: "127.0.0.1", servername: "localhost", port: cloud.port, ca, ...options });
			socket.once("error", ({ message }) => resolve(message));
			socket.once("secureConnect", () => {
				resolve(socket.getProtocol());
				socket.destroy();
			});
		});
	assert.equal(await negotiated({ minVersion: "TLSv1.2", maxVersion: "TLSv1.3" }), "TLSv1.2");
	assert.match((await negotiated({ minVersion: "TLSv1.3" }))!, /alert protocol version/);
	const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" } as const;
	assert.match((await negotiated(old))!, /alert protocol version/);
});

test("a user name without api-version: the hub as under 2021-04-12, DPS as under 2021-06-01", async () => {
	const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
	for (const username of ["localhost/dev-001", "localhost/dev-001/?DeviceClientType=x%2F1"]) {
		const probe = await Probe.dial(cloud);
		assert.equal(await probe.connect({ clientId: "dev-001", username, password }), 0, username);
		assert.equal(cloud.connections.at(-1)!.apiVersion, "2021-04-12");
		assert.equal(await probe.subscribe("$iothub/credentials/res/#"), 0x80, "which knows no renewals");
		probe.close();
	}
	const resource = `${cloud.idScope}/registrations/dev-001`;
	const probe = await Probe.dial(cloud);
	const registering = { clientId: "dev-001", username: resource, password: sas(resource, cloud.symmetricKey) };
	assert.equal(await probe.connect(registering), 0);
	assert.equal(cloud.connections.at(-1)!.apiVersion, "2021-06-01");
	probe.close();
});

test("QoS 2 published ends the connection, at hub and DPS, and nobody hears it", async () => {
	const registering = (await dps(true)).probe;
	const cases: [Probe, string][] = [
		[(await hub()).probe, "devices/dev-001/messages/events/"],
		[registering, "$dps/registrations/PUT/iotdps-register/?$rid=1"],
	];
	for (const [probe, topic] of cases) {
		const heard = () => cloud.events.filter(({ event }) => event === "telemetry" || event === "register").length;
		const count = heard();
		probe.send({ cmd: "publish", topic, payload: "{}", qos: 2, messageId: 9, dup: false, retain: false });
		assert.equal(await probe.next(({ cmd }) => cmd === "pubrec"), "closed", topic);
		assert.equal(heard(), count);
	}
});

test("a message of 262,144 bytes is taken, its properties counted; one byte more ends the connection", async () => {
	const most = 256 * 1024;
	const topic = "devices/dev-001/messages/events/";
	for (const properties of ["", "a=b", "k=%C3%BC"]) {
		const { probe } = await hub();
		const body = "x".repeat(most - properties.length);
		assert.equal(await probe.publish(topic + properties, body), "puback");
		assert.equal(cloud.telemetry.at(-1)!.body.length, body.length);
		const { length } = cloud.telemetry;
		assert.equal(await probe.publish(topic + properties, `${body}x`), "closed");
		assert.equal(cloud.telemetry.length, length);
	}
});

test("subscribed at QoS 2 is granted 1, at hub and DPS, and comes at 1", async () => {
	const { probe } = await hub();
	assert.equal(await probe.subscribe("devices/dev-001/messages/devicebound/#", 2), 1);
	cloud.operator.sendMessage("dev-001", "hello");
	const message = await probe.next((packet) => packet.cmd === "publish");
	assert(message !== "closed" && message.cmd === "publish" && message.qos === 1);
	probe.send({ cmd: "puback", messageId: message.messageId! });
	probe.close();
	const { probe: registering } = await dps(true);
	assert.equal(await registering.subscribe("$dps/registrations/res/#", 2), 1);
	await registering.publish("$dps/registrations/PUT/iotdps-register/?$rid=1", "");
	const answer = await registering.next((packet) => packet.cmd === "publish");
	assert(answer !== "closed" && answer.cmd === "publish" && answer.qos === 1);
	registering.close();
});

test("a message whose properties no topic can carry is refused, and nothing of it waits for the device", async () => {
	for (const properties of [{ a: "\ud800" }, { "\udc00": null }, { a: "x".repeat(65_500) }])
		assert.throws(() => cloud.operator.sendMessage("dev-001", "hello", properties), RangeError);
	const { probe } = await hub();
	assert.equal(await probe.subscribe("devices/dev-001/messages/devicebound/#"), 1);
	cloud.operator.sendMessage("dev-001", '"hello"', { b: "\u00e9" });
	const message = await probe.message("devices/dev-001/messages/devicebound/");
	assert(message !== "closed" && message.topic.endsWith("&b=%C3%A9"));
	probe.close();
});

test("a request id with which no topic can hold the answer ends its connection", async () => {
	const { probe } = await hub();
	assert.equal(await probe.subscribe("$iothub/twin/res/#"), 1);
	probe.send({
		cmd: "publish",
		topic: `$iothub/twin/GET/?$rid=${"r".repeat(65_510)}`,
		payload: "",
		qos: 0,
		dup: false,
		retain: false,
	});
	await probe.ended();
	const { probe: another } = await hub();
	another.close();
});

test("CleanSession 0 at DPS: there is no session the next time, and no subscription of the last", async () => {
	const first = await dps(false);
	assert.equal(first.connack.sessionPresent, false);
	assert.equal(await first.probe.subscribe("$dps/registrations/res/#"), 1);
	first.probe.send({ cmd: "disconnect" });
	await first.probe.ended();
	const { probe, connack } = await dps(false);
	assert.equal(connack.sessionPresent, false);
	assert.equal(await probe.publish("$dps/registrations/PUT/iotdps-register/?$rid=unheard", ""), "puback");
	assert.equal(await probe.subscribe("$dps/registrations/res/#"), 1);
	await probe.publish("$dps/registrations/PUT/iotdps-register/?$rid=heard", "");
	const answer = await probe.message("$dps/registrations/res/");
	assert(answer !== "closed");
	assert.match(answer.topic, /\$rid=heard$|\$rid=heard&/);
	probe.close();
});

test("a client id that is another than the user name's: CONNACK 2, at hub and DPS", async () => {
	for (const username of [
		"localhost/dev-001/?api-version=2021-04-12",
		"localhost/dev-001/camera/?api-version=2021-04-12",
		`${cloud.idScope}/registrations/dev-001/api-version=2019-03-31`,
	]) {
		const probe = await Probe.dial(cloud);
		const password = sas("localhost/devices/dev-001", cloud.symmetricKey);
		assert.equal(await probe.connect({ clientId: "dev-002", username, password }), 2, username);
		await probe.ended();
	}
});

test("filters that are not documented are granted 0x80", async () => {
	const { probe } = await hub();
	const below = ["$iothub/twin/#", "$iothub/methods/POST/reboot/#", "devices/dev-001/messages/devicebound/a/#"];
	for (const filter of [...below, "devices/dev-002/messages/devicebound/#", "#", "+/+"])
		assert.equal(await probe.subscribe(filter), 0x80, filter);
	probe.close();
});

test("twins beyond their rate: 429 with a body, and the connection goes on", async () => {
	const { probe } = await hub();
	await probe.subscribe("$iothub/twin/res/#");
	for (const rid of [1, 2, 3]) await probe.publish(`$iothub/twin/GET/?$rid=${rid}`, "");
	const throttled = await probe.message("$iothub/twin/res/429/");
	assert(throttled !== "closed");
	assert.equal(throttled.json.errorCode, 429001);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "still here"), "puback");
	probe.close();
});

test("a property's encoding is that of a query string, system properties included", async () => {
	const { probe } = await hub();
	const topic = "devices/dev-001/messages/events/%24.ct=application%2Fjson%3Bcharset%3Dutf-8&a%20b=1%262&a%20b=3";
	assert.equal(await probe.publish(topic, "{}"), "puback");
	const { properties } = cloud.telemetry.at(-1)!;
	assert.deepEqual(properties, { "$.ct": "application/json;charset=utf-8", "a b": "3" });
	probe.close();
});
