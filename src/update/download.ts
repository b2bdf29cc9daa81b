/**
 * One attempt to download a bundle or what is missing of an image, over Wire: connection, request, response, deadlines,
 * redirects, and as many parts as the server makes of it. Whether and when to try again is the caller's.
 */
import { concat } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Clock, Connection, Wire } from "../port.ts";
import { MAX_ENVELOPE_BYTES } from "../suit/manifest.ts";
import { encodeRequest, ResponseReader } from "./http.ts";
import type { Updater } from "./updater.ts";
import { type HttpsUri, mayFollow, parseHttpsUri, resolveLocation } from "./uri.ts";

export interface DownloadPorts {
	readonly wire: Wire;
	readonly clock: Clock;
	/** Trust anchors for the download servers, DER; empty: the platform's. */
	readonly anchors: readonly Uint8Array[];
	/** As in WireOptions. */
	readonly notBefore?: number;
	/** Domains that a redirect may lead to, besides the one that redirects. */
	readonly hosts?: readonly string[];
}

/** Connecting, and every wait for more bytes. */
const IDLE_SECONDS = 30;
/** A server that drips does not hold the device for ever. */
const BUNDLE_SECONDS = 120;
const IMAGE_SECONDS = 3600;
const MAX_REDIRECTS = 3;
/** Of an image in one attempt, each over a connection of its own. */
const MOST_PARTS = 256;

/** Gives the envelope at `uri`, or why not. `done` is called once, never synchronously; the result cancels. */
export function fetchBundle(ports: DownloadPorts, uri: string, done: (result: Uint8Array | Fault) => void): () => void {
	let envelope: Uint8Array = new Uint8Array(0);
	const sink: Sink = {
		from: 0,
		seconds: BUNDLE_SECONDS,
		onHead(_, total) {
			if (total !== undefined && total > MAX_ENVELOPE_BYTES)
				throw new Fault("ota.too-large", `bundle of ${total} bytes, at most ${MAX_ENVELOPE_BYTES}`);
		},
		onBody(bytes) {
			if (envelope.length + bytes.length > MAX_ENVELOPE_BYTES)
				throw new Fault("ota.too-large", `bundle of more than ${MAX_ENVELOPE_BYTES} bytes`);
			envelope = concat(envelope, bytes);
		},
	};
	return begin(ports, uri, sink, (fault) => done(fault ?? envelope));
}

/**
 * Brings the updater's image into flash, from where it was left, and has it read back: without a fault, `apply` is next.
 * With one, `updater.download()` tells whether another attempt makes sense. `done` as above; the result cancels.
 */
export function fetchImage(ports: DownloadPorts, updater: Updater, done: (fault?: Fault) => void): () => void {
	const download = updater.download();
	if (download === undefined) return ports.clock.after(0, () => done(new Fault("ota.busy", "nothing to download")));
	const { uri, size, writer, preview } = download;
	const complete = (): void => done(caught(() => updater.complete()));
	if (writer.offset === size) return ports.clock.after(0, complete);
	let cancel = (): void => {};
	const get = (sink: Pick<Sink, "onHead" | "onBody" | "onNoRange">, then: () => void): void => {
		cancel = begin(ports, uri, { ...sink, from: writer.offset, seconds: IMAGE_SECONDS }, (fault) => {
			if (fault === undefined) then();
			else fail(fault);
		});
	};
	const fail = (fault: Fault): void => done(caught(() => updater.interrupted(fault)) ?? fault);
	const checkLength = (total: number | undefined): void => {
		if (total !== undefined && total !== size)
			throw new Fault("ota.length", `the server has ${total} bytes, signed are ${size}`);
	};
	let restarts = 0;
	let parts = 0;
	const write = (): void => {
		const began = writer.offset;
		let isWhole = true;
		let skip = 0;
		get(
			{
				onHead(start, total) {
					checkLength(total);
					if (start === 0 && total === size && writer.offset > 0) writer.restart();
					skip = writer.offset - start;
				},
				onNoRange() {
					if (++restarts > 1) throw new Fault("ota.http", "no range of the image is to be had");
					isWhole = false;
					writer.restart();
				},
				onBody(bytes) {
					const known = Math.min(skip, bytes.length);
					skip -= known;
					if (known < bytes.length) writer.write(bytes.subarray(known));
				},
			},
			() => {
				if (writer.offset === size) complete();
				else if (++parts < MOST_PARTS && (writer.offset > began || !isWhole)) write();
				else fail(new Fault("ota.http", "an answer that brings nothing", { retryable: true }));
			},
		);
	};
	if (preview === undefined) write();
	else
		get({ onHead: (_, total) => checkLength(total), onBody: (bytes) => preview.push(bytes) }, () => {
			const fault = caught(() => preview.end());
			if (fault === undefined) write();
			else fail(fault);
		});
	return () => cancel();
}

