/** Bodies in pieces of a byte: no more than twice their bytes is held. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { answerDps } from "../../cloud/dps-https.ts";
import { Faults } from "../../cloud/faults.ts";
import { Gathered } from "../../cloud/gathered.ts";
import { bytesInUse } from "./in-use.ts";

const PIECES = 60_000;

test("they are all there, in their order", () => {
	const gathered = new Gathered();
	const pieces = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(i % 7, i));
	for (const piece of pieces) gathered.add(piece);
	assert.deepEqual(gathered.bytes, Buffer.concat(pieces));
});

test("a body of DPS over HTTPS", async () => {
	let held = 0;
	let read = 0;
	const request = {
		url: "/scope/registrations/dev-001/register",
		method: "PUT",
		headers: {},
		async *[Symbol.asyncIterator]() {
			const before = bytesInUse();
			for (; read < PIECES; read++) yield Buffer.from(Uint8Array.of(32).buffer);
			held = bytesInUse() - before;
		},
	};
	await new Promise<void>((resolve) => {
		const registrations = {
			register: (_connect: unknown, body: Uint8Array) => resolve(assert.equal(body.length, read)),
		};
		const options = { registrations, faults: new Faults(), chain: [] };
		answerDps(request as unknown as IncomingMessage, {} as ServerResponse, options as never);
	});
	assert.equal(read, PIECES);
	assert.ok(held < 1024 * 1024, `${held} bytes`);
});

test("a body of the HTTP API comes in pieces, too", async () => {
	const cloud = await startCloud({ apiPort: 0 });
	const socket = connect(Number(new URL(cloud.ready.apiUrl!).port), "127.0.0.1");
	const fields = ["Host: localhost", `Authorization: Bearer ${cloud.ready.apiToken}`, "Transfer-Encoding: chunked"];
	socket.write(`POST /devices HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
	for (const byte of '{"deviceId":"dev-001"}') socket.write(`1\r\n${byte}\r\n`);
	socket.write("0\r\n\r\n");
	const [answer] = await once(socket, "data");
	assert.match(String(answer), /^HTTP\/1.1 200 /);
	socket.destroy();
	await cloud.close();
});
