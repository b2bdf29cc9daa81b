/** ESP-IDF partition tables as CSV ("Partition Tables" in the ESP-IDF programming guide): how much room an image has, and whether it is one for us. */
import { readFileSync } from "node:fs";
import { Fault } from "../../../src/fault.ts";

/** The size of the smallest application slot. Throws Fault config.invalid. */
export function slotBytes(file: string): number {
	const slots = read(file).filter(
		({ type, subtype = 0 }) => type === APP && subtype >= FIRST_OTA && subtype <= LAST_OTA,
	);
	if (slots.length < 2) throw unfit(file, `${slots.length} slots ota_N, expected 2`);
	return Math.min(...slots.map(({ bytes }) => bytes()));
}

/** What an app's archive must fit: the area XS runs it from, and half of that which stages two. Throws Fault config.invalid. */
export function appBytes(file: string): number {
	const partitions = read(file);
	// XS takes the first one of its type.
	const area = partitions.find(({ type, subtype }) => type === 0x40 && subtype === 1);
	const stage = partitions.find(({ name, type }) => name === "stage" && type === DATA);
	if (area === undefined || stage === undefined)
		throw unfit(file, "no room for apps, which need xs (0x40, 1) and stage (data)");
	return Math.min(area.bytes(), Math.floor(stage.bytes() / 2));
}

/**
 * That an image of the agent can live with it: two slots and no third, what tells them apart, and NVS as large as the agent reckons
 * with; with `apps` also room for applications, with `nvsKeys` for the keys of NVS encryption. Throws Fault config.invalid.
 */
export function checkTable(file: string, { apps = false, nvsKeys = false } = {}): void {
	const partitions = read(file);
	const nvs = partitions.find(({ name, type, subtype }) => name === "nvs" && type === DATA && subtype === NVS);
	const otadata = partitions.find(({ type, subtype }) => type === DATA && subtype === OTADATA);
	if ((nvs?.bytes() ?? 0) < NVS_BYTES) throw unfit(file, `nvs has ${nvs?.bytes() ?? 0} bytes, expected ${NVS_BYTES}`);
	if (otadata?.bytes() !== OTADATA_BYTES)
		throw unfit(file, `otadata has ${otadata?.bytes() ?? 0} bytes, expected ${OTADATA_BYTES}`);
	slotBytes(file);
	const factory = partitions.find(({ type, subtype }) => type === APP && subtype === FACTORY);
	if (factory)
		throw unfit(file, `${factory.name} (app, factory) is never updated, and started after all others: take it out`);
	const keys = partitions.find(({ type, subtype }) => type === DATA && subtype === NVS_KEYS)?.bytes() ?? 0;
	if (nvsKeys && keys < NVS_KEYS_BYTES)
		throw unfit(file, `nvs_keys (data, nvs_keys) has ${keys} bytes, expected ${NVS_KEYS_BYTES} for NVS encryption`);
	if (apps) appBytes(file);
}

/**
 * Whether an sdkconfig asks for NVS encryption with keys in a partition (ESP-IDF, "NVS Encryption"): flash encryption switches it on
 * unless told otherwise. Where the chip's HMAC is to derive the keys, that has to be written.
 */
export function needsNvsKeys(sdkconfig: string): boolean {
	const is = (pattern: string): boolean => new RegExp(`^${pattern}$`, "m").test(sdkconfig);
	const off = is("CONFIG_NVS_ENCRYPTION=n?") || is("# CONFIG_NVS_ENCRYPTION is not set");
	const elsewhere = is("CONFIG_NVS_SEC_KEY_PROTECT_(USING_HMAC|NONE)=y");
	return is("CONFIG_(NVS_ENCRYPTION|SECURE_FLASH_ENC_ENABLED)=y") && !off && !elsewhere;
}

const unfit = (file: string, why: string): Fault => new Fault("config.invalid", `partition table ${file}: ${why}`);

interface Partition {
	readonly name: string;
	/** esp_partition_type_t: 0 app, 1 data, from 0x40 on the project's own. Undefined: a name that only the project knows. */
	readonly type: number | undefined;
	readonly subtype: number | undefined;
	bytes(): number;
}

