/**
 * XS as far as an application is concerned: at power-up, before anything else, it maps the archive that lies in `run`, each
 * sector erased and written. What it would not survive ends the test.
 */
import assert from "node:assert/strict";
import { MappingCheck } from "../../src/application/mapping.ts";
import { concat, equal, utf8 } from "../../src/base/bytes.ts";
import type { AppEngine, AppFlash, Half } from "../../src/port.ts";
import { SECTOR_BYTES } from "../../src/update/writer.ts";
import { CODE_SIZES, EngineCrash, Mapper, type Medium, sizeOf } from "./app-mapper.ts";
import { PowerCut } from "./power.ts";

export const XS = "17.7";
/** Of the firmware. */
export const MODULES: readonly string[] = ["main", "enrollee/agent"];
export const hasModule = (module: string): boolean => MODULES.includes(module);

export interface EngineOptions {
	readonly flash: AppFlash;
	/** Another firmware has other identifiers. */
	readonly firmware: number;
	readonly version?: string;
	/** Larger archives end the machine when they are mapped, as too little memory does. */
	readonly memory?: number;
	guard(seconds: number): void;
	restart(): void;
}

export class FakeEngine implements AppEngine {
	readonly version: string;
	readonly has = hasModule;
	readonly codeSizes = CODE_SIZES;
	readonly guard: (seconds: number) => void;
	readonly restart: () => void;
	readonly #flash: AppFlash;
	readonly #firmware: number;
	readonly #memory: number;
	/** An archive was mapped, or seemed to be. */
	readonly isTaken: boolean;

	/** Power-up. */
	constructor({ flash, firmware, version = XS, memory = Number.POSITIVE_INFINITY, guard, restart }: EngineOptions) {
		this.version = version;
		this.guard = guard;
		this.restart = restart;
		this.#flash = flash;
		this.#firmware = firmware;
		this.#memory = memory;
		this.isTaken = this.#map({
			read: (offset, length) => flash.read("run", offset, length),
			write(offset, bytes) {
				flash.erase("run", offset, SECTOR_BYTES);
				flash.write("run", offset, bytes);
			},
		});
	}

	isMapped(half: Half): boolean {
		const check = new MappingCheck(this.#flash, half);
		return this.#map(check) && check.isMapped() && this.isTaken;
	}

	/** What an import runs. */
	import(): Uint8Array {
		assert.ok(this.isTaken, "nothing to import: the engine has taken no archive");
		return this.#flash.read("run", 0, sizeOf(this.#flash.read("run", 0, 4)));
	}

	#map(medium: Medium): boolean {
		const head = medium.read(0, HEADER_BYTES);
		if (!equal(head.subarray(4, 8), utf8("XS_A"))) return false;
		const size = sizeOf(head);
		// Read with a size that wraps around.
		if (size < HEADER_BYTES) throw new EngineCrash(`an archive of ${size} bytes`);
		if (size > this.#memory) throw new OutOfMemory(`${size} bytes`);
		try {
			new Mapper(medium, size, this.#firmware).map(this.version);
			return true;
		} catch (thrown) {
			if (thrown instanceof PowerCut || thrown instanceof EngineCrash) throw thrown;
			medium.write(0, concat(Uint8Array.of(0, 0, 0, 9), utf8("XS_E"), Uint8Array.of(0)));
			return false;
		}
	}
}

/** XS_A's header, VERS and SIGN, which the engine reads at once. */
const HEADER_BYTES = 44;

/** The machine ends; on a device it starts again. */
export class OutOfMemory extends EngineCrash {}
