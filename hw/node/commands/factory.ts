/**
 * `enrollee factory`: what makes one device out of the image of many, as a CSV for Espressif's NVS partition generator
 * (ESP-IDF, "NVS Partition Generator Utility"): namespace `enrollee`, one blob a field. With --encrypt the keys of that board's
 * NVS encryption, too; what is irreversible is left to its operator, and told.
 *
 * Refused: what the device itself would refuse. A group key does not go in; the device's own key, derived from it, does.
 */
import { join } from "node:path";
import type { Command } from "commander";
import { base64, fromBase64, utf8 } from "../../../src/base/bytes.ts";
import { type ConfigInput, parseConfig } from "../../../src/config.ts";
import { Fault } from "../../../src/fault.ts";
import { hmacSha256 } from "../digest.ts";
import { UsageFault } from "../ending.ts";
import { checkNew, makeFolder, writeNew } from "../files.ts";
import { encodeNvsKeys } from "../nvs-keys.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addSettings, configure, type Flags, readSettings } from "../settings.ts";

interface FactoryFlags extends OutputFlags {
	readonly deviceKey?: string;
	readonly out?: string;
	readonly encrypt?: string;
	readonly force?: boolean;
}

export function addFactory(program: Command): void {
	const command = program
		.command("factory")
		.description("An NVS CSV for Espressif's generator: one image, many devices.")
		.option("--device-key <base64>", "the same as --symmetric-key")
		.option("--out <file>", "write there, for its owner only, instead of standard output")
		.option(
			"--encrypt <folder>",
			"write there nvs.csv and the keys of this board's NVS encryption, and say how to go on",
		)
		.option("--force", "replace a file that is there");
	common(addSettings(command), "one JSON object").action(factory);
}

function factory(flags: FactoryFlags & Flags): void {
	const symmetricKey = flags.symmetricKey ?? flags.deviceKey;
	const given: Flags = { ...flags, ...(symmetricKey !== undefined && { symmetricKey }) };
	configure(given, { onboarding: true }); // for what it says of a bad value
	const csv = encodeNvsCsv(readSettings(given));
	const output = createOutput(flags);
	if (flags.encrypt !== undefined) {
		if (flags.out !== undefined) throw new UsageFault("config.invalid", "--out and --encrypt: one of them");
		const { csvFile, keysFile } = writeEncrypted(flags.encrypt, csv, flags.force);
		output.result(nextSteps(flags.encrypt), { event: "factory", file: csvFile, keys: keysFile });
	} else if (flags.out === undefined)
		output.json ? output.result("", { event: "factory", csv }) : process.stdout.write(csv);
	else {
		writeNew(flags.out, csv, { option: "--out", force: flags.force });
		const human = `${flags.out}: keep it like the key that is in it, and delete it after flashing`;
		output.result(human, { event: "factory", file: flags.out });
	}
}

function writeEncrypted(folder: string, csv: string, force: boolean | undefined) {
	const [csvFile, keysFile] = [join(folder, "nvs.csv"), join(folder, "nvs_keys.bin")];
	const options = { option: "--encrypt", force };
	try {
		makeFolder(folder);
	} catch (cause) {
		throw new Fault("config.invalid", `--encrypt: cannot make ${folder}`, { cause });
	}
	for (const file of [csvFile, keysFile]) checkNew(file, options);
	writeNew(csvFile, csv, options);
	writeNew(keysFile, encodeNvsKeys(), options);
	return { csvFile, keysFile };
}

/** Offsets and size as in hw/moddable/partitions.csv. */
const nextSteps = (folder: string): string => `${folder}: nvs.csv and nvs_keys.bin, for one board. Next, with ESP-IDF:

  python -m esp_idf_nvs_partition_gen encrypt ${folder}/nvs.csv ${folder}/nvs.bin 0x10000 --inputkey ${folder}/nvs_keys.bin
  esptool.py write_flash 0x9000 ${folder}/nvs.bin 0x1c000 ${folder}/nvs_keys.bin

Flash them with an image that was built with SDKCONFIGPATH=node_modules/enrollee/hw/moddable/sdkconfig-encrypted, before its first
start: that start encrypts the flash of this board for ever. Then delete the folder: who has nvs_keys.bin reads the board's NVS.`;

/** Throws Fault config.missing, config.invalid. Base64 makes blobs, for which NVS has no limit of 4000 bytes. */
export function encodeNvsCsv(input: ConfigInput): string {
	const config = parseConfig(input);
	if (config.onboarding === undefined) throw new Fault("config.missing", "symmetricKey, groupKey or onboardingCert");
	const lines = ["key,type,encoding,value", "enrollee,namespace,,"];
	for (const [field, value] of Object.entries(forDevice(input, config.registrationId)))
		lines.push(`${field},data,base64,${base64(utf8(value))}`);
	return `${lines.join("\n")}\n`;
}

function forDevice({ groupKey, ...input }: ConfigInput, registrationId: string): Record<string, string> {
	const fields = Object.entries(input).filter((entry): entry is [string, string] => Boolean(entry[1]));
	if (groupKey !== undefined) {
		const key = hmacSha256(fromBase64(groupKey.trim()), utf8(registrationId));
		fields.push(["symmetricKey", base64(key)]);
	}
	return Object.fromEntries(fields);
}
