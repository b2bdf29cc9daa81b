/**
 * A rollup plugin that keeps regular expressions out of ROM. XS 8.2.3 runs one that the linker placed there on memory
 * that it never frees, and the garbage collector, should it come in the middle, takes that memory for its own: a crash.
 *
 * `const NAME = /pattern/;` of a module becomes an object whose `test` and `exec` make the expression at each use. Any other use
 * of such a name, flags that keep state (g, y), and expressions elsewhere outside of functions stop the build.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";

export function regexpsInRam() {
	return {
		name: "regexps-in-ram",
		transform(code, id) {
			const program = this.parse(code);
			const stop = (node, message) => this.error({ message: `${id}: ${message}` }, node.start);
			const found = moduleLevel(program);
			if (found.size === 0) return null;
			const text = new MagicString(code);
			const names = new Set();
			for (const [literal, name] of found) {
				if (name === undefined) stop(literal, "a regular expression outside of functions is not a constant's value");
				if (/[gyd]/.test(literal.regex.flags)) stop(literal, `flags ${literal.regex.flags} in ROM`);
				names.add(name);
				const { raw, start, end } = literal;
				text.update(start, end, `{ test: (text) => ${raw}.test(text), exec: (text) => ${raw}.exec(text) }`);
			}
			checkUses(program, names, stop);
			return { code: text.toString(), map: text.generateMap({ hires: true }) };
		},
	};
}

/** Each expression that is made while the module loads, with the name of the constant that it is the value of. */
function moduleLevel(program) {
	const found = new Map();
	const exported = program.body.filter(({ type }) => type === "ExportNamedDeclaration");
	let functions = 0;
	walk(program, {
		enter(node, parent) {
			if (/Function/.test(node.type)) functions++;
			if (functions > 0 || node.type !== "Literal" || node.regex === undefined) return;
			const isValue = parent.type === "VariableDeclarator" && parent.init === node && parent.id.type === "Identifier";
			const isExported = exported.some(({ start, end }) => start <= node.start && node.end <= end);
			found.set(node, isValue && !isExported ? parent.id.name : undefined);
		},
		leave(node) {
			if (/Function/.test(node.type)) functions--;
		},
	});
	return found;
}

/** By name, whatever the scope: a second meaning of the name can only stop the build. */
function checkUses(program, names, stop) {
	const parents = [];
	walk(program, {
		enter(node, parent) {
			parents.push(parent);
			if (node.type !== "Identifier" || !names.has(node.name)) return;
			if (parent.type === "VariableDeclarator" && parent.id === node) return;
			const isMember = parent.type === "MemberExpression" && parent.object === node && !parent.computed;
			const call = parents[parents.length - 2];
			const isCalled = isMember && call?.type === "CallExpression" && call.callee === parent;
			if (!isCalled || !/^(test|exec)$/.test(parent.property.name))
				stop(node, `${node.name} may only be used as ${node.name}.test(...) or ${node.name}.exec(...)`);
		},
		leave() {
			parents.pop();
		},
	});
}
