/** Files that commands read and write; long reads show how far they are, on a terminal. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { Fault } from "../../../src/fault.ts";
import { createSha256 } from "../digest.ts";
import { writeNew } from "../files.ts";

/** An image and its SHA-256. */
export function readHashed(file: string, option: string): { readonly bytes: Uint8Array; readonly digest: Uint8Array } {
	return attempt(`${option} ${file}`, () => {
		const descriptor = openSync(file, "r");
		try {
			const bytes = new Uint8Array(fstatSync(descriptor).size);
			const sha256 = createSha256();
			for (let at = 0; at < bytes.length; ) {
				const read = readSync(descriptor, bytes, at, Math.min(PIECE_BYTES, bytes.length - at), null);
				if (read === 0) throw new Error("became shorter while it was read");
				sha256.write(bytes.subarray(at, at + read));
				at += read;
				showProgress(at / bytes.length);
			}
			return { bytes, digest: sha256.close() };
		} finally {
			closeSync(descriptor);
		}
	});
}

/** Throws Fault config.invalid beyond `limit` bytes. */
export function readSmall(file: string, option: string, limit: number): Uint8Array {
	const bytes = attempt(`${option} ${file}`, () => new Uint8Array(readFileSync(file)));
	if (bytes.length > limit)
		throw new Fault("config.invalid", `${option} ${file}: ${bytes.length} bytes, at most ${limit}`);
	return bytes;
}

/** What is no secret. Throws Fault config.exists, config.invalid. */
export function writeOut(file: string, option: string, bytes: Uint8Array, force = false): void {
	writeNew(file, bytes, { option, force, open: true });
}

const PIECE_BYTES = 65536;
const BAR_WIDTH = 30;

function showProgress(part: number): void {
	if (!process.stderr.isTTY) return;
	const full = Math.floor(part * BAR_WIDTH);
	const percent = `${Math.floor(part * 100)}`.padStart(3);
	const bar = `[${"#".repeat(full)}${" ".repeat(BAR_WIDTH - full)}] ${percent} %`;
	process.stderr.write(part < 1 ? `\r${bar}` : `\r${" ".repeat(bar.length)}\r`);
}

function attempt<T>(what: string, action: () => T): T {
	try {
		return action();
	} catch (thrown) {
		if (thrown instanceof Fault) throw thrown;
		throw new Fault("config.invalid", `${what}: ${(thrown as Error).message}`);
	}
}
