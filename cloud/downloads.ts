/**
 * Bundles and images over HTTPS on the cloud's TLS port: the files of one folder at /updates/NAME, GET with Range from an
 * offset (RFC 9110 section 14). Bundles (*.suit) are served as they are, images as the armed faults want it.
 *
 * Serves no other folder, no hidden files, no listing.
 */
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
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

	#read(name: string): Buffer | undefined {
		const path = join(this.#options.folder, name);
		return isName(name) && isFile(path) ? readFileSync(path) : undefined;
	}

	answer(request: IncomingMessage, response: ServerResponse): void {
		const target = request.url ?? "/";
		if (!URL.canParse(target, ORIGIN)) return void response.writeHead(400, { "content-length": 0 }).end();
		const { pathname } = new URL(target, ORIGIN);
		const name = pathname.startsWith(PATH) ? pathname.slice(PATH.length) : "";
		const bytes = request.method === "GET" ? this.#read(name) : undefined;
		const from = Number(/^bytes=(\d{1,15})-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
		const status = bytes === undefined ? 404 : from > bytes.length ? 416 : from > 0 ? 206 : 200;
		if (bytes === undefined || status === 416) {
			this.#options.witness({ event: "download", deviceId: "", name, from, status });
			response.writeHead(status, { "content-length": 0 }).end();
		} else if (name.endsWith(BUNDLE)) this.#send(response, name, bytes, from);
		else this.#sendSpoiled(response, name, bytes, from);
	}

	#sendSpoiled(response: ServerResponse, name: string, bytes: Buffer, from: number): void {
		const { faults } = this.#options;
		if (faults.strikes("update-ignore-range") !== undefined) this.#send(response, name, bytes, 0);
		else if (faults.strikes("update-wrong-length") !== undefined)
			this.#send(response, name, Buffer.concat([bytes, Buffer.alloc(1)]), from);
		else if (faults.strikes("update-other-image") !== undefined)
			this.#send(
				response,
				name,
				bytes.map((byte, at) => (at < HEAD_BYTES ? byte : byte ^ 0xff)),
				from,
			);
		else {
			const [stall, reset] = [faults.strikes("update-stall"), faults.strikes("update-reset")];
			const part = stall ?? reset;
			const end = part === undefined ? undefined : from + (Number(part) || Math.ceil((bytes.length - from) / 2));
			this.#send(response, name, bytes, from, end, () => reset !== undefined && response.destroy());
		}
	}

	/** Up to `end`; then, if that is not all, `stop`. */
	#send(
		response: ServerResponse,
		name: string,
		bytes: Uint8Array,
		from: number,
		end = bytes.length,
		stop: () => void = () => {},
	): void {
		const total = bytes.length;
		this.#options.witness({ event: "download", deviceId: "", name, from, status: from > 0 ? 206 : 200 });
		response.writeHead(from > 0 ? 206 : 200, {
			"content-type": "application/octet-stream",
			"content-length": total - from,
			...(from > 0 && { "content-range": `bytes ${from}-${total - 1}/${total}` }),
		});
		const part = bytes.subarray(from, end);
		if (end < total) response.write(part, stop);
		else response.end(part);
	}
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
