/** An emulated board of its own with a cloud of its own, for tests: the real firmware through the chip's ROM, bootloader and ESP-IDF. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions } from "../../cloud/contract.ts";
import { type Boot, type BootOptions, boot } from "../../hw/emulator/board.ts";
import { addressOf } from "../../hw/emulator/elf.ts";
import { type Firmware, HOST, makeFlash } from "../../hw/emulator/image.ts";
import { serveTime, TIME_PORT } from "../../hw/emulator/time.ts";
import type { Tools } from "../../hw/emulator/tools.ts";
import { numberImage } from "../../hw/node/bundle/release-number.ts";
import { sha256 } from "../../hw/node/digest.ts";
import type { ConfigInput } from "../../src/config.ts";
import { classUuid } from "../../src/suit/uuid.ts";
import { publicKeyInfo } from "../../src/x509/key.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { bundle, manifestOf, RELEASE_KEY, VENDOR } from "../support/release.ts";

const CLASS = "esp32c3/emulated/4m";
export const CLASS_UUID: Uint8Array = classUuid(VENDOR, CLASS);
/** Of a chip v0.3: WAFER_VERSION_MINOR_LO, bits 18 to 20 of EFUSE_RD_MAC_SPI_SYS_3 (ESP32-C3 Technical Reference Manual). */
const NEW_EFUSE = /* @__PURE__ */ Uint8Array.from({ length: 1024 }, (_, at) => (at === 38 ? 0x0c : 0));

export interface TestBoard {
	readonly cloud: Cloud;
	readonly flash: string;
	/** Of an encrypted board: the chip's eFuses. */
	readonly efuse: string;
	boot(options?: BootOptions): Promise<Boot>;
	/** Puts a release into the cloud's folder and offers it. */
	offer(sequence: number, image: Uint8Array): void;
	/** Asks for another certificate as soon as the device listens; not once `power` is cut. */
	renew(power: AbortSignal): Promise<void>;
	/** As a factory leaves it, again. */
	erase(): void;
	/** Flashes another image into the first slot by cable: all else stays. */
	reflash(image: Uint8Array): void;
	close(): Promise<void>;
}

export interface BoardOptions {
	readonly cloud?: CloudOptions;
	/** In the first slot, where it is another one than was built. */
	readonly image?: Uint8Array;
	/** For an update to prove itself. */
	readonly trialSeconds?: number;
	/** What is flashed, from what `makeFlash` gives; the chip keeps its eFuses from one start to the next. */
	readonly encrypted?: (flash: Uint8Array, settings: ConfigInput) => Uint8Array;
}

export async function openBoard(tools: Tools, firmware: Firmware, options: BoardOptions = {}): Promise<TestBoard> {
	const { image, trialSeconds = 60, encrypted } = options;
	const folder = mkdtempSync(join(tmpdir(), "enrollee-board-"));
	const cloud = await startCloud({
		hosts: [HOST],
		address: "127.0.0.1",
		polls: 0,
		retryAfterSeconds: 0,
		...options.cloud,
	});
	const time = await serveTime();
	const flash = join(folder, "flash.bin");
	const settings = {
		...cloud.settings,
		releaseKey: encodePem("PUBLIC KEY", publicKeyInfo(RELEASE_KEY.publicKey)),
		updateClass: CLASS,
		trialSeconds: String(trialSeconds),
	};
	const clear = makeFlash(tools, firmware, settings, image);
	const factory = encrypted ? encrypted(clear, settings) : clear;
	writeFileSync(flash, factory);
	const efuse = join(folder, "efuse.bin");
	writeFileSync(efuse, NEW_EFUSE);
	return {
		cloud,
		flash,
		efuse,
		boot: (run = {}) => boot(tools, flash, { ...run, ...(encrypted && { efuse }) }),
		offer(sequence, image) {
			const uri = cloud.downloads.publish(`agent-${sequence}.bin`, image);
			const manifest = manifestOf(image, { uri, sequence, class: CLASS_UUID });
			cloud.downloads.publish(`agent-${sequence}.suit`, bundle(manifest));
			cloud.operator.offerUpdate(cloud.registrationId, `agent-${sequence}.suit`);
		},
		async renew(power) {
			while (!power.aborted) {
				const outcome = await cloud.operator.callMethod(cloud.registrationId, "enrollee.renew", {}, 5);
				if ("status" in outcome) return;
				await sleep(50);
			}
		},
		erase: () => writeFileSync(flash, factory),
		reflash(image) {
			const bytes = readFileSync(flash);
			bytes.set(image, firmware.partitions.find(({ name }) => name === "ota_0")!.offset);
			writeFileSync(flash, bytes);
		},
		async close() {
			time.close();
			await cloud.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** The firmware as release `sequence`. */
export const release = ({ image }: Firmware, sequence: number): Uint8Array => numberImage(image, sequence);

/** Changes of the code, in RISC-V's compressed instructions. */
const CHANGES = {
	/** An instruction that is none, where the application begins. */
	crash: { symbol: "app_main", code: [0x00, 0x00] },
	/** A jump to itself. */
	hang: { symbol: "app_main", code: [0x01, 0xa0] },
	/** No network is ever up: `return 0`. */
	deaf: { symbol: "esp_netif_is_netif_up", code: [0x01, 0x45, 0x82, 0x80] },
} as const;

/** A release whose checksums are right, and whose code does something else. */
export function changed({ image, elf }: Firmware, sequence: number, what: keyof typeof CHANGES): Uint8Array {
	const bytes = Buffer.from(numberImage(image, sequence));
	const { symbol, code } = CHANGES[what];
	bytes.set(code, fileOffset(bytes, addressOf(readFileSync(elf), symbol)));
	return seal(bytes);
}

/** The firmware with the name of its time server changed into one that nobody listens at, whoever else on this machine serves the time. */
export function untold({ image }: Firmware): Uint8Array {
	const bytes = Buffer.from(image);
	const at = bytes.indexOf(`${HOST}:${TIME_PORT}\0`);
	if (at < 0) throw new Error("the image names no time server");
	bytes.write(`${HOST}:${TIME_PORT + 1}`, at, "latin1");
	return seal(bytes);
}

/** With the checksum and the digest that ESP-IDF asks for. */
function seal(image: Buffer): Buffer {
	const hashed = image.length - 32;
	image[hashed - 1] = checksum(image);
	image.set(sha256(image.subarray(0, hashed)), hashed);
	return image;
}

/** esp_image_segment_header_t: where it is loaded, and how long it is. */
function* segments(
	image: Buffer,
): Generator<{ readonly at: number; readonly address: number; readonly length: number }> {
	for (let n = 0, at = 24; n < image[1]!; n++) {
		const [address, length] = [image.readUInt32LE(at), image.readUInt32LE(at + 4)];
		yield { at: at + 8, address, length };
		at += 8 + length;
	}
}

function fileOffset(image: Buffer, address: number): number {
	for (const one of segments(image))
		if (address >= one.address && address < one.address + one.length) return one.at + address - one.address;
	throw new Error(`the image has nothing at 0x${address.toString(16)}`);
}

function checksum(image: Buffer): number {
	let sum = 0xef;
	for (const { at, length } of segments(image)) for (const byte of image.subarray(at, at + length)) sum ^= byte;
	return sum;
}
