/** Requests that come without waiting for their answers, on the devices' port and on the operator's: what is held for them, and for how long. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { test } from "node:test";
import { serveApi } from "../../cloud/api.ts";
import { startCloud } from "../../cloud/cloud.ts";
import { OpenAnswers } from "../../cloud/open-answers.ts";
import type { Context } from "../../cloud/routes.ts";
import { clock } from "../../hw/node/clock.ts";

/** Of a test that waits for an end that does not come. */
const LIMIT = { timeout: 20_000 };
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function dial(port: number): Promise<Socket> {
	const socket = connect(port, "127.0.0.1").on("error", () => {});
	await once(socket, "connect");
	return socket;
}

test("all answers of a connection that ends are told so, not only the one whose turn it is", LIMIT, async (t) => {
	const open = new OpenAnswers();
	const responses: ServerResponse[] = [];
	let come = () => {};
	const all = new Promise<void>((resolve) => {
		come = resolve;
	});
	const server = createServer((request, response) => {
		open.add(request.socket, response, () => {});
		if (responses.push(response) === 16) come();
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => void server.close().closeAllConnections());
	const client = await dial((server.address() as AddressInfo).port);
	client.write(REQUEST.repeat(16));
	await all;
	const closed = responses.map((response) => once(response, "close"));
	client.resetAndDestroy();
	await Promise.all(closed);
	assert.ok(responses.every(({ destroyed }) => destroyed));
});

const SECRET = new Uint8Array(32);
const TEXT = "x".repeat(1024 * 1024);

/** `GET /devices` answers 40 MB, as one text that the machine has once. */
async function api() {
	const context = { clock, events: [], cloud: () => ({}), devices: () => Array(40).fill(TEXT) } as unknown as Context;
	const { url, token, close } = await serveApi(0, SECRET, context);
	const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
	return { port: Number(new URL(url).port), ask, close };
}

test(
	"an operator that reads nothing is not answered without end; what it has read counts no more",
	LIMIT,
	async (t) => {
		const { port, ask, close } = await api();
		t.after(close);
		const clients: Socket[] = [];
		for (let i = 0; i < 5; i++) {
			const client = await dial(port);
			client.pause();
			client.write(ask("/devices"));
			clients.push(client);
		}
		const other = await dial(port);
		const status = async (): Promise<string> => {
			other.write(ask("/cloud"));
			const [answer] = await once(other, "data");
			return String(answer).slice(9, 12);
		};
		// 40 MB are less than the limit, and so are 120: behind the fourth nothing more is answered.
		while ((await status()) !== "503");
		for (const client of clients) client.destroy();
		while ((await status()) !== "200");
		other.destroy();
	},
);

test("17 requests without waiting end their connection at the operator's port, too", LIMIT, async (t) => {
	const { port, ask, close } = await api();
	t.after(close);
	const client = await dial(port);
	let answers = "";
	client.on("data", (bytes) => {
		answers += bytes;
	});
	client.write(ask("/cloud").repeat(17));
	await once(client, "close");
	// Who only waits is let go, too, some seconds later.
	assert.ok(answers.split("HTTP/1.1 200").length - 1 < 17);
});

test(
	"of a thousand connections that say nothing the oldest goes, and none that has shown the token",
	LIMIT,
	async (t) => {
		const cloud = await startCloud({ apiPort: 0 });
		t.after(() => cloud.close());
		const { apiUrl, apiToken } = cloud.ready;
		const port = Number(new URL(apiUrl!).port);
		const known = await dial(port);
		known.write(`GET /stream?token=${apiToken} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
		await once(known, "data");
		const silent: Socket[] = [];
		for (let i = 0; i < 1001; i++) silent.push(await dial(port));
		await once(silent[0]!.resume(), "close");
		assert.ok(silent.slice(1).every(({ destroyed }) => !destroyed));
		const told = once(known, "data");
		cloud.arm("throttle:1");
		await told;
		for (const socket of [known, ...silent]) socket.destroy();
	},
);