interface Sink {
	readonly from: number;
	readonly seconds: number;
	/** Body bytes follow that belong at `start`. May throw a Fault, as may onBody. */
	onHead(start: number, total: number | undefined): void;
	onBody(bytes: Uint8Array): void;
	/** The server has not got the range that was asked for. May throw; else that was all. */
	onNoRange?(): void;
}

function begin(ports: DownloadPorts, uri: string, sink: Sink, done: (fault?: Fault) => void): () => void {
	try {
		return get(ports, parseHttpsUri(uri), sink, MAX_REDIRECTS, done);
	} catch (thrown) {
		const fault = Fault.of(thrown, "ota.uri");
		return ports.clock.after(0, () => done(fault));
	}
}

function get(
	ports: DownloadPorts,
	uri: HttpsUri,
	sink: Sink,
	redirects: number,
	done: (fault?: Fault) => void,
): () => void {
	const { wire, clock, anchors, notBefore } = ports;
	const reader = new ResponseReader(sink.from);
	let ended = false;
	let cancelIdle = (): void => {};
	let cancelNext = (): void => {};

	const stop = (): void => {
		ended = true;
		cancelIdle();
		cancelTotal();
		cancelNext();
		connection.close();
	};
	const end = (fault?: Fault): void => {
		if (ended) return;
		stop();
		done(fault);
	};
	const expect = (): void => {
		cancelIdle();
		const silent = new Fault("wire.timeout", `${uri.host}: nothing for ${IDLE_SECONDS} s`);
		cancelIdle = clock.after(IDLE_SECONDS * 1000, () => end(silent));
	};
	const receive = (bytes: Uint8Array): void => {
		const before = reader.head;
		const body = reader.push(bytes);
		const { head } = reader;
		if (head === undefined) return;
		if (head.kind === "redirect") {
			const next = follow(uri, head.location, redirects, ports.hosts ?? []);
			stop();
			cancelNext = get(ports, next, sink, redirects - 1, done);
			return;
		}
		if (head.kind === "no-range") {
			sink.onNoRange?.();
			end();
			return;
		}
		if (before === undefined) sink.onHead(head.start, head.total);
		if (body.length > 0) sink.onBody(body);
		if (reader.done) end();
	};

	const cancelTotal = clock.after(sink.seconds * 1000, () =>
		end(new Fault("wire.timeout", `${uri.host}: not done within ${sink.seconds} s`)),
	);
	const connection: Connection = wire.connect(
		{
			host: uri.host,
			port: uri.port,
			anchors,
			timeoutSeconds: IDLE_SECONDS,
			...(notBefore === undefined ? {} : { notBefore }),
		},
		{
			onOpen() {
				if (ended) return;
				expect();
				connection.write(encodeRequest(uri, sink.from));
			},
			onData(bytes) {
				if (ended) return;
				expect();
				const fault = caught(() => receive(bytes));
				if (fault !== undefined) end(fault);
			},
			onClose: (fault) => end(dated(fault) ?? new Fault("wire.closed", `${uri.host}: closed before the end`)),
		},
	);
	return () => {
		if (!ended) stop();
		cancelNext();
	};
}

/** Outside its dates: the server's certificate is renewed, or our clock is set, sooner or later. */
function dated(fault: Fault | undefined): Fault | undefined {
	if (fault?.code !== "tls.expired") return fault;
	return new Fault("tls.expired", "the download server's certificate", { retryable: true, cause: fault });
}

/** A redirect never carries anything of ours: neither request has a secret, and the path is the server's own. */
function follow(from: HttpsUri, location: string, left: number, hosts: readonly string[]): HttpsUri {
	if (/^http:/i.test(location)) throw new Fault("ota.redirect", `${from.host} redirects to http, without TLS`);
	const to = resolveLocation(from, location);
	if (!mayFollow(from.host, to.host, hosts)) throw new Fault("ota.redirect", `${from.host} redirects to ${to.host}`);
	if (left === 0) throw new Fault("ota.redirect", `more than ${MAX_REDIRECTS} redirects`);
	return to;
}

/** The Fault that `action` throws, if it does. Anything else is a defect and goes on. */
function caught(action: () => void): Fault | undefined {
	try {
		action();
	} catch (thrown) {
		if (thrown instanceof Fault) return thrown;
		throw thrown;
	}
	return undefined;
}
