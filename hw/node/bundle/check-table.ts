/** What hw/moddable/partitions.mk runs with a table and perhaps "apps": prints what is wrong with it for an image of ours, or nothing. */
import { Fault } from "../../../src/fault.ts";
import { checkTable } from "./partitions.ts";

const [, , file = "", what] = process.argv;
try {
	checkTable(file, what === "apps");
} catch (thrown) {
	process.stdout.write(Fault.of(thrown, "config.invalid").message);
}
