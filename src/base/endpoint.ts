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

/** A DNS name of letters, digits, hyphens and dots, at most 253 characters; port 1 to 65535. */
export function parseEndpoint(
	text: string,
	defaultPort: number,
	field = "host",
	code: FaultCode = "config.invalid",
): Endpoint {
	const match = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(text);
	const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
	if (!match || match[1]!.includes("..") || port < 1 || port > 65535)
		throw new Fault(code, `${field}: expected HOST or HOST:PORT`);
	return { host: match[1]!.toLowerCase(), port };
}

export function formatEndpoint({ host, port }: Endpoint): string {
	return port === MQTT_TLS_PORT ? host : `${host}:${port}`;
}
