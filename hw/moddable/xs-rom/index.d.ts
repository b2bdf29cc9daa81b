/**
 * The part of rollup's plugin interface (https://rollupjs.org/plugin-development/) that these plugins have, so that their types
 * need no rollup. Rollup takes them as its own `Plugin`.
 */
export interface RomPlugin {
	name: string;
	resolveId?(id: string): string | null;
	load?(id: string): string | null;
	transform(this: TransformContext, code: string, id: string): { code: string; map: SourceMap } | null;
}

export interface TransformContext {
	/** ESTree's Program. */
	parse(code: string): unknown;
	error(error: { message: string; pos?: number }, position?: number): never;
}

/** Version 3 of source maps (ECMA-426). */
export interface SourceMap {
	version: number;
	file: string;
	sources: string[];
	sourcesContent?: string[];
	names: string[];
	mappings: string;
}

/** What happened to one module. */
export interface Counts {
	/** Comparisons that became calls. */
	compared: number;
	/** Comparisons that cannot see two BigInts, left alone. */
	kept: number;
	/** Weak collections that became forgetful ones. */
	weak: number;
	/** Scratch buffers that are made at first use. */
	boxed: number;
}

export function xsRom(options?: {
	/** Which modules; all by default. */
	include?: (id: string) => boolean;
	/** Wrap each comparison left alone, so that it throws when it does see two BigInts. */
	audit?: boolean;
	/** Is told what was done. */
	report?: (id: string, counts: Counts) => void;
}): RomPlugin;

/** Module-level regular expressions are made at each use. */
export function regexpsInRam(): RomPlugin;

/** Private methods become ordinary ones of a name that nobody else has. */
export function privateMethodsInRom(): RomPlugin;
