/** Clients that cut their TLS records anywhere, at each of the port's doors. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { generate } from "mqtt-packet";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { sas } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud();
	cloud.operator.createDevice("dev-001");
});
after(() => cloud.close());

test("the first byte tells HTTP from MQTT, however a client cuts its records; what is neither is closed", async () => {
	const lines = (line: string, ...headers: string[]) => `${[line, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
	const dps = lines(
		`PUT /${cloud.idScope}/registrations/dev-001/register?api-version=2021-06-01 HTTP/1.1`,
		`Authorization: ${sas(`${cloud.idScope}/registrations/dev-001`, cloud.symmetricKey)}`,
		"Content-Length: 2",
	);
	const upgrade = lines(
		"GET /$iothub/websocket HTTP/1.1",
		"Connection: Upgrade",
		"Upgrade: websocket",
		"Sec-WebSocket-Version: 13",
		`Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
		"Sec-WebSocket-Protocol: mqtt",
	);
	const connect = generate({
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: "dev-001",
		username: "localhost/dev-001/?api-version=2021-04-12",
		password: Buffer.from(sas("localhost/devices/dev-001", cloud.symmetricKey)),
		keepalive: 60,
		clean: true,
	});
	const cases: [string, Buffer, string][] = [
		["DPS over HTTPS", Buffer.from(`${dps}{}`), "HTTP/1.1 202 "],
		["WebSocket", Buffer.from(upgrade), "HTTP/1.1 101 "],
		["MQTT", connect, "\x20\x02\0\0"],
	];
	for (const [name, bytes, expected] of cases)
		for (const first of [1, 2, 3, 4]) {
			const heard = await said(bytes, first);
			assert(heard.startsWith(expected), `${name}, ${first}: ${JSON.stringify(heard)}`);
		}
	for (const byte of [0x00, 0x30, 0x40, 0x5b, 0x61, 0xff]) assert.equal(await said(Buffer.of(byte), 1), "", `${byte}`);
});

/** The first that the cloud says, or "" when it closes: `first` bytes in a TLS record, then each byte in one of its own. */
async function said(bytes: Buffer, first: number): Promise<string> {
	const ca = readFileSync(cloud.rootCa, "utf8");
	const socket = connectTls({ host: "127.0.0.1", servername: "localhost", port: cloud.port, ca });
	await once(socket, "secureConnect");
	const answer = new Promise<string>((resolve) => {
		socket.once("data", (data) => resolve(data.toString("latin1")));
		socket.once("close", () => resolve(""));
	});
	for (let at = 0; at < bytes.length; at += at === 0 ? first : 1) {
		const part = bytes.subarray(at, at === 0 ? first : at + 1);
		await new Promise((resolve) => socket.write(part, resolve));
	}
	const heard = await answer;
	socket.destroy();
	return heard;
}