const APP = 0;
const DATA = 1;
const BOOTLOADER = 2;
const PARTITION_TABLE = 3;
/** Of data; the others that matter here are numbers. */
const OTADATA = 0;
const NVS = 2;
const NVS_KEYS = 4;
const DATA_SUBTYPES: Readonly<Record<string, number>> = Object.freeze({ ota: OTADATA, nvs: NVS, nvs_keys: NVS_KEYS });
/** Two sectors, one for each slot (ESP-IDF, "Over The Air Updates"). */
const OTADATA_BYTES = 0x2000;
/** As our maps have it; how it is reckoned with: src/store/reserve.ts. */
const NVS_BYTES = 0x10000;
/** A sector (ESP-IDF, "NVS Encryption"). */
const NVS_KEYS_BYTES = 0x1000;
const FACTORY = 0;
const FIRST_OTA = 0x10;
const LAST_OTA = 0x1f;
const TYPES: Readonly<Record<string, number>> = Object.freeze({
	app: APP,
	data: DATA,
	bootloader: BOOTLOADER,
	partition_table: PARTITION_TABLE,
});
/** Of app; the others that matter here are numbers. */
const APP_SUBTYPES: Readonly<Record<string, number>> = Object.freeze({ factory: FACTORY, test: 0x20 });
/** The table itself is at 0x8000, unless the project says otherwise. */
const FIRST_OFFSET = 0x9000;

/**
 * As gen_esp32part.py of ESP-IDF v6.0 reads it: numbers of any base, in k and M; types by name or number; offsets may be left out;
 * variables of the environment; comments are lines of their own, a # in a name is the name's.
 */
function read(file: string): Partition[] {
	let end = FIRST_OFFSET;
	return text(file)
		.split(LINE_ENDS)
		.map((line) => expanded(line).trim())
		.filter((line) => line !== "" && !line.startsWith("#"))
		.map((line) => {
			const [name = "", typeName = "", subtypeName = "", offsetText = "", size = ""] = line
				.split(",")
				.map((field) => field.trim());
			const type = integer(typeName) ?? TYPES[typeName.toLowerCase()];
			const alignment = type === APP ? 0x10000 : 0x1000;
			const offset = integer(offsetText) ?? Math.ceil(end / alignment) * alignment;
			// A negative size says where the partition ends.
			const said = integer(size);
			const bytes = said !== undefined && said < 0 ? -said - offset : said;
			// The bootloader and the table itself stand before what is placed.
			if (type !== BOOTLOADER && type !== PARTITION_TABLE) end = offset + (bytes ?? 0);
			return {
				name,
				type,
				subtype: integer(subtypeName) ?? subtypeOf(type, subtypeName.toLowerCase()),
				bytes() {
					if (bytes !== undefined && bytes > 0) return bytes;
					throw unfit(file, `${name}: size ${size || "missing"}`);
				},
			};
		});
}

/** What Python's splitlines takes for an end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are among them
const LINE_ENDS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** As Python's os.path.expandvars: $NAME and ${NAME}; one that is not set stays as it is, and is no number then. */
function expanded(line: string): string {
	return line.replace(
		/\$(?:(\w+)|\{([^}]*)\})/g,
		(all, name?: string, braced?: string) => process.env[name ?? braced ?? ""] ?? all,
	);
}

function subtypeOf(type: number | undefined, name: string): number | undefined {
	const [, slot] = type === APP ? (/^ota_([0-9]+)$/.exec(name) ?? []) : [];
	if (slot !== undefined) return FIRST_OTA + Number(slot);
	return type === APP ? APP_SUBTYPES[name] : type === DATA ? DATA_SUBTYPES[name] : undefined;
}

/** As its parse_int: Python's int(text, 0), in k and M. Undefined for anything else, 1.9M among it: ESP-IDF refuses that as well. */
function integer(text: string): number | undefined {
	if (/[km]$/i.test(text)) {
		const count = integer(text.slice(0, -1).trim());
		return count === undefined ? undefined : count * (/m$/i.test(text) ? 0x100000 : 0x400);
	}
	const pattern = /^([-+]?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|0+|[1-9][0-9]*)$/i;
	const [, sign, number] = pattern.exec(text.replace(/(?<=[0-9a-fxo])_(?=[0-9a-f])/gi, "")) ?? [];
	return number === undefined ? undefined : (sign === "-" ? -1 : 1) * Number(number.toLowerCase());
}

function text(file: string): string {
	try {
		const bytes = readFileSync(file);
		// As Excel and PowerShell write it; the mark itself is dropped.
		const encoding =
			bytes[0] === 0xff && bytes[1] === 0xfe
				? "utf-16le"
				: bytes[0] === 0xfe && bytes[1] === 0xff
					? "utf-16be"
					: "utf-8";
		return new TextDecoder(encoding).decode(bytes);
	} catch {
		throw unfit(file, "cannot be read");
	}
}
