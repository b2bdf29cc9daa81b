/** Downloads over a network in memory: servers that ignore Range, lie, send something else, stall, reset, redirect. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { equal, utf8 } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { fetchBundle, fetchImage } from "../../src/update/download.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import type { Link } from "../support/wire.ts";
import { NEW, OLD, ranged, type Server, scene, send, whole } from "./download-scene.ts";

/** Breaks the first connection after 150 KB. */
const brokenOnce = (number: number): Link => ({ pieces: 1460, ...(number === 0 ? { cutAfterReceived: 150_000 } : {}) });

test("an image comes into the other slot and is staged", async () => {
	const { attempt, updater, slots } = scene(ranged(NEW));
	assert.equal(await attempt(), undefined);
	assert.equal(updater.status.state, "staged");
	assert.ok(slots.holds("ota_1", NEW) && slots.holds("ota_0", OLD));
});

test("after a reset of the connection the rest is asked for", async () => {
	const { attempt, updater, requests, slots } = scene(ranged(NEW), brokenOnce);
	assert.equal((await attempt())?.code, "wire.closed");
	assert.equal(await attempt(), undefined);
	assert.deepEqual(
		requests.map((request) => request.from),
		[0, 2 * EDGE_BYTES],
	);
	assert.equal(updater.status.state, "staged");
	assert.ok(slots.holds("ota_1", NEW));
});

test("a server that ignores Range sends everything again", async () => {
	const { attempt, requests, slots } = scene(whole(NEW), brokenOnce);
	assert.equal((await attempt())?.code, "wire.closed");
	assert.equal(await attempt(), undefined);
	assert.equal(requests[1]!.from, 2 * EDGE_BYTES);
	assert.ok(slots.holds("ota_1", NEW));
});

test("a server that ignores Range, and breaks off: nothing of what it overwrote is taken for good", async () => {
	const { attempt, updater } = scene(whole(NEW), (number) => ({
		pieces: 1460,
		...(number < 2 && { cutAfterReceived: number === 0 ? 150_000 : 10_000 }),
	}));
	await attempt();
	assert.equal(updater.download()!.writer.offset, 2 * EDGE_BYTES);
	await attempt();
	assert.equal(updater.download()!.writer.offset, 0);
});

/** The first request only: whoever follows gets the image. */
const redirect = (location: string): Server => {
	let asked = false;
	return (socket, request) => {
		if (asked && location !== "/agent.bin") return whole(NEW)(socket, request);
		asked = true;
		send(socket, "302 Found", [`Location: ${location}`], new Uint8Array(0));
	};
};

const longer = Uint8Array.from([...NEW, 0]);

const BAD: readonly [string, Server, string, Link?][] = [
	["serves another image of the same length", whole(standInImage(3)), "ota.digest"],
	["serves a longer image", whole(longer), "ota.length"],
	["serves a shorter image", whole(NEW.subarray(1)), "ota.length"],
	["serves a page instead", whole(new Uint8Array(NEW.length).fill(0x3c)), "ota.image"],
	[
		"promises the length and sends less",
		(socket) => {
			send(socket, "200 OK", [`Content-Length: ${NEW.length}`], NEW.subarray(0, 100_000));
			socket.close();
		},
		"wire.closed",
	],
	[
		"promises the length and sends more",
		(socket) => send(socket, "200 OK", [`Content-Length: ${NEW.length}`], longer),
		"ota.length",
	],
	[
		"sends chunks",
		(socket) => send(socket, "200 OK", ["Transfer-Encoding: chunked"], utf8("4\r\nabcd\r\n")),
		"ota.chunked",
	],
	["says 404", (socket) => send(socket, "404 Not Found", ["Content-Length: 0"], new Uint8Array(0)), "ota.missing"],
	["says 503", (socket) => send(socket, "503 Busy", ["Content-Length: 0"], new Uint8Array(0)), "ota.http"],
	["says nothing", () => {}, "wire.timeout"],
	[
		"stalls in the middle",
		(socket) => send(socket, "200 OK", [`Content-Length: ${NEW.length}`], NEW.subarray(0, 99_999)),
		"wire.timeout",
	],
	["closes at once", (socket) => socket.close(), "wire.closed"],
	["resets in the middle", whole(NEW), "wire.closed", { cutAfterReceived: 70_000 }],
	["cannot be reached", whole(NEW), "wire.refused", { refuse: new Fault("wire.refused", "nobody listens") }],
	["does not speak HTTP", (socket) => socket.write(utf8("220 smtp ready\r\n\r\n")), "ota.http"],
	["redirects elsewhere", redirect("https://evil.example.net/agent.bin"), "ota.redirect"],
	["redirects to http", redirect("http://updates.example.com/agent.bin"), "ota.redirect"],
	["redirects to an address", redirect("https://127.0.0.1/agent.bin"), "ota.redirect"],
	["redirects for ever", redirect("/agent.bin"), "ota.redirect"],
	["redirects to nowhere", redirect(""), "ota.uri"],
];

