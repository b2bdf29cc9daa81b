/**
 * Other people's clients, unmodified, against the local cloud: the Azure IoT SDK for Node over MQTT, WebSocket and HTTPS, by
 * SAS and X.509; mosquitto's.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { enrol } from "../cloud/cloud-probe.ts";

const PEERS = import.meta.dirname;

type Transport = "Mqtt" | "MqttWs" | "Http";
const WIRE = { Mqtt: "mqtt", MqttWs: "ws" } as const;

let cloud: Cloud;
const skip = missing();
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

for (const [transport, credential] of [
	["Mqtt", "sas"],
	["Mqtt", "x509"],
	["MqttWs", "sas"],
	["MqttWs", "x509"],
	["Http", "sas"],
	["Http", "x509"],
] as const)
	test(`the SDK's DPS client over ${transport} registers by ${credential}`, { skip }, async () => {
		const [connected, { length: registrations }] = [cloud.connections.length, cloud.registrations];
		const device = start({ verb: "provision", transport, ...scope(transport), ...onboarding(credential) });
		const assigned = await device.line("assigned");
		assert.equal(assigned.assignedHub, `localhost:${cloud.port}`);
		assert.equal(assigned.deviceId, "dev-001");
		assert.equal(assigned.status, "assigned");
		assert.equal(await device.exit(), 0);
		assert.equal(cloud.registrations.length, registrations + 1);
		const seen = cloud.connections.slice(connected).map((event) => [event.service, event.transport, event.credential]);
		assert.deepEqual(seen, transport === "Http" ? [] : [["dps", WIRE[transport], credential]]);
	});

for (const transport of ["Mqtt", "MqttWs", "Http"] as const)
	test(`the SDK's DPS client over ${transport} reports a wrong key as unauthorized`, { skip }, async () => {
		const device = start({ verb: "provision", transport, ...scope(transport), key: cloud.groupKey });
		await assert.rejects(device.line("assigned"), /UnauthorizedError/);
		assert.equal(await device.exit(), 1);
	});

for (const [transport, credential] of [
	["Mqtt", "x509"],
	["Mqtt", "sas"],
	["MqttWs", "x509"],
	["MqttWs", "sas"],
] as const)
	test(`the SDK's client over ${transport}: telemetry, twin, a method, a message, by ${credential}`, {
		skip,
	}, async () => {
		const identity = await enrol(cloud, "dev-001");
		const secret = credential === "sas" ? { key: cloud.symmetricKey } : { cert: identity.cert, certKey: identity.key };
		const host = hostFor(transport);
		const device = start({ verb: "hub", transport, host, deviceId: "dev-001", ...secret, listen: true });
		await checkHub(device);
		await device.line("listening");
		const { operator } = cloud;
		const version = operator.pushDesired("dev-001", { interval: cloud.telemetry.length });
		const patch = { interval: cloud.telemetry.length, $version: version };
		assert.deepEqual((await device.line("desired")).patch, patch);
		const outcome = await operator.callMethod("dev-001", "echo", { text: "hello" });
		assert.deepEqual(outcome, { status: 201, payload: { echo: { text: "hello" } } });
		const id = operator.sendMessage("dev-001", "from the cloud", { door: "a/b" });
		const message = await device.line("message");
		assert.equal(message.body, "from the cloud");
		assert.deepEqual(message.properties, [{ key: "door", value: "a/b" }]);
		await cloud.seen((event) => event.event === "message-acknowledged" && event.id === id);
		device.end();
		assert.equal(await device.exit(), 0);
		const connection = cloud.connections.at(-1)!;
		assert.deepEqual([connection.transport, connection.credential], [WIRE[transport], credential]);
	});

test("the SDK's client of a module: telemetry, twin, a method, and a filter for inputs", { skip }, async () => {
	cloud.operator.createDevice("dev-002");
	const { key } = cloud.operator.createModule("dev-002", "camera");
	const host = hostFor("Mqtt");
	const device = start({ verb: "hub", host, deviceId: "dev-002", moduleId: "camera", key, listen: true });
	await checkHub(device, "dev-002/camera");
	await device.line("listening");
	const version = cloud.operator.pushDesired("dev-002/camera", { lens: "clean" });
	assert.deepEqual((await device.line("desired")).patch, { lens: "clean", $version: version });
	const outcome = await cloud.operator.callMethod("dev-002/camera", "echo", 7);
	assert.deepEqual(outcome, { status: 201, payload: { echo: 7 } });
	device.end();
	assert.equal(await device.exit(), 0);
	const refused = cloud.events.filter((event) => event.event === "subscribed" && event.granted === 0x80);
	assert.deepEqual(refused, []);
});

test("mosquitto's clients: telemetry and a message, with an issued certificate", { skip: noMosquitto() }, async () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-test-"));
	try {
		const { cert, key } = await enrol(cloud, "dev-001");
		writeFileSync(join(folder, "cert.pem"), cert);
		writeFileSync(join(folder, "key.pem"), key);
		const tls = ["--cafile", cloud.rootCa, "--cert", join(folder, "cert.pem"), "--key", join(folder, "key.pem")];
		const user = ["-i", "dev-001", "-u", `localhost:${cloud.port}/dev-001/?api-version=2021-04-12`];
		const common = ["-h", "localhost", "-p", String(cloud.port), ...tls, ...user, "-V", "mqttv311", "-q", "1"];
		const published = spawn("mosquitto_pub", [
			...common,
			"-t",
			"devices/dev-001/messages/events/",
			"-m",
			"from mosquitto",
		]);
		assert.equal(await new Promise((resolve) => published.once("close", resolve)), 0);
		assert.equal(Buffer.from(cloud.telemetry.at(-1)!.body).toString(), "from mosquitto");
		cloud.operator.sendMessage("dev-001", "to mosquitto");
		const subscribed = spawn("mosquitto_sub", [...common, "-t", "devices/dev-001/messages/devicebound/#", "-C", "1"]);
		let text = "";
		subscribed.stdout.on("data", (bytes) => {
			text += bytes;
		});
		assert.equal(await new Promise((resolve) => subscribed.once("close", resolve)), 0);
		assert.equal(text, "to mosquitto\n");
	} finally {
		rmSync(folder, { recursive: true });
	}
});

/** What it did when it came up, as the cloud received it. */
async function checkHub(device: Device, id = "dev-001"): Promise<void> {
	await device.line("sent");
	const received = cloud.telemetry.at(-1)!;
	assert.equal(Buffer.from(received.body).toString(), '{"hello":"hub"}');
	assert.equal(received.properties.room, "cellar & attic");
	assert.equal(received.properties["$.ct"], "application/json");
	const { version, properties } = cloud.device(id)!.desired;
	assert.deepEqual((await device.line("twin")).desired, { ...properties, $version: version });
	await device.line("reported");
	assert.deepEqual(cloud.device(id)!.reported.properties, { firmware: "1.0", nested: { a: 1 } });
}

