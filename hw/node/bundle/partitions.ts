/** ESP-IDF partition tables as CSV ("Partition Tables" in the ESP-IDF programming guide): how much room an image has. */
import { readFileSync } from "node:fs";
import { Fault } from "../../../src/fault.ts";

/** The size of the smallest application slot. Throws Fault config.invalid. */
export function slotBytes(file: string): number {
	const slots = read(file).filter(({ type, subtype }) => type === "app" && /^ota_[0-9]+$/.test(subtype));
	if (slots.length < 2)
		throw new Fault("config.invalid", `--partitions ${file}: ${slots.length} slots ota_N, expected 2`);
	return Math.min(...slots.map(({ bytes }) => bytes()));
}

/** What an app's archive must fit: the area XS runs it from, and half of that which stages two. Throws Fault config.invalid. */
export function appBytes(file: string): number {
	const partitions = read(file);
	// XS takes the first one of its type.
	const area = partitions.find(({ type, subtype }) => Number(type) === 0x40 && Number(subtype) === 1);
	const stage = partitions.find(({ name, type }) => name === "stage" && type === "data");
	if (area === undefined || stage === undefined)
		throw new Fault(
			"config.invalid",
			`--partitions ${file}: no room for apps, which need xs (0x40, 1) and stage (data)`,
		);
	return Math.min(area.bytes(), Math.floor(stage.bytes() / 2));
}

interface Partition {
	readonly name: string;
	readonly type: string;
	readonly subtype: string;
	bytes(): number;
}

function read(file: string): Partition[] {
	return text(file)
		.split("\n")
		.map((line) => {
			const [name = "", type = "", subtype = "", , size = ""] = line
				.replace(/#.*/, "")
				.split(",")
				.map((field) => field.trim());
			return { name, type, subtype, bytes: () => bytesOf(size, `${file}: ${name}`) };
		});
}

function bytesOf(size: string, where: string): number {
	const [, number, unit] = /^(0x[0-9a-fA-F]+|[0-9]+)([KM]?)$/.exec(size) ?? [];
	if (number === undefined) throw new Fault("config.invalid", `--partitions ${where}: size ${size || "missing"}`);
	return Number(number) * (unit === "M" ? 0x100000 : unit === "K" ? 0x400 : 1);
}

function text(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch {
		throw new Fault("config.invalid", `--partitions ${file}: cannot be read`);
	}
}
