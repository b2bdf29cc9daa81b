/**
 * A rollup plugin that puts a chunk's constants that are numbers, booleans or short texts where they are used. In XS every function
 * has a slot in ROM for each name of the module that it uses, and mostly an environment for those slots; a small number is two bytes.
 *
 * `const NAME = value;` of a module, where the value is a literal or arithmetic of numbers and such constants. What is exported stays, too.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";
import { analyse } from "./scope.js";

/** A longer text, in each place, would take more than the slots that it saves. */
const MOST_LETTERS = 10;

export function constantsInCode() {
	return {
		name: "constants-in-code",
		renderChunk(code) {
			const program = this.parse(code);
			const { bindings } = analyse(program);
			const text = new MagicString(code);
			const values = new Map();
			const exported = new Set();
			for (const { specifiers = [] } of program.body)
				for (const { local } of specifiers) exported.add(bindings.get(local));
			for (const statement of program.body) {
				if (statement.type !== "VariableDeclaration" || statement.kind !== "const") continue;
				for (const { id, init } of statement.declarations) {
					const value = id.type === "Identifier" && init ? constant(init, values, bindings) : undefined;
					if (value === undefined) continue;
					values.set(bindings.get(id), value);
				}
				const gone = ({ id }) => values.has(bindings.get(id)) && !exported.has(bindings.get(id));
				if (statement.declarations.every(gone)) text.remove(statement.start, statement.end);
			}
			place(program, text, bindings, values);
			return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
		},
	};
}

function place(program, text, bindings, values) {
	walk(program, {
		enter(node, parent) {
			if (node.type === "ExportNamedDeclaration") this.skip();
			const value = node.type === "Identifier" ? values.get(bindings.get(node)) : undefined;
			if (value === undefined || (parent.type === "VariableDeclarator" && parent.id === node)) return;
			const literal =
				value < 0 || parent.type === "MemberExpression" ? `(${JSON.stringify(value)})` : JSON.stringify(value);
			if (parent.type === "Property" && parent.shorthand) {
				text.update(parent.start, parent.end, `${node.name}: ${literal}`);
				this.skip();
			} else text.update(node.start, node.end, literal);
		},
	});
}

const ARITHMETIC = {
	"+": (a, b) => a + b,
	"-": (a, b) => a - b,
	"*": (a, b) => a * b,
	"/": (a, b) => a / b,
	"**": (a, b) => a ** b,
	"<<": (a, b) => a << b,
	"|": (a, b) => a | b,
};

/** Undefined where it is not known. */
function constant(node, values, bindings) {
	const known = (inner) => constant(inner, values, bindings);
	if (node.type === "Identifier") return values.get(bindings.get(node));
	if (node.type === "Literal") {
		const { value } = node;
		const fits = typeof value === "string" ? value.length <= MOST_LETTERS : /^(number|boolean)$/.test(typeof value);
		return fits ? value : undefined;
	}
	if (node.type === "UnaryExpression" && node.operator === "-") return ofNumbers((a) => -a, known(node.argument));
	if (node.type === "BinaryExpression")
		return ofNumbers(ARITHMETIC[node.operator], known(node.left), known(node.right));
	return undefined;
}

const ofNumbers = (operation, ...numbers) =>
	operation && numbers.every((number) => typeof number === "number") ? plain(operation(...numbers)) : undefined;

/** JSON has none of the others. */
const plain = (number) => (Number.isFinite(number) && !Object.is(number, -0) ? number : undefined);
