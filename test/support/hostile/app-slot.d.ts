import type { AppSlot } from "../../../src/application/app-slot.ts";
import type { AppFlash, Store } from "../../../src/port.ts";

export function powerUp(
	platform: {
		readonly AppSlot: typeof AppSlot;
		readonly flash: AppFlash;
		readonly store: Store;
		/** Of XS. */
		readonly version: string;
		readonly modules: readonly string[];
	},
	restarted: () => void,
): AppSlot;
