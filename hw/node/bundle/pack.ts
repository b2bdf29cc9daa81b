/**
 * From an image to a manifest: everything that the device, its bootloader or its flash would refuse is refused here.
 *
 * A class is "<chip>/<board>/<partition map>". Firmware must be an ESP-IDF image for that chip and fit its slots; an app
 * must be an XS archive and fit where apps are, and the version of XS that it needs goes into its class.
 */
import { fromHex, utf8 } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import type { Manifest } from "../../../src/suit/manifest.ts";
import { appClassUuid, classUuid, defaultVendor, NAMESPACE_DNS, nameUuid } from "../../../src/suit/uuid.ts";
import { inspectFirmware } from "../../../src/update/firmware.ts";
import { MAX_IMAGE_URI, parseHttpsUri } from "../../../src/update/uri.ts";
import { readApp } from "./archive.ts";
import { CHIP_IDS, readImage } from "./image.ts";
import { appBytes, slotBytes } from "./partitions.ts";
import { partitionFile } from "./project.ts";

export interface PackOptions {
	readonly component: "fw" | "xs";
	readonly image: Uint8Array;
	readonly digest: Uint8Array;
	readonly sequence: number;
	readonly className: string;
	readonly uri: string;
	/** UUID, or a domain name to make one from. */
	readonly vendor?: string | undefined;
	/** CSV; default by the class. */
	readonly partitions?: string | undefined;
}

/** Throws Fault config.invalid, ota.image, ota.too-large, ota.uri. */
export function createManifest(options: PackOptions): Manifest {
	const { component, image, className, sequence, uri } = options;
	parseHttpsUri(uri, MAX_IMAGE_URI);
	const [chip, board, map, ...more] = className.split("/");
	if (!chip || !board || !map || more.length > 0 || !/^[a-z0-9./-]+$/.test(className))
		throw new Fault("config.invalid", `--class ${className}: expected <chip>/<board>/<partition map>, of a-z 0-9 . -`);
	if (!Object.hasOwn(CHIP_IDS, chip))
		throw new Fault("config.invalid", `--class: chip ${chip}, known are ${Object.keys(CHIP_IDS).join(" ")}`);
	const partitions = options.partitions ?? partitionFile(map);
	if (component === "fw") checkFirmware(image, chip);
	const xs = component === "xs" ? readApp(image).version : undefined;
	if (partitions === undefined) throw new Fault("config.missing", `--partitions: no table is known for the map ${map}`);
	const room = xs === undefined ? slotBytes(partitions) : appBytes(partitions);
	if (image.length > room)
		throw new Fault("ota.too-large", `${image.length} bytes, ${partitions} has room for ${room}`);
	const vendor = vendorUuid(options.vendor);
	const device = classUuid(vendor, className);
	return {
		sequence,
		component: [utf8(component)],
		vendor,
		class: xs === undefined ? device : appClassUuid(device, xs),
		digest: options.digest,
		size: image.length,
		uri,
	};
}

export function vendorUuid(text: string | undefined): Uint8Array {
	if (text === undefined) return defaultVendor();
	if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return fromHex(text.replaceAll("-", ""));
	if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(text)) return nameUuid(Uint8Array.from(NAMESPACE_DNS), text);
	throw new Fault("config.invalid", `--vendor ${text}: expected a UUID or a domain name`);
}

function checkFirmware(image: Uint8Array, chip: string): void {
	const inspection = inspectFirmware((image[12] ?? 0) | ((image[13] ?? 0) << 8), image.length);
	inspection.push(image);
	inspection.end();
	const { chipId } = readImage(image);
	const expected = CHIP_IDS[chip];
	if (chipId === expected) return;
	const name = Object.keys(CHIP_IDS).find((key) => CHIP_IDS[key] === chipId) ?? "unknown";
	throw new Fault("ota.image", `the image is for chip id ${chipId} (${name}), the class for ${expected} (${chip})`);
}
