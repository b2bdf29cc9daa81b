/**
 * The texts of an IoT Hub session over MQTT 3.1.1: user name, topics, message properties. No I/O.
 *
 * IoT Hub closes the connection on any topic it does not know and on a sixth filter, so these, and the one for
 * certificates (issuance.ts), are the only ones the agent uses. Refused: properties that are not well-formed text.
 */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault } from "../fault.ts";

/** Dialect C (renewal over the hub) needs the preview; everything else works with either. */
export const API_VERSION_PREVIEW = "2025-08-01-preview";
export const API_VERSION_GA = "2021-04-12";

/** With issuance.ts's, exactly the five that the hub allows. */
export const TWIN_FILTER = "$iothub/twin/res/#";
export const DESIRED_FILTER = "$iothub/twin/PATCH/properties/desired/#";
export const METHODS_FILTER = "$iothub/methods/POST/#";
export const messagesFilter = (deviceId: string): string => `${messagesPrefix(deviceId)}#`;
/** What cloud-to-device topics start with; their properties follow. */
export const messagesPrefix = (deviceId: string): string => `devices/${deviceId}/messages/devicebound/`;

export function username(host: string, deviceId: string, apiVersion: string): string {
	return `${host}/${deviceId}/?api-version=${apiVersion}&DeviceClientType=enrollee`;
}

/** Properties of a message; names and values are percent-encoded here. */
export type Properties = Readonly<Record<string, string>>;

/** Names that mean something to the hub itself. */
export const MESSAGE_ID = "$.mid";
export const CORRELATION_ID = "$.cid";
export const CONTENT_TYPE = "$.ct";
export const CONTENT_ENCODING = "$.ce";

/** The hub routes on such a body. */
export const JSON_BODY: Properties = Object.freeze({
	[CONTENT_TYPE]: "application/json",
	[CONTENT_ENCODING]: "utf-8",
});

export function telemetryTopic(deviceId: string, properties: Properties): string {
	return `devices/${deviceId}/messages/events/${encodeProperties(properties)}`;
}

/** Throws Fault hub.invalid on lone surrogates. All ASCII. */
export function encodeProperties(properties: Properties): string {
	try {
		return Object.entries(properties)
			.map(([name, value]) => `${encodeName(name)}=${encodeURIComponent(value)}`)
			.join("&");
	} catch (thrown) {
		throw new Fault("hub.invalid", "a property that is not well-formed text", { cause: thrown });
	}
}

/** `PREFIX NAME /? QUERY`, the topic of a call; undefined for any other. By hand, as in base/topic.ts. */
export function splitCall(
	prefix: string,
	topic: string,
): { readonly name: string; readonly query: string } | undefined {
	const end = topic.indexOf("/", prefix.length);
	if (!topic.startsWith(prefix) || end <= prefix.length || topic[end + 1] !== "?") return undefined;
	return { name: topic.slice(prefix.length, end), query: topic.slice(end + 2) };
}

/** More in a topic than anybody sends; each costs a small device some slots. */
const MOST_PROPERTIES = 64;
const AMPERSAND = 0x26;

/** `a=1&b=%20&c`: `c` is empty. Throws Fault hub.response on broken percent-encoding, hub.too-large. */
export function parseProperties(text: string): Map<string, string> {
	const properties = new Map<string, string>();
	// One by one: a list of all pairs would be as large as their sender likes. Of bytes: XS counts the characters up to a place in a text.
	const bytes = utf8(text);
	for (let from = 0; from < bytes.length; ) {
		const next = bytes.indexOf(AMPERSAND, from);
		const pair = utf8Text(bytes.subarray(from, next < 0 ? undefined : next));
		from = next < 0 ? bytes.length : next + 1;
		if (pair === "") continue;
		if (properties.size === MOST_PROPERTIES)
			throw new Fault("hub.too-large", `more than ${MOST_PROPERTIES} properties`);
		const at = pair.indexOf("=");
		const name = at < 0 ? pair : pair.slice(0, at);
		properties.set(decoded(name), at < 0 ? "" : decoded(pair.slice(at + 1)));
	}
	return properties;
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch (thrown) {
		throw new Fault("hub.response", "properties that are not percent-encoded", { cause: thrown });
	}
}

/** System properties start with `$.`, which must stay readable. */
function encodeName(name: string): string {
	return name.startsWith("$.") ? `$.${encodeURIComponent(name.slice(2))}` : encodeURIComponent(name);
}
