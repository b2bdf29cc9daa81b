/** What rewritten modules import: plain ECMAScript, bundled with them. */
export const RUNTIME = "\0xs-rom";

/** Names no module may use itself; see refuse.js. */
export const RESERVED = ["xsRomEqual", "xsRomKept", "xsRomWeakMap", "xsRomWeakSet"];

export const runtime = `
const { is, isExtensible } = Object;

/* === in every case: NaN, -0 and mixed types reach the first comparison only. */
export const xsRomEqual = (a, b) => a === b || (typeof a === "bigint" && is(a, b));

/* Audit builds, for tests: the proof that a comparison never sees two BigInts, watched. */
export const xsRomKept = (operator, a, b) => {
	const audit = (globalThis.xsRomAudit ??= { comparisons: 0, bigints: 0 });
	audit.comparisons++;
	if (typeof a === "bigint" && typeof b === "bigint") {
		audit.bigints++;
		throw new Error("xs-rom audit: two BigInts at a comparison left alone");
	}
	switch (operator) {
		case "===": return a === b;
		case "!==": return a !== b;
		case "==": return a == b;
		default: return a != b;
	}
};

/*
 * Entries made while the image is linked can be read; later ones are not kept, which a cache survives. A collection in ROM
 * is not extensible: asking first spares the exception, at which a debugger would stop. A key in ROM shows no such sign.
 */
export class xsRomWeakMap extends WeakMap {
	set(key, value) {
		if (isExtensible(this)) try { super.set(key, value); } catch {}
		return this;
	}
}
export class xsRomWeakSet extends WeakSet {
	add(value) {
		if (isExtensible(this)) try { super.add(value); } catch {}
		return this;
	}
}
`;
