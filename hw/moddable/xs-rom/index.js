/**
 * A rollup plugin that makes modules which compute with BigInt fit for XS's `preload`, that is, for ROM.
 *
 * On XS a BigInt that the linker placed in ROM is never equal, by `===`, `!==`, `==`, `!=` or `switch`, to one made at
 * run time, and collections, typed arrays and module variables in ROM are read-only. So comparisons that may see two
 * BigInts become calls, weak collections forget what they cannot keep, scratch buffers are made at first use, and what
 * cannot be proved harmless stops the build. README.md has the rules.
 */
import MagicString from "magic-string";
import { refuse } from "./refuse.js";
import { rewrite } from "./rewrite.js";
import { RUNTIME, runtime } from "./runtime.js";
import { analyse } from "./scope.js";

export { constantsInCode } from "./constants.js";
export { fieldsInConstructors } from "./fields.js";
export { arrowsInRom } from "./functions.js";
export { privatesInRom } from "./private.js";
export { regexpsInRam } from "./regexp.js";

/** index.d.ts has the types. */
export function xsRom({ include = () => true, audit = false, report = () => {} } = {}) {
	return {
		name: "xs-rom",
		resolveId: (id) => (id === RUNTIME ? RUNTIME : null),
		load: (id) => (id === RUNTIME ? runtime : null),
		transform(code, id) {
			if (id === RUNTIME || !include(id)) return null;
			const program = this.parse(code);
			const scopes = analyse(program);
			const stop = (node, message) => this.error({ message: `xs-rom: ${message}`, pos: node.start }, node.start);
			refuse(program, scopes, stop);
			const text = new MagicString(code);
			const { counts, used } = rewrite(program, scopes, { code, text, audit, stop });
			report(id, counts);
			if (used.size > 0) text.prepend(`import { ${[...used].join(", ")} } from ${JSON.stringify(RUNTIME)};\n`);
			return { code: text.toString(), map: text.generateMap({ hires: true }) };
		},
	};
}
