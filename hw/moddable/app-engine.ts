/** The AppEngine port on XS: its version and modules, and its own mapping, run over a staged copy without a write. */
import Modules from "modules";
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
		modules: Modules.host,
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