function onboarding(credential: "sas" | "x509") {
	if (credential === "sas") return { key: cloud.symmetricKey };
	return { cert: readFileSync(cloud.onboardingCert, "utf8"), certKey: readFileSync(cloud.onboardingKey, "utf8") };
}

function scope(transport: Transport) {
	return { host: hostFor(transport), idScope: cloud.idScope, registrationId: "dev-001" };
}

/** MqttWs and Http add 443 of their own, and port.cjs takes it away. */
function hostFor(transport: Transport): string {
	return transport === "Mqtt" ? `localhost:${cloud.port}` : "localhost";
}

interface Device {
	/** The next line of that event; an error line instead rejects. */
	line(event: string): Promise<Record<string, unknown>>;
	exit(): Promise<number | null>;
	end(): void;
}

function start(task: object): Device {
	const program = ["--require", join(PEERS, "port.cjs"), join(PEERS, "device.cjs")];
	const child: ChildProcess = spawn(process.execPath, [...program, JSON.stringify(task)], {
		env: { ...process.env, NODE_EXTRA_CA_CERTS: cloud.rootCa, NODE_OPTIONS: "", PEER_PORT: String(cloud.port) },
		stdio: ["pipe", "pipe", "pipe"],
	});
	const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
	let noise = "";
	child.stderr!.on("data", (bytes) => {
		noise += bytes;
	});
	const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
	return {
		async line(event) {
			for (;;) {
				const { value, done } = await lines.next();
				if (done) throw new Error(`the peer ended before "${event}": ${noise}`);
				const record = JSON.parse(value);
				if (record.event === event) return record;
				if (record.event === "error") throw new Error(`the peer failed: ${value}`);
			}
		},
		exit: () => exited,
		end: () => child.stdin!.end(),
	};
}

function noMosquitto(): string | false {
	const { error } = spawnSync("mosquitto_pub", ["--help"]);
	return error === undefined ? false : "SKIPPED: no mosquitto_pub (Debian: mosquitto-clients)";
}

/** Why the peers cannot run; installs them first if they are not there. */
function missing(): string | false {
	if (existsSync(join(PEERS, "node_modules", "azure-iot-provisioning-device-http"))) return false;
	try {
		execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
			cwd: PEERS,
			stdio: "pipe",
			timeout: 180_000,
		});
		return false;
	} catch (error) {
		return `SKIPPED: npm ci in test/peers failed: ${(error as Error).message.split("\n")[0]}`;
	}
}
