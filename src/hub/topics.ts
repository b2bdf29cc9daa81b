/**
 * The texts of an IoT Hub session over MQTT 3.1.1: user name, topics, message properties. No I/O.
 *
 * IoT Hub closes the connection on any topic it does not know, so these are the only ones the agent uses.
 */

/** Dialect C (renewal over the hub) needs the preview; everything else works with either. */
export const API_VERSION_PREVIEW = "2025-08-01-preview";
export const API_VERSION_GA = "2021-04-12";

export function username(host: string, deviceId: string, apiVersion: string): string {
	return `${host}/${deviceId}/?api-version=${apiVersion}&DeviceClientType=enrollee`;
}

/** Properties of a device-to-cloud message; names and values are percent-encoded here. */
export type Properties = Readonly<Record<string, string>>;

/** `$.ct` and `$.ce` let the hub route on the body. */
export const JSON_BODY: Properties = { "$.ct": "application/json", "$.ce": "utf-8" };

export function telemetryTopic(deviceId: string, properties: Properties): string {
	const pairs = Object.entries(properties).map(([name, value]) => `${propertyName(name)}=${encodeURIComponent(value)}`);
	return `devices/${deviceId}/messages/events/${pairs.join("&")}`;
}

/** System properties start with `$.`, which must stay readable. */
function propertyName(name: string): string {
	return name.startsWith("$.") ? `$.${encodeURIComponent(name.slice(2))}` : encodeURIComponent(name);
}
