/** Bytes of bytecode in a module that xsc compiled: its CODE atom. */
import { readFileSync } from "node:fs";

/** Atoms are length, name, content; the outer one is XS_B. */
export function bytecodeBytes(file: string): number {
	const compiled = readFileSync(file);
	for (let at = 8; at < compiled.length; at += compiled.readUInt32BE(at))
		if (compiled.toString("latin1", at + 4, at + 8) === "CODE") return compiled.readUInt32BE(at) - 8;
	throw new Error(`no CODE in ${file}`);
}
