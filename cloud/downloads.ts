/**
 * Bundles and images over HTTPS on the cloud's TLS port: the files of one folder at /updates/NAME, GET with Range from an
 * offset (RFC 9110 section 14). Bundles (*.suit) are served as they are, images as the armed faults want it.
 *
 * Serves no other folder, no hidden files, no listing.
 */
import {
	closeSync,
	constants,
	createReadStream,
	fstatSync,
	lstatSync,
	openSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { makeFolder } from "../hw/node/files.ts";
import { equal, utf8 } from "../src/base/bytes.ts";
import { type Manifest, readEnvelope, readManifest } from "../src/suit/manifest.ts";
import type { Witness } from "./event.ts";
import type { Faults } from "./faults.ts";

export interface DownloadsOptions {
	readonly folder: string;
	readonly faults: Faults;
	readonly witness: Witness;
	/** Of the TLS port. */
	readonly host: string;
	readonly port: () => number;
}

/** What a device is told. */
export interface UpdateOffer {
	readonly url: string;
	readonly sequence: number;
}

const BUNDLE = ".suit";
/** Read at once: what waits for a client that does not read is a few of them. */
const PIECE_BYTES = 16 * 1024;
const PATH = "/updates/";
/** Of no matter: only the path counts. */
const ORIGIN = "https://cloud.invalid";

export class Downloads {
	readonly #options: DownloadsOptions;

	constructor(options: DownloadsOptions) {
		this.#options = options;
		makeFolder(options.folder);
	}

	/** Names of the bundles there are. */
	get bundles(): string[] {
		const { folder } = this.#options;
		return readdirSync(folder).filter((name) => name.endsWith(BUNDLE) && isName(name) && isFile(join(folder, name)));
	}

	/** Where a file is, or would be: what goes into a bundle as its image's URI. */
	url(name: string): string {
		return `https://${this.#options.host}:${this.#options.port()}${PATH}${name}`;
	}

	/** Puts a file into the folder; its URL. */
	publish(name: string, bytes: Uint8Array): string {
		if (!isName(name)) throw new RangeError(`name: letters, digits, '-', '_' and '.', got ${name}`);
		writeFileSync(join(this.#options.folder, name), bytes);
		return this.url(name);
	}

	/** Throws RangeError when there is no such bundle, Fault ota.format when it is none. */
	offer(name: string): UpdateOffer {
		return { url: this.url(name), sequence: this.#manifest(name).sequence };
	}

	/** The desired property that offers it: of an application, or of firmware. Throws as `offer`. */
	property(name: string): "app" | "ota" {
		const [component] = this.#manifest(name).component;
		return component !== undefined && equal(component, utf8("xs")) ? "app" : "ota";
	}

	#manifest(name: string): Manifest {
		const bytes = this.#read(name);
		if (bytes === undefined) throw new RangeError(`no such bundle: ${name}; there are ${this.bundles.join(", ")}`);
		return readManifest(readEnvelope(bytes).manifest);
	}

	#path(name: string): string | undefined {
		const path = join(this.#options.folder, name);
		return isName(name) && isFile(path) ? path : undefined;
	}

	#read(name: string): Buffer | undefined {
		const path = this.#path(name);
		return path === undefined ? undefined : readFileSync(path);
	}

	answer(request: IncomingMessage, response: ServerResponse): void {
		const target = request.url ?? "/";
		if (!URL.canParse(target, ORIGIN)) return void response.writeHead(400, { "content-length": 0 }).end();
		const { pathname } = new URL(target, ORIGIN);
		const name = pathname.startsWith(PATH) ? pathname.slice(PATH.length) : "";
		const from = Number(/^bytes=(\d{1,15})-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
		const path = request.method === "GET" ? this.#path(name) : undefined;
		if (path === undefined) {
			this.#refuse(response, name, from, 404);
			return;
		}
		const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
		const { size } = fstatSync(fd);
		if (from > size) {
			closeSync(fd);
			this.#refuse(response, name, from, 416);
		} else this.#send(response, name, { fd, size }, name.endsWith(BUNDLE) ? { from } : this.#spoiled(from, size));
	}

	#refuse(response: ServerResponse, name: string, from: number, status: number): void {
		this.#options.witness({ event: "download", deviceId: "", name, from, status });
		response.writeHead(status, { "content-length": 0 }).end();
	}

	/** As the armed faults want it. */
	#spoiled(from: number, size: number): Part {
		const { faults } = this.#options;
		if (faults.strikes("update-ignore-range") !== undefined) return { from: 0 };
		if (faults.strikes("update-wrong-length") !== undefined) return { from, tail: new Uint8Array(1) };
		if (faults.strikes("update-other-image") !== undefined) return { from, isOther: true };
		const [stall, reset] = [faults.strikes("update-stall"), faults.strikes("update-reset")];
		const part = stall ?? reset;
		if (part === undefined) return { from };
		const until = from + (Number(part) || Math.ceil((size - from) / 2));
		return until < size ? { from, until, resets: reset !== undefined } : { from };
	}

	/** Piece by piece, as the client reads: of thousands that do not, each holds one. What breaks off ends its connection. */
	#send(response: ServerResponse, name: string, { fd, size }: { fd: number; size: number }, part: Part): void {
		const { from, until = size, tail = new Uint8Array(0), isOther = false, resets = false } = part;
		const total = size + tail.length;
		this.#options.witness({ event: "download", deviceId: "", name, from, status: from > 0 ? 206 : 200 });
		response.writeHead(from > 0 ? 206 : 200, {
			"content-type": "application/octet-stream",
			"content-length": total - from,
			...(from > 0 && { "content-range": `bytes ${from}-${total - 1}/${total}` }),
		});
		// Its end is the last byte; none at all is one before the first, which it does not take.
		const file = createReadStream("", { fd, start: from, end: Math.max(from, until - 1), highWaterMark: PIECE_BYTES });
		const pieces = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
			let at = from;
			for await (const piece of source) {
				const rest = piece.subarray(0, until - at);
				yield isOther ? rest.map((byte, i) => (at + i < HEAD_BYTES ? byte : byte ^ 0xff)) : rest;
				at += rest.length;
			}
			if (at < until) throw new Error(`${name} has become shorter`);
			yield tail;
		};
		pipeline(file, pieces, response, { end: until === size }).then(
			() => resets && response.destroy(),
			() => response.destroy(),
		);
	}
}

/** What is sent of a file. */
interface Part {
	readonly from: number;
	/** Default: all. */
	readonly until?: number;
	/** More behind it. */
	readonly tail?: Uint8Array;
	/** Of another image. */
	readonly isOther?: boolean;
	/** The connection ends behind `until`. */
	readonly resets?: boolean;
}

/** Of another image is what comes after: it still looks like one for the chip. */
const HEAD_BYTES = 4096;

/** A link is none: it may lead out of the folder. */
function isFile(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isName(name: string): boolean {
	return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(name);
}
