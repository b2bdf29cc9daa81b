/** One thing that a client may send to the cloud's ports, and what must come of it. */
import { publish, times } from "../support/hostile/row.ts";

export interface Row {
	readonly name: string;
	/**
	 * In clear and over TLS to the devices' port (`mqtt`: what comes back is MQTT), over WebSocket, as a device that the hub has let in, as
	 * one that DPS has, in clear to the operator's port.
	 */
	readonly door: "tcp" | "tls" | "mqtt" | "websocket" | "hub" | "dps" | "api";
	readonly bytes: Uint8Array | string;
	/** So many connections at once, all of them with these bytes. */
	readonly connections?: number;
	/** The status of HTTP's answer, or the kinds of packets, each once, of a PUBLISH the status in its topic; then whether the connection is over or answers a ping. */
	readonly outcome: string;
}

export const levels = (count: number): string => `${'{"a":'.repeat(count)}1${"}".repeat(count)}`;
export const DEEP: string = levels(5400);
export const ARRAYS: string = `{"a":${"[".repeat(5400)}${"]".repeat(5400)}}`;
export const MANY = (count: number): string => `{${times(count, (i) => `"m${i}":${i}`)}}`;
export const head = (line: string, ...fields: string[]): string =>
	`${[line, "Host: localhost", ...fields].join("\r\n")}\r\n\r\n`;
export const post = (line: string, body: string, ...fields: string[]): string =>
	`${head(line, `Content-Length: ${body.length}`, "Content-Type: application/json", ...fields)}${body}`;
export const reported = (body: string): Uint8Array => publish("$iothub/twin/PATCH/properties/reported/?$rid=1", body);
export const renewal = (body: string): Uint8Array =>
	publish("$iothub/credentials/POST/issueCertificate/?$rid=abcd", body, 7);
/** A client's frame (RFC 6455), its mask all zeros. */
export const frame = (first: number, length: readonly number[], payload: Uint8Array = Buffer.alloc(0)): Uint8Array =>
	Buffer.concat([Buffer.of(first, ...length, 0, 0, 0, 0), payload]);

export function from(
	door: Row["door"],
	all: readonly (readonly [name: string, bytes: Row["bytes"], outcome: string])[],
): Row[] {
	return all.map(([name, bytes, outcome]) => ({ door, name, bytes, outcome }));
}
