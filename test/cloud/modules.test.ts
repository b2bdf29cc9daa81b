/** Modules of a device: what is theirs alone, and that none outlives its device. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { Probe, sas } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	cloud.operator.createDevice("dev-001");
});
after(() => cloud.close());

test("a module has a key, a twin and methods of its own", async () => {
	const { key } = cloud.operator.createModule("dev-001", "camera");
	const connect = async (password: string) => {
		const probe = await Probe.dial(cloud);
		const username = "localhost/dev-001/camera/?api-version=2021-04-12";
		return [await probe.connect({ clientId: "dev-001/camera", username, password }), probe] as const;
	};
	assert.equal((await connect(sas("localhost/devices/dev-001/modules/camera", cloud.symmetricKey)))[0], 5);
	assert.equal((await connect(sas("localhost/devices/dev-001", key)))[0], 5);
	const [connack, probe] = await connect(sas("localhost/devices/dev-001/modules/camera", key));
	assert.equal(connack, 0);
	assert.equal(await probe.publish("devices/dev-001/modules/camera/messages/events/a=b", "seen"), "puback");
	assert.equal(cloud.telemetry.at(-1)!.deviceId, "dev-001/camera");
	for (const filter of ["$iothub/twin/res/#", "$iothub/methods/POST/#", "devices/dev-001/modules/camera/#"])
		assert.equal(await probe.subscribe(filter), 1, filter);
	assert.equal(await probe.subscribe("devices/dev-001/modules/camera/inputs/#"), 1, "as Azure's SDKs do for IoT Edge");
	await probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", '{"lens":"clean"}');
	assert.notEqual(await probe.message("$iothub/twin/res/204/"), "closed");
	assert.deepEqual(cloud.device("dev-001/camera")!.reported.properties, { lens: "clean" });
	assert.notDeepEqual(cloud.device("dev-001")!.reported.properties, { lens: "clean" });
	const called = cloud.operator.callMethod("dev-001/camera", "shoot");
	const call = await probe.message("$iothub/methods/POST/shoot/");
	assert(call !== "closed");
	await probe.publish(`$iothub/methods/res/200/?${call.topic.split("?")[1]}`, "");
	assert.deepEqual(await called, { status: 200, payload: undefined });
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "not mine"), "closed");
});

/** Connected with its key; ended by the caller. */
async function connected(
	at: Cloud,
	key: string,
	id = "camera",
	host = "localhost",
): Promise<[number | "closed", Probe]> {
	const probe = await Probe.dial(at);
	const password = sas(`${host}/devices/dev-001/modules/${id}`, key);
	const username = `${host}/dev-001/${id}/?api-version=2021-04-12`;
	return [await probe.connect({ clientId: `dev-001/${id}`, username, password }), probe];
}

test("no module outlives its device: disabled, moved or revoked, its modules' connections end", async () => {
	const { key } = cloud.operator.createModule("dev-001", "camera");
	const { key: other } = cloud.operator.createModule("dev-001", "door");
	cloud.operator.createDevice("dev-0010");
	const { key: stranger } = cloud.operator.createModule("dev-0010", "camera");
	const username = "localhost/dev-0010/camera/?api-version=2021-04-12";
	const password = sas("localhost/devices/dev-0010/modules/camera", stranger);
	const unharmed = await Probe.dial(cloud);
	assert.equal(await unharmed.connect({ clientId: "dev-0010/camera", username, password }), 0);
	const reconnect = async (returnCode: number, host?: string) => {
		const [connack, probe] = await connected(cloud, key, "camera", host);
		assert.equal(connack, returnCode);
		return probe;
	};
	const [, door] = await connected(cloud, other, "door");
	let camera = await reconnect(0);
	cloud.operator.disconnect("dev-001");
	assert.equal(await camera.publish("devices/dev-001/modules/camera/messages/events/", "here"), "puback");
	cloud.operator.withdraw("dev-001", "revoked");
	await camera.ended();
	await door.ended();
	camera = await reconnect(0);
	cloud.operator.setDisabled("dev-001", true);
	await camera.ended();
	await reconnect(5);
	cloud.operator.setDisabled("dev-001", false);
	camera = await reconnect(0);
	const twin = cloud.operator.pushDesired("dev-001/camera", { lens: 1 });
	assert.throws(() => cloud.operator.move("dev-001/camera", "127.0.0.1"), RangeError);
	cloud.operator.move("dev-001", "127.0.0.1");
	await camera.ended();
	for (const host of ["localhost", "127.0.0.1"]) await reconnect(5, host);
	const anew = cloud.operator.createModule("dev-001", "camera");
	assert.notEqual(anew.key, key, "modules of the new hub are others");
	assert.equal((await connected(cloud, anew.key, "camera", "localhost"))[0], 5, "and the old hub knows none");
	const [connack, probe] = await connected(cloud, anew.key, "camera", "127.0.0.1");
	assert.equal(connack, 0);
	assert(cloud.device("dev-001/camera")!.desired.version < twin);
	probe.close();
	assert.equal(await unharmed.publish("devices/dev-0010/modules/camera/messages/events/", "here"), "puback");
	unharmed.close();
	cloud.operator.move("dev-001", "localhost");
});

test("a module that can be made can connect, send and be sent to; the others are refused with the reason", async () => {
	const refused: string[] = [];
	for (let code = 0x20; code < 0x7f; code++) {
		const letter = String.fromCharCode(code);
		if (/[b-zB-Z1-9]/.test(letter)) continue;
		const id = `x${letter}y`;
		let key: string;
		try {
			({ key } = cloud.operator.createModule("dev-001", id));
		} catch (thrown) {
			assert.match((thrown as Error).message, /^moduleId: .*user name/, id);
			refused.push(letter);
			continue;
		}
		const [connack, probe] = await connected(cloud, key, id);
		assert.equal(connack, 0, id);
		const path = `devices/dev-001/modules/${id}`;
		assert.equal(await probe.publish(`${path}/messages/events/`, id), "puback", id);
		assert.equal(cloud.telemetry.at(-1)!.deviceId, `dev-001/${id}`);
		assert.equal(await probe.subscribe(`${path}/#`), 1, id);
		cloud.operator.sendMessage(`dev-001/${id}`, JSON.stringify(id));
		const message = await probe.message(`${path}/messages/devicebound/`);
		assert(message !== "closed" && message.json === id, id);
		probe.close();
	}
	assert.equal(
		refused.join(""),
		' "#&+/;<=>?[\\]^`{|}~',
		"IoT Hub allows # + = ? in ids, MQTT carries none of them here",
	);
	for (const id of ["", "a".repeat(129)]) assert.throws(() => cloud.operator.createModule("dev-001", id), RangeError);
});
