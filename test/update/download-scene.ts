/** A device with an accepted bundle, a network in memory, and a server that answers as told. */
import assert from "node:assert/strict";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import type { Manifest } from "../../src/suit/manifest.ts";
import { fetchImage } from "../../src/update/download.ts";
import { Updater } from "../../src/update/updater.ts";
import { FakeClock } from "../support/clock.ts";
import { Power } from "../support/power.ts";
import { bundle, CLASS, manifestOf, RELEASE_KEY, standInImage, VENDOR } from "../support/release.ts";
import { FakeSlots } from "../support/slots.ts";
import { FakeStore } from "../support/store.ts";
import { FakeWire, type Link, type Socket } from "../support/wire.ts";

export const OLD = standInImage(1);
export const NEW = standInImage(2);

export interface Request {
	readonly path: string;
	readonly from: number;
	/** The last byte that is asked for; undefined: all. */
	readonly to: number | undefined;
}

/** Answers one request. */
export type Server = (socket: Socket, request: Request) => void;

/** A device with an accepted bundle, and a network with one server. */
export function scene(
	server: Server,
	link: Link | ((number: number) => Link) = { pieces: 1460 },
	change: Partial<Manifest> = {},
) {
	const clock = new FakeClock();
	const power = new Power();
	const slots = new FakeSlots(OLD);
	const slot = slots.boot(power, clock);
	const updater = new Updater({
		slot,
		store: new FakeStore(),
		clock,
		keys: [RELEASE_KEY.publicKey],
		vendor: VENDOR,
		class: CLASS,
	});
	updater.offer(bundle(manifestOf(NEW, change)));
	const requests: Request[] = [];
	const wire = new FakeWire({
		clock,
		link: typeof link === "function" ? link : () => link,
		serve(socket) {
			let text = "";
			socket.onData = (bytes) => {
				text += utf8Text(bytes);
				if (!text.endsWith("\r\n\r\n")) return;
				const [, from = "0", to = ""] = /Range: bytes=([0-9]+)-([0-9]*)/.exec(text) ?? [];
				const request = { path: text.split(" ")[1]!, from: Number(from), to: to === "" ? undefined : Number(to) };
				text = "";
				requests.push(request);
				server(socket, request);
			};
		},
	});
	const ports = { wire, clock, anchors: [] };
	const attempt = async (): Promise<Fault | undefined> => {
		const outcomes: (Fault | undefined)[] = [];
		fetchImage(ports, updater, (fault) => outcomes.push(fault));
		assert.equal(outcomes.length, 0, "done synchronously");
		await clock.until(() => outcomes.length > 0);
		await clock.advance(7200_000);
		assert.equal(clock.waiting, 0, "no timer is left behind");
		assert.equal(outcomes.length, 1, "done twice");
		return outcomes[0];
	};
	return { attempt, updater, slots, slot, requests, ports, clock, wire };
}

export const send = (socket: Socket, status: string, fields: readonly string[], body: Uint8Array): void => {
	socket.write(utf8(`HTTP/1.1 ${status}\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`));
	if (body.length > 0) socket.write(body);
};

export const whole =
	(image: Uint8Array): Server =>
	(socket) =>
		send(socket, "200 OK", [`Content-Length: ${image.length}`], image);

export const ranged =
	(image: Uint8Array): Server =>
	(socket, request) => {
		if (request.from === 0) return whole(image)(socket, request);
		const range = `Content-Range: bytes ${request.from}-${image.length - 1}/${image.length}`;
		const rest = image.subarray(request.from);
		send(socket, "206 Partial Content", [range, `Content-Length: ${rest.length}`], rest);
	};
