import type { AppSlot } from "../../../src/application/app-slot.ts";
import type { AppEngine, AppFlash, Store } from "../../../src/port.ts";

export function powerUp(
	platform: {
		readonly AppSlot: typeof AppSlot;
		readonly flash: AppFlash;
		readonly store: Store;
		engine(restart: () => void): AppEngine;
	},
	restarted: () => void,
): AppSlot;
