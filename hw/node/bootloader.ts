/**
 * What ESP-IDF's bootloader and app_update do with two application slots and rollback enabled (ESP-IDF programming
 * guide, "Over The Air Updates", "App rollback"), on any medium: files on Node and in the simulator, memory in tests.
 *
 * otadata holds two entries {sequence, state}; slot (sequence - 1) mod 2 of the highest usable entry boots. A new image
 * is booted as pending; a pending one that is reset without having been confirmed is aborted and the other boots. With an eFuse
 * ("Anti-rollback") no image below it boots, and a confirmed one raises it.
 */
import { Fault } from "../../src/fault.ts";
import type { Inspection, Slot } from "../../src/port.ts";
import { type AntiRollback, inspectFirmware } from "../../src/update/firmware.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";
import { secureVersionOf } from "./bundle/image.ts";

export interface Medium {
	/** Of slot 0 or 1; what was never written reads 0xff. */
	read(slot: number, offset: number, length: number): Uint8Array;
	write(slot: number, offset: number, bytes: Uint8Array): void;
	erase(slot: number, offset: number, length: number): void;
	/** The platform's own check of the image, as esp_image_verify. */
	verify(slot: number): boolean;
	readOtadata(): Otadata;
	/** On ESP32 each entry is a sector: a power cut may leave `null` in place of an entry that changes. */
	writeOtadata(otadata: Otadata): void;
	/** The field SECURE_VERSION; absent or undefined: not in use. */
	readEfuse?(): number | undefined;
	burnEfuse?(version: number): void;
}

export type EntryState = "new" | "pending" | "valid" | "invalid" | "aborted";
export type Entry = { readonly sequence: number; readonly state: EntryState } | null;
export type Otadata = readonly [Entry, Entry];

export interface Platform {
	/** Room for an image in each slot. */
	readonly bytes: number;
	readonly chipId: number;
	/** CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE. */
	readonly rollback: boolean;
	/** The release's number in the image of a slot; 0: none. */
	sequence(slot: number): number;
	restart(): void;
	/** Restart unless cancelled. */
	guard(seconds: number): () => void;
}

export const BLANK: Otadata = [null, null];

/** Bits of the eFuse field on most chips; ESP32 has 32. */
const EFUSE_BITS = 16;
/** Of an image, up to its secure_version. */
const HEAD_BYTES = 64;

/** Power-up: chooses the image that runs, and gives the port it sees. */
export function bootSlot(medium: Medium, platform: Platform): Slot {
	return new BootedSlot(medium, platform, select(medium, platform));
}

function select(medium: Medium, platform: Platform): number {
	let otadata = medium.readOtadata();
	const pending = active(otadata);
	if (pending?.state === "pending") {
		otadata = replace(otadata, pending, "aborted");
		medium.writeOtadata(otadata);
	}
	const entry = active(otadata);
	const wanted = entry === null ? 0 : slotOf(entry);
	// An image that does not verify is passed over, but something must run: slot 0 is the one flashed by cable.
	const verified = [wanted, 1 - wanted].find((slot) => mayBoot(medium, slot));
	const chosen = verified ?? wanted;
	// set_actual_ota_seq: of an image flashed by cable the bootloader itself writes that it is good.
	if (otadata.every((entry) => entry === null)) medium.writeOtadata([{ sequence: chosen + 1, state: "valid" }, null]);
	if (platform.rollback && entry?.state === "new" && slotOf(entry) === chosen)
		medium.writeOtadata(replace(otadata, entry, "pending"));
	return chosen;
}

function mayBoot(medium: Medium, slot: number): boolean {
	return medium.verify(slot) && versionIn(medium, slot) >= (medium.readEfuse?.() ?? 0);
}

function isErased(bytes: Uint8Array): boolean {
	for (const byte of bytes) if (byte !== 0xff) return false;
	return true;
}

const versionIn = (medium: Medium, slot: number): number => secureVersionOf(medium.read(slot, 0, HEAD_BYTES));

class BootedSlot implements Slot {
	readonly #medium: Medium;
	readonly #platform: Platform;
	readonly #index: number;
	#cancelGuard: (() => void) | undefined;

	constructor(medium: Medium, platform: Platform, index: number) {
		this.#medium = medium;
		this.#platform = platform;
		this.#index = index;
	}

	get running(): string {
		return `ota_${this.#index}`;
	}

	get bytes(): number {
		return this.#platform.bytes;
	}

	readonly component = "fw";

	get sequence(): number {
		return this.#platform.sequence(this.#index);
	}

	get antiRollback(): AntiRollback | undefined {
		const version = this.#medium.readEfuse?.();
		return version === undefined ? undefined : { version, most: EFUSE_BITS };
	}

