import type { I2C } from "../../../hw/moddable/atecc.ts";
import type { Signer } from "../../../src/port.ts";

export class SimulatedChip {
	constructor(KeyPair: new (scalar: Uint8Array) => Signer);
	readonly keys: Map<number, Signer>;
	unlockedSlots: number;
	removed?: boolean;
	isConfigured: boolean;
	isStuck: boolean;
	readonly general: I2C;
	readonly i2c: I2C;
}
