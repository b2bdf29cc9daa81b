/**
 * `host` or `host:port`, as configuration and DPS's `assignedHub` say it.
 *
 * The real service gives a bare host name (port 8883); a local cloud on another port says `host:port`.
 */
import { Fault, type FaultCode } from "../fault.ts";

export interface Endpoint {
	/** Lower case DNS name or IPv4 address. */
	readonly host: string;
	readonly port: number;
}

export const MQTT_TLS_PORT = 8883;
/** Of a DNS name. */
const MOST_NAME = 253;
const MOST_CHARACTERS = MOST_NAME + ":65535".length;

/** A DNS name of letters, digits, hyphens and dots, at most 253 characters; port 1 to 65535. */
export function parseEndpoint(
	text: string,
	defaultPort: number,
	field = "host",
	code: FaultCode = "config.invalid",
): Endpoint {
	const endpoint = readEndpoint(text, defaultPort);
	if (endpoint === undefined || endpoint.host.includes("_"))
		throw new Fault(code, `${field}: expected HOST or HOST:PORT`);
	return endpoint;
}

/** The same, and `_` in names; undefined: it is none. What is refused is looked for: XS takes C heap for each character that a pattern repeats. */
export function readEndpoint(text: string, defaultPort: number): Endpoint | undefined {
	if (text.length > MOST_CHARACTERS) return undefined;
	const colon = text.indexOf(":");
	const host = colon < 0 ? text : text.slice(0, colon);
	const digits = text.slice(host.length + 1);
	const port = colon < 0 ? defaultPort : /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
	const isHost = host !== "" && host.length <= MOST_NAME && !/[^\w.-]|^[.-]|[^A-Za-z0-9]$|\.\./.test(host);
	return isHost && port >= 1 && port <= 65535 ? { host: host.toLowerCase(), port } : undefined;
}

export function formatEndpoint({ host, port }: Endpoint): string {
	return port === MQTT_TLS_PORT ? host : `${host}:${port}`;
}
