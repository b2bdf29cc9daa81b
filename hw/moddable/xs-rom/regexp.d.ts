import type { Plugin } from "rollup";

export function regexpsInRam(): Plugin;
