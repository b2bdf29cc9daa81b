/** ESP-IDF partition tables as CSV ("Partition Tables" in the ESP-IDF programming guide): how much room an image has. */
import { readFileSync } from "node:fs";
import { Fault } from "../../../src/fault.ts";

/** The size of the smallest application slot. Throws Fault config.invalid. */
export function slotBytes(file: string): number {
	const sizes = read(file)
		.split("\n")
		.map((line) => line.replace(/#.*/, "").split(","))
		.filter(([, type, subtype]) => type?.trim() === "app" && /^ota_[0-9]+$/.test(subtype?.trim() ?? ""))
		.map(([name, , , , size]) => bytesOf(size?.trim() ?? "", `${file}: ${name?.trim()}`));
	if (sizes.length < 2)
		throw new Fault("config.invalid", `--partitions ${file}: ${sizes.length} slots ota_N, expected 2`);
	return Math.min(...sizes);
}

function bytesOf(text: string, where: string): number {
	const [, number, unit] = /^(0x[0-9a-fA-F]+|[0-9]+)([KM]?)$/.exec(text) ?? [];
	if (number === undefined) throw new Fault("config.invalid", `--partitions ${where}: size ${text || "missing"}`);
	return Number(number) * (unit === "M" ? 0x100000 : unit === "K" ? 0x400 : 1);
}

function read(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch {
		throw new Fault("config.invalid", `--partitions ${file}: cannot be read`);
	}
}
