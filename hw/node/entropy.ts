/** `#entropy` and the Entropy port on Node: the operating system's generator. */
import { randomFillSync } from "node:crypto";

export const fill = (bytes: Uint8Array): void => void randomFillSync(bytes);