	inspect(size: number): Inspection {
		return inspectFirmware(this.#platform.chipId, size, this.antiRollback);
	}

	get state(): "trial" | "valid" | "unknown" {
		const state = this.#entry?.state;
		return state === "pending" ? "trial" : state === "valid" ? "valid" : "unknown";
	}

	/** Only the inactive entry is erased, as esp_ota_invalidate_inactive_ota_data_slot does. */
	prepare(): void {
		const otadata = this.#medium.readOtadata();
		const current = active(otadata);
		const other = otadata.find((entry) => entry !== null && entry.sequence !== current?.sequence);
		if (other != null && slotOf(other) !== this.#index) this.#medium.writeOtadata(without(otadata, other));
	}

	erase(offset: number, length: number): void {
		if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0)
			throw new Fault("ota.flash", "erase is not aligned");
		this.#check(offset, length);
		this.#medium.erase(1 - this.#index, offset, length);
	}

	write(offset: number, bytes: Uint8Array): void {
		this.#check(offset, bytes.length);
		if (!isErased(this.read(offset, bytes.length))) throw new Fault("ota.flash", "write over data");
		this.#medium.write(1 - this.#index, offset, bytes);
	}

	read(offset: number, length: number): Uint8Array {
		this.#check(offset, length);
		return this.#medium.read(1 - this.#index, offset, length);
	}

	arm(): void {
		if (this.state === "trial") throw new Fault("ota.busy", "the running image is on trial");
		if (!this.#medium.verify(1 - this.#index)) throw new Fault("ota.image", "the platform's check of the image failed");
		if (!mayBoot(this.#medium, 1 - this.#index)) throw new Fault("ota.secure-version", "below the eFuse's");
		const otadata = this.#medium.readOtadata();
		const current = this.#entry;
		let sequence = (current?.sequence ?? 0) + 1;
		if (slotOf({ sequence, state: "new" }) === this.#index) sequence++;
		const entry: Entry = { sequence, state: "new" };
		this.#medium.writeOtadata(
			current !== null && otadata[0]?.sequence === current.sequence ? [current, entry] : [entry, current],
		);
	}

	confirm(): void {
		const entry = this.#entry;
		if (entry !== null) this.#medium.writeOtadata(replace(this.#medium.readOtadata(), entry, "valid"));
		this.#raise();
		this.#cancelGuard?.();
	}

	/** As esp_efuse_update_secure_version. */
	#raise(): void {
		const own = versionIn(this.#medium, this.#index);
		const { antiRollback } = this;
		if (!antiRollback || own <= antiRollback.version) return;
		if (own > antiRollback.most) throw new Fault("ota.flash", `confirm: no eFuse bits for secure_version ${own}`);
		this.#medium.burnEfuse?.(own);
	}

	revert(): void {
		const otadata = this.#medium.readOtadata();
		const entry = active(otadata, this.#index);
		const back = active(otadata, 1 - this.#index);
		// As ESP-IDF: only where otadata vouches for the other image. Else a restart ends a trial all the same.
		const possible = back !== null && mayBoot(this.#medium, 1 - this.#index);
		if (entry !== null && possible) this.#medium.writeOtadata(replace(otadata, entry, "invalid"));
		else if (entry?.state !== "pending") throw new Fault("ota.flash", "no other image to go back to");
		this.restart();
	}

	guard(seconds: number): void {
		this.#cancelGuard?.();
		this.#cancelGuard = seconds > 0 ? this.#platform.guard(seconds) : undefined;
	}

	restart(): void {
		this.#cancelGuard?.();
		this.#platform.restart();
	}

	/** Of the running image; none where flash has lost it. */
	get #entry(): Entry {
		return active(this.#medium.readOtadata(), this.#index);
	}

	#check(offset: number, length: number): void {
		if (offset < 0 || offset + length > this.bytes) throw new Fault("ota.flash", "outside the slot");
	}
}

/** The usable entry with the highest sequence, of one slot or of any. */
function active(otadata: Otadata, slot?: number): Entry {
	let best: Entry = null;
	for (const entry of otadata) {
		if (entry === null || entry.state === "invalid" || entry.state === "aborted") continue;
		if (slot !== undefined && slotOf(entry) !== slot) continue;
		if (best === null || entry.sequence > best.sequence) best = entry;
	}
	return best;
}

function slotOf(entry: { readonly sequence: number; readonly state: EntryState }): number {
	return (entry.sequence - 1) % 2;
}

function replace(otadata: Otadata, old: Entry, state: EntryState): Otadata {
	const changed = otadata.map((entry) =>
		entry !== null && entry.sequence === old?.sequence ? { ...entry, state } : entry,
	);
	return changed as unknown as Otadata;
}

function without(otadata: Otadata, gone: Entry): Otadata {
	return otadata.map((entry) => (entry?.sequence === gone?.sequence ? null : entry)) as unknown as Otadata;
}
