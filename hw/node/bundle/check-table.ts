/**
 * What hw/moddable/partitions.mk runs with a table, the sdkconfig that mcconfig has merged, and perhaps "apps": prints what is wrong with
 * the table for an image of ours, or nothing.
 */
import { readFileSync } from "node:fs";
import { Fault } from "../../../src/fault.ts";
import { checkTable, needsNvsKeys } from "./partitions.ts";

const [, , table = "", sdkconfig = "", what] = process.argv;
try {
	checkTable(table, { apps: what === "apps", nvsKeys: needsNvsKeys(readFileSync(sdkconfig, "utf8")) });
} catch (thrown) {
	process.stdout.write(Fault.of(thrown, "config.invalid").message);
}