for (const [name, server, code, link] of BAD)
	test(`a server that ${name}: ${code}, and the old image runs on`, async () => {
		const { attempt, updater, slot, slots } = scene(server, { pieces: 1460, ...link });
		assert.equal((await attempt())?.code, code);
		assert.notEqual(updater.status.state, "staged");
		assert.throws(() => updater.apply());
		assert.equal(slot.running, "ota_0");
		assert.ok(slots.holds("ota_0", OLD));
		// The bootloader's own entry, for what was flashed by cable.
		const ordered = slots.otadata.filter((entry) => entry !== null).map(({ sequence }) => sequence);
		assert.deepEqual(ordered, [1], "nothing else was ordered to boot");
	});

test("a server that drips is left after an hour", async () => {
	const { attempt, clock } = scene((socket) => {
		let open = true;
		socket.onClose = () => {
			open = false;
		};
		const drip = (at: number): void => {
			if (!open) return;
			socket.write(NEW.subarray(at, at + 1));
			clock.after(20_000, () => drip(at + 1));
		};
		send(socket, "200 OK", [`Content-Length: ${NEW.length}`], new Uint8Array(0));
		drip(0);
	});
	const fault = await attempt();
	assert.match(String(fault), /wire\.timeout: .* not done within 3600 s/);
});

test("a redirect on the same host is followed, with the range", async () => {
	const redirecting: Server = (socket, request) => {
		if (request.path !== "/agent.bin") return ranged(NEW)(socket, request);
		send(socket, "307 Temporary Redirect", ["Location: /real.bin", "Content-Length: 2"], utf8("no"));
	};
	const { attempt, requests, slots } = scene(redirecting);
	assert.equal(await attempt(), undefined);
	assert.deepEqual(
		requests.map((request) => request.path),
		["/agent.bin", "/real.bin"],
	);
	assert.ok(slots.holds("ota_1", NEW));
});

test("a cancelled download ends in silence and can be taken up again", async () => {
	const { ports, updater, clock, attempt, requests } = scene(ranged(NEW));
	let called = false;
	const cancel = fetchImage(ports, updater, () => {
		called = true;
	});
	await clock.advance(1);
	cancel();
	await clock.advance(3600_000);
	assert.equal(called, false);
	assert.equal(clock.waiting, 0);
	assert.equal(await attempt(), undefined);
	assert.equal(requests.at(-1)!.from, 0);
});

test("a bundle is fetched, and bounded", async () => {
	const envelope = bundle(manifestOf(NEW));
	const fetched = async (server: Server, uri = "https://updates.example.com/a.suit"): Promise<Uint8Array | Fault> => {
		const { ports, clock } = scene(server);
		let result: Uint8Array | Fault | undefined;
		fetchBundle(ports, uri, (outcome) => {
			result = outcome;
		});
		assert.equal(result, undefined);
		await clock.until(() => result !== undefined);
		return result!;
	};
	const code = async (...options: Parameters<typeof fetched>): Promise<string> =>
		((await fetched(...options)) as Fault).code;
	assert.ok(equal((await fetched(whole(envelope))) as Uint8Array, envelope));
	assert.equal(await code(whole(new Uint8Array(4097))), "ota.too-large");
	assert.equal(await code(whole(envelope), "http://updates.example.com/a.suit"), "ota.uri");
	assert.equal(await code((socket) => socket.close()), "wire.closed");
});
