/** Nothing that a client or a folder brings ends the cloud: its connection may end, and the next one is served. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { serveApi } from "../../cloud/api.ts";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { guarded, guardedClock } from "../../cloud/guard.ts";
import { parseJson } from "../../cloud/json.ts";
import type { Context } from "../../cloud/routes.ts";
import { FakeClock } from "../support/clock.ts";
import { enrol, type Identity, openHub, register } from "./cloud-probe.ts";

const updates = mkdtempSync(join(tmpdir(), "enrollee-robust-"));
let cloud: Cloud;
let identity: Identity;
before(async () => {
	mkdirSync(join(updates, "folder"));
	mkdirSync(join(updates, "folder.suit"));
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0, apiPort: 0, updatesFolder: updates });
	identity = await enrol(cloud, "dev-001");
});
after(async () => {
	await cloud.close();
	rmSync(updates, { recursive: true });
});

/** What the TLS port answers to these bytes until it closes, or, where they are no whole request, for a moment. */
async function say(bytes: string | Buffer, isWhole = false): Promise<string> {
	const socket = connect({
		port: cloud.port,
		host: "127.0.0.1",
		ca: readFileSync(cloud.rootCa),
		servername: "localhost",
	});
	let answer = "";
	socket.on("data", (part) => {
		answer += part.toString("latin1");
	});
	socket.on("error", () => {});
	await once(socket, "secureConnect");
	socket.write(bytes);
	if (!isWhole) socket.setTimeout(300, () => socket.destroy());
	await once(socket, "close");
	return answer;
}

/** A device can still connect, and be answered. */
async function works(why: string): Promise<void> {
	const { probe, connack } = await openHub(cloud, "dev-001", { identity });
	assert.equal(connack, 0, why);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "{}"), "puback", why);
	probe.close();
	assert.deepEqual(
		cloud.events.filter(({ event }) => event === "defect"),
		[],
		why,
	);
}

test("request lines that are no address, on the device port", async () => {
	for (const target of ["http://[/", "//", "http://", "/%", "*", "/updates/%00", "x".repeat(20_000)])
		assert.match(
			await say(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, true),
			/^(HTTP\/1\.1 4|$)/,
			target,
		);
	for (const bytes of [
		"GET \0\r\n\r\n",
		"GET / HTTP/9\r\n\r\n",
		"HEAD \r\n",
		"GET / HTTP/1.1\r\nContent-Length: -\r\n\r\n",
	])
		await say(bytes);
	await works("after malformed HTTP");
});

test("the same on the operator's port", async () => {
	const { port } = new URL(cloud.ready.apiUrl!);
	for (const target of ["http://[/", "//", "/%"]) {
		const socket = connectTcp(Number(port), "127.0.0.1");
		socket.on("error", () => {});
		socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
		let answer = "";
		for await (const part of socket) answer += part;
		assert.match(answer, /^HTTP\/1\.1 4\d\d /, target);
	}
});

test("a folder among the updates is neither served nor offered", async () => {
	for (const name of ["folder", "folder.suit", "folder/"])
		assert.match(
			await say(`GET /updates/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, true),
			/^HTTP\/1\.1 404/,
		);
	assert.deepEqual(cloud.downloads.bundles, []);
	assert.throws(() => cloud.operator.offerUpdate("dev-001", "folder.suit"), /no such bundle/);
	await works("after a folder");
});

test("bodies of thousands of levels are refused wherever a client can send them", async () => {
	const deep = `{"a":${"[".repeat(5400)}${"]".repeat(5400)}}`;
	const nested = `${'{"a":'.repeat(5400)}1${"}".repeat(5400)}`;
	for (const body of [deep, nested]) {
		const { probe } = await openHub(cloud, "dev-001", { identity });
		await probe.subscribe("$iothub/twin/res/#");
		probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", body).catch(() => {});
		const answer = await probe.message("$iothub/twin/res/");
		assert.ok(answer !== "closed");
		assert.match(answer.topic, /^\$iothub\/twin\/res\/400\//);
		probe.close();
		const registered = await register(cloud, "dev-001", `{"payload":${body}}`);
		assert.ok(registered !== "closed");
		assert.equal(registered.json.errorCode, 400006);
	}
	assert.throws(() => parseJson("[".repeat(65)), RangeError);
	assert.ok(Array.isArray(parseJson(`${"[".repeat(64)}"[[[\\"["${"]".repeat(64)}`)));
	cloud.operator.pushDesired("dev-001", { still: "saved" });
	await works("after deep bodies");
});

test("nonsense instead of MQTT ends its own connection", async () => {
	for (const bytes of [
		Buffer.alloc(2000, 0xff),
		Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]),
		Buffer.alloc(64),
		"POST",
	])
		await say(bytes);
	await works("after nonsense");
});

test("what a timer or a late answer throws is an event, and no more", async () => {
	const seen: string[] = [];
	const witness = (happening: { event: string; message?: string }) =>
		void seen.push(`${happening.event} ${happening.message}`);
	const clock = new FakeClock();
	guardedClock(clock, witness).after(5, () => {
		throw new Error("in a timer");
	});
	await clock.advance(10);
	guarded(
		() => {
			throw new Error("late");
		},
		witness,
		"answer",
	)();
	assert.equal(seen.length, 2);
	assert.match(seen[0]!, /^defect Error: in a timer/);
	assert.match(seen[1]!, /^defect Error: late/);
});

test("a defect in an answer that has begun ends that connection, and the next is answered", async () => {
	// Everything there is but what the stream begins with.
	const context = {
		clock: new FakeClock(),
		cloud: () => ({}),
		events: [],
		devices: () => assert.fail("a defect"),
	} as unknown as Context;
	const api = await serveApi(0, new Uint8Array(32), context);
	try {
		await assert.rejects(fetch(`${api.url}/stream?token=${api.token}`).then((stream) => stream.text()));
		const { status } = await fetch(`${api.url}/cloud`, { headers: { authorization: `Bearer ${api.token}` } });
		assert.equal(status, 200);
	} finally {
		await api.close();
	}
});
