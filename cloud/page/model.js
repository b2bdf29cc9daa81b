/** What the page knows of the cloud, kept up to date by the stream. */

const MAX_TELEMETRY = 500;

export const model = {
	/** Facts, authorities and faults. */
	cloud: undefined,
	/** By id. */
	devices: new Map(),
	/** The last telemetry of each device, newest first. */
	telemetry: new Map(),
};

export function takeSnapshot({ cloud, devices, telemetry }) {
	model.cloud = cloud;
	model.devices = new Map(devices.map((device) => [device.id, device]));
	model.telemetry = new Map();
	for (const event of telemetry) note(event);
}

export function takeChanges({ cloud, devices, log }) {
	if (cloud !== undefined) model.cloud = cloud;
	for (const device of devices) model.devices.set(device.id, device);
	for (const entry of log) note(entry);
}

function note(event) {
	if (event.event !== "telemetry") return;
	const earlier = model.telemetry.get(event.deviceId) ?? [];
	model.telemetry.set(event.deviceId, [event, ...earlier].slice(0, MAX_TELEMETRY));
}
