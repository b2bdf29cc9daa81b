/** Other people's clients, unmodified, against the local cloud: the Azure IoT SDK for Node by SAS and X.509; mosquitto's. */
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

let cloud: Cloud;
const skip = missing();
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

test("azure-iot-provisioning-device-mqtt registers with a symmetric key", { skip }, async () => {
	const device = start({ verb: "provision", ...scope(), key: cloud.symmetricKey });
	const assigned = await device.line("assigned");
	assert.equal(assigned.assignedHub, `localhost:${cloud.port}`);
	assert.equal(assigned.deviceId, "dev-001");
	assert.equal(await device.exit(), 0);
});

test("azure-iot-provisioning-device-mqtt registers with an X.509 certificate", { skip }, async () => {
	const cert = readFileSync(cloud.onboardingCert, "utf8");
	const certKey = readFileSync(cloud.onboardingKey, "utf8");
	const device = start({ verb: "provision", ...scope(), cert, certKey });
	assert.equal((await device.line("assigned")).deviceId, "dev-001");
	assert.equal(await device.exit(), 0);
});

test("azure-iot-provisioning-device-mqtt reports a wrong key as unauthorized", { skip }, async () => {
	const device = start({ verb: "provision", ...scope(), key: cloud.groupKey });
	assert.match((await device.line("error")).name as string, /Unauthorized/);
	assert.equal(await device.exit(), 1);
});

test("azure-iot-device-mqtt sends telemetry and reads its twin with an issued certificate", { skip }, async () => {
	const identity = await enrol(cloud, "dev-001");
	const device = start({ verb: "hub", ...address(), cert: identity.cert, certKey: identity.key });
	await checkHub(device, "x509");
});

test("azure-iot-device-mqtt sends telemetry and reads its twin with SAS", { skip }, async () => {
	await checkHub(start({ verb: "hub", ...address(), key: cloud.symmetricKey }), "sas");
});

for (const credential of ["x509", "sas"] as const)
	test(`azure-iot-device-mqtt: desired properties, a method, a message, by ${credential}`, { skip }, async () => {
		const identity = await enrol(cloud, "dev-001");
		const secret = credential === "sas" ? { key: cloud.symmetricKey } : { cert: identity.cert, certKey: identity.key };
		const device = start({ verb: "hub", ...address(), ...secret, listen: true });
		await device.line("listening");
		const { operator } = cloud;
		const version = operator.pushDesired("dev-001", { interval: 7 });
		assert.deepEqual((await device.line("desired")).patch, { interval: 7, $version: version });
		const outcome = await operator.callMethod("dev-001", "echo", { text: "hello" });
		assert.deepEqual(outcome, { status: 201, payload: { echo: { text: "hello" } } });
		const id = operator.sendMessage("dev-001", "from the cloud", { door: "a/b" });
		const message = await device.line("message");
		assert.equal(message.body, "from the cloud");
		assert.deepEqual(message.properties, [{ key: "door", value: "a/b" }]);
		await cloud.seen((event) => event.event === "message-acknowledged" && event.id === id);
		device.end();
		assert.equal(await device.exit(), 0);
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

async function checkHub(device: Device, credential: "sas" | "x509"): Promise<void> {
	await device.line("sent");
	const received = cloud.telemetry.at(-1)!;
	assert.equal(Buffer.from(received.body).toString(), '{"hello":"hub"}');
	assert.equal(received.properties.room, "cellar & attic");
	assert.equal(received.properties["$.ct"], "application/json");
	const { version } = cloud.device("dev-001")!.desired;
	assert.deepEqual((await device.line("twin")).desired, { $version: version });
	await device.line("reported");
	assert.deepEqual(cloud.device("dev-001")!.reported.properties, { firmware: "1.0", nested: { a: 1 } });
	assert.equal(await device.exit(), 0);
	assert.equal(cloud.connections.at(-1)!.credential, credential);
}

function scope() {
	return { host: `localhost:${cloud.port}`, idScope: cloud.idScope, registrationId: "dev-001" };
}

function address() {
	return { host: `localhost:${cloud.port}`, deviceId: "dev-001" };
}

interface Device {
	/** The next line of that event; an error line instead rejects. */
	line(event: string): Promise<Record<string, unknown>>;
	exit(): Promise<number | null>;
	end(): void;
}

function start(task: object): Device {
	const child: ChildProcess = spawn(process.execPath, [join(PEERS, "device.cjs"), JSON.stringify(task)], {
		env: { ...process.env, NODE_EXTRA_CA_CERTS: cloud.rootCa, NODE_OPTIONS: "" },
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
	if (existsSync(join(PEERS, "node_modules", "azure-iot-device"))) return false;
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
