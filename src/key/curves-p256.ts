/** `#curves`, for a device that needs no P-384: 20 KB of flash less. */
import type { CurveName } from "./verify.ts";

export const SIGNS: Readonly<Record<CurveName, boolean>> = Object.freeze({ "P-256": true, "P-384": false });
