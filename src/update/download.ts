/**
 * One attempt to download a bundle or what is missing of an image: redirects, and as many parts as the server makes of it, or as the
 * device needs: a server that sends larger TLS records than can be held is asked for a little at a time, over one connection where it
 * keeps it. Whether and when to try again is the caller's.
 */
import { concat } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import type { Inspection } from "../port.ts";
import { MAX_ENVELOPE_BYTES } from "../suit/manifest.ts";
import { Get, type GetPorts, type GetSink } from "./get.ts";
import type { Download, Updater } from "./updater.ts";
import { type HttpsUri, mayFollow, parseHttpsUri, resolveLocation } from "./uri.ts";
import type { SlotWriter } from "./writer.ts";

export interface DownloadPorts extends GetPorts {
	/** Domains that a redirect may lead to, besides the one that redirects. */
	readonly hosts?: readonly string[];
}

/** A server that drips does not hold the device for ever. */
const BUNDLE_SECONDS = 120;
const IMAGE_SECONDS = 3600;
const MAX_REDIRECTS = 3;
/** Of one resource in one attempt, each over a connection of its own; enough for a slot of 2 MB in the smallest ones. */
const MOST_CONNECTIONS = 2048;
const PART_BYTES = 1024;

/** Gives the envelope at `uri`, or why not. `done` is called once, never synchronously; the result cancels. */
export function fetchBundle(ports: DownloadPorts, uri: string, done: (result: Uint8Array | Fault) => void): () => void {
	const bundle = new BundleFetch(ports, uri, done);
	return () => bundle.cancel();
}

/**
 * Brings the updater's image into flash, from where it was left, and has it read back: without a fault, `apply` is next.
 * With one, `updater.download()` tells whether another attempt makes sense. `done` as above; the result cancels.
 */
export function fetchImage(ports: DownloadPorts, updater: Updater, done: (fault?: Fault) => void): () => void {
	const download = updater.download();
	if (download === undefined) return ports.clock.after(0, () => done(new Fault("ota.busy", "nothing to download")));
	const image = new ImageFetch(ports, updater, download, done);
	return () => image.cancel();
}

abstract class Fetch implements GetSink {
	readonly #ports: DownloadPorts;
	readonly #uri: string;
	abstract readonly seconds: number;
	abstract readonly from: number;
	most: number | undefined;
	#get: Pick<Get, "cancel"> | undefined;
	#redirects = MAX_REDIRECTS;
	#connections = 0;
	/** Where the present connection has begun. */
	#began = 0;
	/** Bytes of the present answer that are there already. */
	#skip = 0;

	constructor(ports: DownloadPorts, uri: string) {
		this.#ports = ports;
		this.#uri = uri;
	}

	cancel(): void {
		this.#get?.cancel();
	}

	onHead(start: number, total: number | undefined): void {
		this.begin(start, total);
		this.#skip = this.from - start;
	}

