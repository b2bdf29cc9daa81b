/**
 * A rollup plugin that makes arrow functions of a chunk's function declarations, at its beginning, where a declaration would be
 * known, too. XS gives every `function` a prototype to construct with, three slots in ROM, and shares what an arrow function has in
 * common with its neighbours.
 *
 * Left alone: what is exported (where modules import each other, one may be called before its module has run), generators and async
 * functions (they have no prototype), what names `this`, `arguments` or `new.target`, and what is constructed, extended, tested by
 * `instanceof` or asked for its prototype in the chunk.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";

export function arrowsInRom({ exported = () => false } = {}) {
	return {
		name: "arrows-in-rom",
		renderChunk(code, chunk) {
			const program = this.parse(code);
			const kept = keptNames(program, exported(chunk));
			const text = new MagicString(code);
			const start = program.body.findLast(({ type }) => type === "ImportDeclaration")?.end ?? 0;
			for (const node of program.body) {
				if (node.type !== "FunctionDeclaration" || kept.has(node.id.name) || !isPlain(node)) continue;
				const from = node.params[0]?.start ?? node.body.start;
				const parameters = code.slice(from, node.params.at(-1)?.end ?? from);
				const body = code.slice(node.body.start, node.body.end);
				text.remove(node.start, node.end);
				text.appendLeft(start, `\nconst ${node.id.name} = (${parameters}) => ${body};`);
			}
			return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
		},
	};
}

/** What is exported or used as a constructor, and what is assigned to: by name, whatever the scope. */
function keptNames(program, exported) {
	const names = new Set();
	const keep = (node) => node?.type === "Identifier" && names.add(node.name);
	walk(program, {
		enter(node) {
			if (node.type === "ExportSpecifier") exported || keep(node.local);
			else if (node.type === "NewExpression") keep(node.callee);
			else if (node.type === "ClassDeclaration" || node.type === "ClassExpression") keep(node.superClass);
			else if (node.type === "BinaryExpression" && node.operator === "instanceof") keep(node.right);
			else if (node.type === "AssignmentExpression") keep(node.left);
			else if (node.type === "MemberExpression" && (node.computed || node.property.name === "prototype"))
				keep(node.object);
		},
	});
	return names;
}

function isPlain(declaration) {
	let plain = !declaration.async && !declaration.generator;
	walk(declaration, {
		enter(node) {
			if (node !== declaration && /^(FunctionExpression|FunctionDeclaration)$/.test(node.type)) this.skip();
			else if (node.type === "ThisExpression" || node.type === "MetaProperty" || node.name === "arguments")
				plain = false;
		},
	});
	return plain;
}
