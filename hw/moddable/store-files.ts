/**
 * The Store port in the simulator: one file a name in the folder $ENROLLEE_STATE (default: .enrollee in the home folder).
 *
 * A put writes a temporary file, flushes it to disk and moves it over the old one: after a cut there is the old content
 * or the new.
 */
import files from "embedded:storage/files";
import { environment } from "simulator";
import { Fault } from "../../src/fault.ts";
import type { Store } from "../../src/port.ts";
import { StoreRoom } from "../../src/store/store-room.ts";

const TEMPORARY = "~";

export function openStore(): Store {
	const path = environment("ENROLLEE_STATE") ?? `${environment("HOME")}/.enrollee`;
	const folder = attempt(`folder ${path}`, () => {
		// The platform opens its root folder (/, by our manifest) and takes only relative paths below it.
		const relative = path.replace(/^\/+/, "");
		files.createDirectory(relative);
		return files.openDirectory({ path: relative });
	});
	return new StoreRoom({
		get(name) {
			return attempt(`reading ${name}`, () => {
				const { size } = folder.status(name);
				if (size === undefined) return undefined;
				const file = folder.openFile({ path: name });
				try {
					return size === 0 ? new Uint8Array(0) : new Uint8Array(file.read(size, 0));
				} finally {
					file.close();
				}
			});
		},
		put(name, bytes) {
			attempt(`writing ${name}`, () => {
				const file = folder.openFile({ path: name + TEMPORARY, mode: "w+" });
				try {
					if (bytes.length > 0) file.write(bytes, 0);
					file.flush();
				} finally {
					file.close();
				}
				folder.move(name + TEMPORARY, name);
			});
		},
		delete(name) {
			attempt(`deleting ${name}`, () => folder.delete(name));
		},
	});
}

function attempt<T>(what: string, body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		const full = /No space left|Disk quota/.test(reason);
		throw new Fault(full ? "store.full" : "store.failed", `${what}: ${reason}`, { cause: thrown });
	}
}
