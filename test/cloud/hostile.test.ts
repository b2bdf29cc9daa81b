/** Whatever a client sends to the cloud's ports ends its own connection, or gets its answer, and no other: a table. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { generate, parser } from "mqtt-packet";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { deriveKey } from "../../cloud/sas.ts";
import { enrol, type Identity, openHub, sas } from "./cloud-probe.ts";
import type { Row } from "./hostile-row.ts";
import { rows } from "./hostile-rows.ts";
import { UPGRADE } from "./upgrade.ts";

const updates = mkdtempSync(join(tmpdir(), "enrollee-hostile-cloud-"));
const PING = Buffer.of(0xc0, 0);
const PINGRESP = Buffer.of(0xd0, 0);
const CLOSE_FRAME = 0x88;
const subscribe = (...filters: readonly string[]): Uint8Array =>
	generate({ cmd: "subscribe", messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 0 })) });
const SUBSCRIBE = {
	hub: subscribe("$iothub/twin/res/#", "$iothub/credentials/res/#"),
	dps: subscribe("$dps/registrations/res/#"),
};
const defects: string[] = [];
let cloud: Cloud;
let identity: Identity;
before(async () => {
	mkdirSync(join(updates, "folder"));
	writeFileSync(join(updates, "folder", "inner"), "inner");
	writeFileSync(join(updates, "file"), Buffer.alloc(1000, 1));
	writeFileSync(join(updates, ".hidden"), "hidden");
	symlinkSync("nowhere", join(updates, "link"));
	symlinkSync(import.meta.filename, join(updates, "out"));
	execFileSync("mkfifo", [join(updates, "pipe")]);
	cloud = await startCloud({
		retryAfterSeconds: 0,
		polls: 0,
		apiPort: 0,
		updatesFolder: updates,
		// What a row brings about is foreseen; an exception that ends its connection is not.
		onEvent(event) {
			const text = event.event === "defect" ? event.message : event.event === "disconnected" ? event.reason : "";
			if (event.event === "defect" || text.startsWith("internal error")) defects.push(text);
		},
	});
	identity = await enrol(cloud, "dev-001");
	cloud.operator.createDevice("dev-002");
});
after(async () => {
	await cloud.close();
	rmSync(updates, { recursive: true });
});

test("one connection ends or gets its answer, and a device beside it works, open before or new", {
	timeout: 300_000,
}, async () => {
	const { probe: beside } = await openHub(cloud, "dev-001", { identity });
	const wrong: string[] = [];
	const all = rows();
	assert.ok(all.length >= 300, `${all.length} rows`);
	for (const row of all) {
		const outcomes = await Promise.all(Array.from({ length: row.connections ?? 1 }, () => play(row)));
		// What a client is told whose bytes are not all read may get lost to the reset.
		for (const outcome of new Set(outcomes))
			if (outcome !== row.outcome && !(outcome === "ends" && row.outcome.endsWith(" ends")))
				wrong.push(`${row.door}: ${row.name}: ${outcome}; expected ${row.outcome}`);
		assert.equal(await beside.publish("devices/dev-001/messages/events/", "{}"), "puback", row.name);
	}
	beside.close();
	const { probe, connack } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0);
	probe.close();
	assert.deepEqual(wrong, []);
	assert.deepEqual(defects, []);
});

/** What comes of it, as in Row. */
async function play({ door, bytes, connections }: Row): Promise<string> {
	const socket = await open(door);
	const heard: Buffer[] = [];
	socket.on("data", (part: Buffer) => heard.push(part));
	socket.on("error", () => {});
	if (door === "websocket") await said(socket, UPGRADE);
	if (door === "hub" || door === "dps") {
		await said(socket, connect(door));
		await said(socket, SUBSCRIBE[door]);
	}
	heard.length = 0;
	socket.write(withToken(bytes));
	if (connections !== undefined) {
		// Nothing comes of half a greeting: they stay until all of them are there.
		await new Promise((resolve) => setImmediate(resolve));
		const outcome = socket.destroyed ? "ends" : "waits";
		socket.destroy();
		return outcome;
	}
	if (door === "hub" || door === "dps") socket.write(PING);
	const isOpen = await Promise.race([next(socket, "close").then(() => false), answered(socket, heard, door)]);
	socket.destroy();
	const isMqtt = door === "hub" || door === "dps" || door === "mqtt";
	const kinds = isMqtt ? packets(heard) : [/^HTTP\/1\.1 (\d+)/.exec(String(heard[0] ?? ""))?.[1]];
	return [...kinds, isOpen ? "open" : "ends"].filter(Boolean).join(" ");
}

/** True: the ping behind it all is answered. False: a WebSocket is told that it is over. */
async function answered(socket: Socket, heard: Buffer[], door: Row["door"]): Promise<boolean> {
	for (;;) {
		const all = Buffer.concat(heard);
		if (door === "hub" && all.subarray(-2).equals(PINGRESP)) return true;
		// The answer may come behind that to the ping: a certificate takes its time.
		if (door === "dps" && all.includes(PINGRESP) && packets(heard).length > 0) return true;
		if (door === "websocket" && all[0] === CLOSE_FRAME) return false;
		await next(socket, "data");
	}
}

function packets(heard: readonly Buffer[]): string[] {
	const found = new Set<string>();
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", (packet) => {
		const status = packet.cmd === "publish" ? /\/res\/(\d+)\//.exec(packet.topic)?.[1] : undefined;
		if (packet.cmd !== "pingresp") found.add(status ?? packet.cmd);
	});
	reader.parse(Buffer.concat(heard));
	return [...found].sort();
}

async function open(door: Row["door"]): Promise<Socket> {
	const host = "127.0.0.1";
	const port = door === "api" ? Number(new URL(cloud.ready.apiUrl!).port) : cloud.port;
	if (door === "tcp" || door === "api") {
		const socket = connectTcp(port, host);
		await once(socket, "connect");
		return socket;
	}
	const socket = connectTls({ host, port, servername: "localhost", ca: readFileSync(cloud.rootCa) });
	await once(socket, "secureConnect");
	return socket;
}

async function said(socket: Socket, bytes: Uint8Array | string): Promise<void> {
	socket.write(bytes);
	await next(socket, "data");
}

/** Also of one that is reset. */
const next = (socket: Socket, event: "close" | "data"): Promise<void> =>
	new Promise((resolve) => socket.once(event, () => resolve()));

const withToken = (bytes: Row["bytes"]): Row["bytes"] =>
	typeof bytes === "string"
		? bytes
				.replace("\r\nTOKEN\r\n", `\r\nAuthorization: Bearer ${cloud.ready.apiToken}\r\n`)
				.replace("DPS-TOKEN", token("dps"))
				.replace("/SCOPE/", `/${cloud.idScope}/`)
		: bytes;

const DEVICE = { hub: "dev-002", dps: "dev-003" } as const;

function token(door: "hub" | "dps"): string {
	const key = deriveKey(Buffer.from(cloud.ready.groupKey, "base64"), DEVICE[door]);
	const resource = door === "hub" ? "localhost/devices/dev-002" : `${cloud.idScope}/registrations/dev-003`;
	return sas(resource, Buffer.from(key).toString("base64"));
}

const connect = (door: "hub" | "dps"): Uint8Array =>
	generate({
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: DEVICE[door],
		username:
			door === "hub"
				? "localhost/dev-002/?api-version=2025-08-01-preview"
				: `${cloud.idScope}/registrations/dev-003/api-version=2025-07-01-preview`,
		password: Buffer.from(token(door)),
		keepalive: 60,
		clean: true,
	});
