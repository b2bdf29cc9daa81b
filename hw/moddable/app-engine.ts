/** The AppEngine port on XS: what it has and how it reads, and its own mapping, run over a staged copy without a write. */
import { MappingCheck } from "../../src/application/mapping.ts";
import type { AppEngine, AppFlash, Half } from "../../src/port.ts";

export interface AppPlatform {
	readonly flash: AppFlash;
	guard(seconds: number): void;
	restart(): void;
}

/** xsc wants the names of native functions as literals. */
export function createAppEngine({ flash, guard, restart }: AppPlatform): AppEngine {
	return {
		version: String(native("xs_app_version").call(undefined)),
		has: (module) => native("xs_app_has").call(undefined, module) === true,
		// Made when an archive is read, and no longer there than that.
		get codeSizes() {
			return new Int8Array(native("xs_app_code_sizes").call(undefined) as ArrayBuffer);
		},
		isMapped(half: Half): boolean {
			// Before it is placed too: what the machine has no memory for would end it at every power-up.
			const check = new MappingCheck(flash, half);
			const isTakeable = native("xs_app_map").call(undefined, check) === true;
			return isTakeable && check.isMapped() && native("xs_app_taken").call(undefined) === true;
		},
		guard,
		restart,
	};
}
