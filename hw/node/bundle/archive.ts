/** XS archives on the host: read whole, by the reader that devices use. */
import { type ArchiveHost, ArchiveReader } from "../../../src/application/archive.ts";

/** As a device would take it whose XS has the version of the archive. Throws Fault ota.image. */
export function readApp(bytes: Uint8Array): ArchiveReader {
	return readArchive(bytes, { version: readArchive(bytes).version, has: () => false });
}

/** Structure alone. Throws Fault ota.image. */
export function readArchive(bytes: Uint8Array, host?: ArchiveHost): ArchiveReader {
	const reader = new ArchiveReader(bytes.length, host);
	reader.push(bytes);
	reader.end();
	return reader;
}

/** Told apart from an envelope by its first bytes: size, type. */
export function isArchive(bytes: Uint8Array): boolean {
	return String.fromCharCode(...bytes.subarray(4, 8)) === "XS_A";
}
