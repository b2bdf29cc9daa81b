import type { Plugin } from "rollup";

export interface Counts {
	compared: number;
	kept: number;
	weak: number;
	boxed: number;
}

export function xsRom(options?: {
	include?: (id: string) => boolean;
	audit?: boolean;
	report?: (id: string, counts: Counts) => void;
}): Plugin;
