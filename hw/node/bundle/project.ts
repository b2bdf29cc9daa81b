/** Where the project's own files are, from the sources as well as from dist, and what the last flash build left. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../../src/fault.ts";

/** The folder with the partition tables. */
export function projectRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "hw", "moddable", "manifest.json"))) {
		if (dirname(folder) === folder)
			throw new Fault("config.invalid", "the package is not complete: hw/moddable is missing");
		folder = dirname(folder);
	}
	return folder;
}

const PARTITION_FILES: Readonly<Record<string, string>> = { "4m": "partitions.csv", "4m-app": "partitions-app.csv" };

/** Our partition maps, by the name that stands last in a class. */
export function partitionFile(map: string): string | undefined {
	const file = Object.hasOwn(PARTITION_FILES, map) ? PARTITION_FILES[map] : undefined;
	return file === undefined ? undefined : join(projectRoot(), "hw", "moddable", file);
}

/**
 * The newest xs_esp32.bin that mcconfig left for this app: $MODDABLE/build/bin/esp32/[<board>/]<goal>/<app>/.
 * Throws Fault config.missing that says what is missing.
 */
export function findFirmware(app = basename(projectRoot()), moddable = process.env.MODDABLE): string {
	if (!moddable) throw new Fault("config.missing", "MODDABLE is not set: no SDK, so no build to take the image from");
	const bin = join(moddable, "build", "bin", "esp32");
	const goals = ["release", "debug", "instrument"];
	const boards = existsSync(bin) ? readdirSync(bin).filter((name) => !goals.includes(name)) : [];
	const images = ["", ...boards]
		.flatMap((board) => goals.map((goal) => join(bin, board, goal, app, "xs_esp32.bin")))
		.filter(existsSync)
		.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
	if (images[0] !== undefined) return images[0];
	const idf = process.env.IDF_PATH === undefined ? ", and IDF_PATH is not set: ESP-IDF builds it" : "";
	throw new Fault("config.missing", `no xs_esp32.bin of ${app} under ${bin}: run \`npm run flash\` first${idf}`);
}
