/** `#curves`, for a device that needs no P-256. */
import type { CurveName } from "./verify.ts";

export const SIGNS: Readonly<Record<CurveName, boolean>> = Object.freeze({ "P-256": false, "P-384": true });
