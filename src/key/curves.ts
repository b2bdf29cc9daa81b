/** `#curves`: on which curves this build makes keys; signatures of others are checked on both. The default: on both. */
import type { CurveName } from "./verify.ts";

export const SIGNS: Readonly<Record<CurveName, boolean>> = Object.freeze({ "P-256": true, "P-384": true });
