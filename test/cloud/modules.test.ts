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
