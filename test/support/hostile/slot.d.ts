import type { Inspection, Slot } from "../../../src/port.ts";

export const ForgetfulSlot: new (inspectFirmware: (chipId: number, size: number) => Inspection) => Slot;
