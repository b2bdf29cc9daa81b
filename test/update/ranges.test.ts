/** Legal answers to Range, over a network in memory: each download ends with the signed image in flash. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../src/base/bytes.ts";
import { fetchImage } from "../../src/update/download.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { NEW, type Server, scene, send, whole } from "./download-scene.ts";

const SIZE = NEW.length;
const part = (socket: Parameters<Server>[0], first: number, last: number, total: number | string = SIZE): void =>
	send(
		socket,
		"206 Partial Content",
		[`Content-Length: ${last - first + 1}`, `Content-Range: bytes ${first}-${last}/${total}`],
		NEW.subarray(first, last + 1),
	);

/** What the server does once it is asked for the rest. */
const ANSWERS: Readonly<Record<string, Server>> = {
	"a shorter part each time": (socket, { from }) => part(socket, from, Math.min(SIZE, from + 50_000) - 1),
	"a part that begins earlier": (socket, { from }) => part(socket, from - 1000, SIZE - 1),
	"a part from the beginning": (socket) => part(socket, 0, SIZE - 1),
	"a part of an unknown whole": (socket, { from }) => part(socket, from, SIZE - 1, "*"),
	"shorter, earlier and of an unknown whole": (socket, { from }) =>
		part(socket, from - 7, Math.min(SIZE, from + 99_999) - 1, "*"),
	"a part whose unit is in capitals": (socket, { from }) =>
		send(
			socket,
			"206 Partial Content",
			[`content-length: ${SIZE - from}`, `content-range: Bytes ${from}-${SIZE - 1}/${SIZE}`],
			NEW.subarray(from),
		),
	"the whole": whole(NEW),
	"416, then the whole": (socket, request) =>
		request.from > 0
			? send(
					socket,
					"416 Range Not Satisfiable",
					[`Content-Range: bytes */${SIZE}`, "Content-Length: 0"],
					new Uint8Array(0),
				)
			: whole(NEW)(socket, request),
	"several parts at once, then the whole": (socket, request) =>
		request.from > 0
			? send(
					socket,
					"206 x",
					["Content-Type: multipart/byteranges; boundary=x", "Content-Length: 2"],
					Uint8Array.of(45, 45),
				)
			: whole(NEW)(socket, request),
	"a gap, then the whole": (socket, request) =>
		request.from > 0 ? part(socket, request.from + 1, SIZE - 1) : whole(NEW)(socket, request),
};

for (const [what, server] of Object.entries(ANSWERS))
	test(`${what}: the image is complete`, async () => {
		const { attempt, slots, updater } = scene(
			(socket, request) => (request.from > 0 || asked++ > 0 ? server(socket, request) : whole(NEW)(socket, request)),
			(number) => ({ pieces: 1460, ...(number === 0 && { cutAfterReceived: 150_000 }) }),
		);
		let asked = 0;
		await attempt();
		assert.equal(updater.download()!.writer.offset, 2 * EDGE_BYTES);
		assert.equal(await attempt(), undefined);
		assert.equal(updater.status.state, "staged");
		assert.ok(slots.holds("ota_1", NEW));
	});

test("a file that has changed ends the update, in a part as well", async () => {
	const { attempt, updater } = scene(
		(socket, { from }) =>
			from > 0 ? part(socket, from, SIZE - 1, SIZE + 1) : whole(NEW)(socket, { path: "/", from, to: undefined }),
		(number) => ({ pieces: 1460, ...(number === 0 && { cutAfterReceived: 150_000 }) }),
	);
	await attempt();
	assert.equal((await attempt())?.code, "ota.length");
	assert.equal(updater.download(), undefined);
});

test("a server that never has a range ends the attempt, and one that brings nothing too", async () => {
	for (const server of [
		(socket: Parameters<Server>[0]) => send(socket, "416 x", ["Content-Length: 0"], new Uint8Array(0)),
		(socket: Parameters<Server>[0]) => part(socket, 0, 9),
	]) {
		const { attempt, requests } = scene(
			(socket, request) => (requests.length > 1 ? server(socket) : whole(NEW)(socket, request)),
			(number) => ({ pieces: 1460, ...(number === 0 && { cutAfterReceived: 150_000 }) }),
		);
		await attempt();
		assert.ok(await attempt());
		assert.ok(requests.length < 10);
	}
});

test("redirects of every status, of HTTP/1.0 as well: three are followed, a fourth is not", async () => {
	for (const status of ["301 x", "302 Found", "303 See Other", "307 x", "308 Permanent Redirect"])
		for (const [count, code] of [
			[3, undefined],
			[4, "ota.redirect"],
		] as const) {
			let version = 0;
			const { attempt, slots } = scene((socket, request) => {
				const hop = Number(request.path.replace("/agent.bin", "0").replace("/", ""));
				if (hop === count) return whole(NEW)(socket, request);
				version = 1 - version;
				socket.write(utf8(`HTTP/1.${version} ${status}\r\nLocation: ${hop + 1}\r\n\r\n`));
			});
			assert.equal((await attempt())?.code, code, status);
			assert.equal(slots.holds("ota_1", NEW), code === undefined);
		}
	for (const status of ["300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "306 x"]) {
		const { attempt } = scene((socket) =>
			socket.write(utf8(`HTTP/1.1 ${status}\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n`)),
		);
		assert.equal((await attempt())?.code, "ota.http", status);
	}
});

test("GitHub's way: a redirect to a host that the configuration names, with the range and no more than that", async () => {
	const asked: string[] = [];
	const { ports, updater, clock, slots, wire } = scene((socket, request) => {
		asked.push(`${socket.options.host} ${request.path}`);
		if (socket.options.host === "updates.example.com")
			send(
				socket,
				"302 Found",
				["Location: https://release-assets.githubusercontent.com/x_y/1?sp=r&sig=a%2Bb%3D", "Content-Length: 0"],
				new Uint8Array(0),
			);
		else whole(NEW)(socket, request);
	});
	let outcome: unknown = "none";
	fetchImage({ ...ports, hosts: ["githubusercontent.com"] }, updater, (fault) => {
		outcome = fault;
	});
	await clock.until(() => outcome !== "none");
	assert.equal(outcome, undefined);
	assert.deepEqual(asked, [
		"updates.example.com /agent.bin",
		"release-assets.githubusercontent.com /x_y/1?sp=r&sig=a%2Bb%3D",
	]);
	assert.ok(slots.holds("ota_1", NEW) && wire.connections === 2);
});
