/**
 * The part of rollup's plugin interface (https://rollupjs.org/plugin-development/) that these plugins have, so that their types
 * need no rollup. Rollup takes them as its own `Plugin`.
 */
export interface RomPlugin {
	name: string;
	resolveId?(id: string): string | null;
	load?(id: string): string | null;
	transform?(this: TransformContext, code: string, id: string): { code: string; map: SourceMap } | null;
	renderChunk?(this: TransformContext, code: string, chunk: Chunk): { code: string; map: SourceMap } | null;
}

/** What rollup knows of a file that it is about to write. */
export interface Chunk {
	fileName: string;
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

/** Private members of classes become ordinary ones of a name that nobody else has. Comes after TypeScript. */
export function privatesInRom(): RomPlugin;

/** Fields of classes are assigned in the constructor. Comes after `privatesInRom`. */
export function fieldsInConstructors(): RomPlugin;

/** Numbers, booleans and short texts that a module names stand where they are used. A plugin of the output. */
export function constantsInCode(): RomPlugin;

/** Functions of a module become arrow functions, which have no prototype. A plugin of the output. */
export function arrowsInRom(options?: {
	/** Whether exported ones do, too: not where modules import each other. None by default. */
	exported?: (chunk: Chunk) => boolean;
}): RomPlugin;