	onBody(bytes: Uint8Array): void {
		const known = Math.min(this.#skip, bytes.length);
		this.#skip -= known;
		if (known < bytes.length) this.take(bytes.subarray(known));
	}

	onNoRange(): void {
		throw new Fault("ota.http", "no range of it is to be had");
	}

	onPart(): boolean {
		return this.most !== undefined && !this.isWhole;
	}

	/** It never carries anything of ours: neither request has a secret, and the path is the server's own. */
	follow(from: HttpsUri, location: string): HttpsUri {
		if (/^http:/i.test(location)) throw new Fault("ota.redirect", `${from.host} redirects to http, without TLS`);
		const to = resolveLocation(from, location);
		if (!mayFollow(from.host, to.host, this.#ports.hosts ?? []))
			throw new Fault("ota.redirect", `${from.host} redirects to ${to.host}`);
		if (this.#redirects-- === 0) throw new Fault("ota.redirect", `more than ${MAX_REDIRECTS} redirects`);
		return to;
	}

	onMoved(to: HttpsUri): void {
		this.#get = new Get(this.#ports, to, this);
	}

	onEnd(fault?: Fault): void {
		if (fault?.code === "tls.record" && this.most === undefined) {
			this.most = PART_BYTES;
			this.ask();
		} else if (fault !== undefined || this.isWhole) this.later(fault);
		else if (++this.#connections < MOST_CONNECTIONS && this.from !== this.#began) this.ask();
		else this.later(new Fault("ota.http", "an answer that brings nothing", { retryable: true }));
	}

	/** Over a connection of its own, what is missing. */
	protected ask(): void {
		this.#redirects = MAX_REDIRECTS;
		this.#began = this.from;
		try {
			this.#get = new Get(this.#ports, parseHttpsUri(this.#uri), this);
		} catch (thrown) {
			this.later(Fault.of(thrown, "ota.uri"));
		}
	}

	/** `end`, in a turn of its own: a signature may be verified there, for which the connection has made room by then. */
	protected later(fault?: Fault): void {
		this.#get = { cancel: this.#ports.clock.after(0, () => this.end(fault)) };
	}

	/** All of it is there. */
	protected abstract readonly isWhole: boolean;
	/** An answer begins. */
	protected abstract begin(start: number, total: number | undefined): void;
	/** What is next. */
	protected abstract take(bytes: Uint8Array): void;
	protected abstract end(fault?: Fault): void;
}

class BundleFetch extends Fetch {
	readonly seconds = BUNDLE_SECONDS;
	readonly #done: (result: Uint8Array | Fault) => void;
	#envelope: Uint8Array = new Uint8Array(0);
	#total: number | undefined;

	constructor(ports: DownloadPorts, uri: string, done: (result: Uint8Array | Fault) => void) {
		super(ports, uri);
		this.#done = done;
		this.ask();
	}

	get from(): number {
		return this.#envelope.length;
	}

	protected get isWhole(): boolean {
		return this.#total === undefined || this.from === this.#total;
	}

	protected begin(_start: number, total: number | undefined): void {
		if (total !== undefined && total > MAX_ENVELOPE_BYTES)
			throw new Fault("ota.too-large", `bundle of ${total} bytes, at most ${MAX_ENVELOPE_BYTES}`);
		this.#total = total;
	}

	protected take(bytes: Uint8Array): void {
		if (this.from + bytes.length > MAX_ENVELOPE_BYTES)
			throw new Fault("ota.too-large", `bundle of more than ${MAX_ENVELOPE_BYTES} bytes`);
		this.#envelope = concat(this.#envelope, bytes);
	}

	protected end(fault?: Fault): void {
		this.#done(fault ?? this.#envelope);
	}
}

class ImageFetch extends Fetch {
	readonly seconds = IMAGE_SECONDS;
	readonly #updater: Updater;
	readonly #done: (fault?: Fault) => void;
	readonly #size: number;
	readonly #writer: SlotWriter;
	/** Is shown the whole image before the writer gets it, and how much of it was. */
	#preview: Inspection | undefined;
	#previewed = 0;
	#restarts = 0;

	constructor(ports: DownloadPorts, updater: Updater, download: Download, done: (fault?: Fault) => void) {
		super(ports, download.uri);
		this.#updater = updater;
		this.#done = done;
		this.#size = download.size;
		this.#writer = download.writer;
		this.#preview = download.preview;
		if (this.isWhole) this.later();
		else this.ask();
	}

	get from(): number {
		return this.#preview ? this.#previewed : this.#writer.offset;
	}

	protected get isWhole(): boolean {
		return this.from === this.#size;
	}

	protected begin(start: number, total: number | undefined): void {
		if (total !== undefined && total !== this.#size)
			throw new Fault("ota.length", `the server has ${total} bytes, signed are ${this.#size}`);
		if (!this.#preview && start === 0 && total === this.#size && this.from > 0) this.#writer.restart();
	}

	protected take(bytes: Uint8Array): void {
		if (!this.#preview) this.#writer.write(bytes);
		else {
			this.#preview.push(bytes);
			this.#previewed += bytes.length;
		}
	}

	override onNoRange(): void {
		if (this.#preview || ++this.#restarts > 1) super.onNoRange();
		this.#writer.restart();
	}

	protected end(fault?: Fault): void {
		const preview = fault ? undefined : this.#preview;
		this.#preview = undefined;
		const found = fault ?? caught(() => (preview ? preview.end() : this.#updater.complete()));
		if (found === undefined && preview) this.ask();
		else if (fault ?? (preview && found)) this.#done(caught(() => this.#updater.interrupted(found!)) ?? found);
		else this.#done(found);
	}
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
