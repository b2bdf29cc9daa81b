/** `node check-table.js TABLE [apps]`, which hw/moddable/partitions.mk runs: prints what is wrong with the table for an image of ours, or nothing. */
import { Fault } from "../../../src/fault.ts";
import { checkTable } from "./partitions.ts";

const [, , file = "", what] = process.argv;
try {
	checkTable(file, what === "apps");
} catch (thrown) {
	process.stdout.write(Fault.of(thrown, "config.invalid").message);
}
