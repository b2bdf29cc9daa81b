import type { Plugin } from "rollup";

export function privateMethodsInRom(): Plugin;
