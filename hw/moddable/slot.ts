/**
 * The Slot port on ESP32: the partitions ota_0 and ota_1 through the SDK's raw flash, which can go on after a reset, and
 * boot decisions through ESP-IDF's app_update (native/slot.c).
 */
import flash, { type Flash } from "embedded:storage/flash";
import { Fault } from "../../src/fault.ts";
import type { Slot } from "../../src/port.ts";
import { inspectFirmware } from "../../src/update/firmware.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";

/** xsc wants the names of native functions as literals. */
export function openSlot(): Slot {
	const other = attempt("open", () => flash.open({ path: "nextota", mode: "r+" }));
	const running = attempt("open", () => flash.open({ path: "running", mode: "r" }));
	const bytes = Math.min(sizeOf(other), sizeOf(running));
	/** esp_image_header_t. */
	const head = new DataView(attempt("read", () => running.read(24, 0)));
	const within = (offset: number, length: number): void => {
		if (offset < 0 || offset + length > bytes) throw new Fault("ota.flash", "outside the slot");
	};
	return {
		running: attempt("running", () => String(native("xs_slot_running").call(undefined))),
		sequence: Number(native("xs_slot_sequence").call(undefined)),
		get state() {
			return attempt("state", () => native("xs_slot_state").call(undefined) as Slot["state"]);
		},
		bytes,
		component: "fw",
		get antiRollback() {
			const version = native("xs_slot_secure_version").call(undefined) as number | undefined;
			return version === undefined
				? undefined
				: { version, most: Number(native("xs_slot_secure_bits").call(undefined)) };
		},
		inspect(size) {
			return inspectFirmware(head.getUint16(12, true), size, this.antiRollback);
		},
		prepare: () => attempt("prepare", () => void native("xs_slot_prepare").call(undefined)),
		erase(offset, length) {
			within(offset, length);
			attempt("erase", () => other.eraseBlock(offset / SECTOR_BYTES, (offset + length) / SECTOR_BYTES));
		},
		write(offset, part) {
			within(offset, part.length);
			attempt("write", () => other.write(part, offset));
		},
		read(offset, length) {
			within(offset, length);
			return new Uint8Array(attempt("read", () => other.read(length, offset)));
		},
		arm: () => attempt("arm", () => void native("xs_slot_arm").call(undefined)),
		confirm: () => attempt("confirm", () => void native("xs_slot_confirm").call(undefined)),
		revert: () => attempt("revert", () => void native("xs_slot_revert").call(undefined)),
		guard: (seconds) => attempt("guard", () => void native("xs_slot_guard").call(undefined, seconds)),
		restart: () => attempt("restart", () => void native("xs_slot_restart").call(undefined)),
	};
}

function sizeOf(partition: Flash): number {
	return attempt("status", () => partition.status().size);
}

function attempt<T>(what: string, body: () => T): T {
	try {
		return body();
	} catch (thrown) {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		throw new Fault(codeOf(reason), `${what}: ${reason}`, {
			cause: thrown,
		});
	}
}

/** `reason`: the name of an esp_err_t. */
function codeOf(reason: string): "ota.image" | "ota.secure-version" | "ota.flash" {
	if (/VALIDATE_FAILED/.test(reason)) return "ota.image";
	return /SMALL_SEC_VER/.test(reason) ? "ota.secure-version" : "ota.flash";
}
