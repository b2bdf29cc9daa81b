/**
 * A device on the unmodified Azure IoT SDK for Node. One JSON argument says what to do, JSON lines say what happened.
 *
 * {verb: "provision", host, idScope, registrationId, key | cert + certKey}: registers, prints what was assigned.
 * {verb: "hub", host, deviceId, key | cert + certKey}: telemetry, twin get and reported properties, then desired
 * properties, methods and messages until standard input ends.
 *
 * `moduleId`: as that module of the device, which gets no messages.
 * `transport` is the class of the SDK: Mqtt (the default), MqttWs, or Http (provision only).
 */
const task = JSON.parse(process.argv[2]);
const say = (event, detail = {}) => process.stdout.write(`${JSON.stringify({ event, ...detail })}\n`);
const work = { provision, hub }[task.verb];
work().then(
	() => process.exit(0),
	(error) => {
		say("error", { name: error.name, message: error.message });
		process.exit(1);
	},
);

async function provision() {
	const { ProvisioningDeviceClient } = require("azure-iot-provisioning-device");
	const { transport = "Mqtt" } = task;
	const Transport = require(`azure-iot-provisioning-device-${transport === "Http" ? "http" : "mqtt"}`)[transport];
	const { X509Security } = require("azure-iot-security-x509");
	const { SymmetricKeySecurityClient } = require("azure-iot-security-symmetric-key");
	const security =
		task.key === undefined
			? new X509Security(task.registrationId, { cert: task.cert, key: task.certKey })
			: new SymmetricKeySecurityClient(task.registrationId, task.key);
	const client = ProvisioningDeviceClient.create(task.host, task.idScope, new Transport(), security);
	const { assignedHub, deviceId, status } = await client.register();
	say("assigned", { assignedHub, deviceId, status });
}

async function hub() {
	const { Client, ModuleClient, Message } = require("azure-iot-device");
	const Transport = require("azure-iot-device-mqtt")[task.transport ?? "Mqtt"];
	const credential = task.key === undefined ? "x509=true" : `SharedAccessKey=${task.key}`;
	const [Kind, id] = task.moduleId === undefined ? [Client, ""] : [ModuleClient, `ModuleId=${task.moduleId};`];
	const text = `HostName=${task.host};DeviceId=${task.deviceId};${id}${credential}`;
	const client = Kind.fromConnectionString(text, Transport);
	if (task.key === undefined) await client.setOptions({ cert: task.cert, key: task.certKey });
	await client.open();
	const message = new Message(JSON.stringify({ hello: "hub" }));
	message.contentType = "application/json";
	message.contentEncoding = "utf-8";
	message.properties.add("room", "cellar & attic");
	await client.sendEvent(message);
	say("sent");
	const twin = await client.getTwin();
	say("twin", { desired: twin.properties.desired });
	await new Promise((resolve, reject) =>
		twin.properties.reported.update({ firmware: "1.0", nested: { a: 1 } }, (error) =>
			error ? reject(error) : resolve(),
		),
	);
	say("reported");
	if (task.listen) await listen(client, twin);
	await client.close();
}

async function listen(client, twin) {
	twin.on("properties.desired", (patch) => say("desired", { patch }));
	client.on("message", (message) => {
		const properties = message.properties.propertyList;
		client.complete(message, () => say("message", { body: message.getData().toString(), properties }));
	});
	const echo = (request, response) => {
		say("method", { payload: request.payload });
		response.send(201, { echo: request.payload }, (error) => error && say("error", { message: error.message }));
	};
	if (task.moduleId === undefined) client.onDeviceMethod("echo", echo);
	else {
		client.onMethod("echo", echo);
		client.on("inputMessage", (input) => say("input", { input }));
	}
	// The handlers subscribe in the background; a second telemetry message comes after them on the same connection.
	const { Message } = require("azure-iot-device");
	await client.sendEvent(new Message("listening"));
	say("listening");
	await new Promise((resolve) => process.stdin.on("end", resolve).resume());
}
