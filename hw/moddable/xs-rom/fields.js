/**
 * A rollup plugin that has fields of classes assigned in the constructor. For a class with fields XS makes a function that defines
 * them, with a slot for the class and mostly an environment of its own; an assignment is also less bytecode than a definition.
 *
 * `name = value;` becomes the constructor's first statement, or follows `super(...)`; `name;` is left out, as it is undefined either way.
 * So fields are in an object once they have been assigned, in that order, and a setter of that name would be called. Left alone: static fields,
 * computed and private names, and a class where a value has a name that means something else in the constructor, holds a class, or would need a
 * constructor that calls `super`.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";

export function fieldsInConstructors() {
	return {
		name: "fields-in-constructors",
		transform(code) {
			const text = new MagicString(code);
			walk(this.parse(code), {
				enter(node, parent) {
					if (node.type === "ClassBody") assign(node, parent.superClass !== null, code, text);
				},
			});
			return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
		},
	};
}

function assign({ start, body }, isDerived, code, text) {
	const fields = body.filter((member) => member.type === "PropertyDefinition" && !member.static);
	const making = body.find(({ kind }) => kind === "constructor")?.value;
	const valued = fields.filter(({ value }) => value !== null);
	const at = making ? beginning(making.body, isDerived) : isDerived ? undefined : start + 1;
	if (fields.some(isOdd) || (valued.length > 0 && at === undefined)) return;
	if (!mayMove(valued, making)) return;
	for (const field of fields) text.remove(field.start, field.end);
	if (valued.length === 0) return;
	const nameOf = ({ type, start, end }) =>
		type === "Identifier" ? `.${code.slice(start, end)}` : `[${code.slice(start, end)}]`;
	const statements = valued
		.map(({ key, value }) => `this${nameOf(key)} = ${code.slice(value.start, value.end)};`)
		.join(" ");
	text.appendLeft(at, making ? ` ${statements}` : ` constructor() { ${statements} }`);
}

/** Where an instance has its fields: behind the brace, or behind `super(...)` where that is a statement. */
function beginning(block, isDerived) {
	if (!isDerived) return block.start + 1;
	return block.body.find(
		({ expression }) => expression?.type === "CallExpression" && expression.callee.type === "Super",
	)?.end;
}

const isOdd = ({ computed, key }) => computed || key.type === "PrivateIdentifier";

function mayMove(fields, making) {
	const inside = making ? bound(making) : new Set();
	let free = true;
	for (const { value } of fields)
		walk(value, {
			enter(node, parent) {
				const isName = node.type === "Identifier" && !(parent?.type === "MemberExpression" && parent.property === node);
				if (node.type === "ClassBody" || node.type === "PrivateIdentifier" || (isName && inside.has(node.name)))
					free = false;
			},
		});
	return free;
}

/** What a function may bind, rather too much: the names in its parameters and in what it declares. */
function bound(scope) {
	const names = new Set();
	const add = (pattern) =>
		walk(pattern, { enter: (node) => void (node.type === "Identifier" && names.add(node.name)) });
	scope.params.forEach(add);
	walk(scope.body, {
		enter({ type, id, param }) {
			if (/^(VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(type)) add(id);
			if (type === "CatchClause" && param) add(param);
		},
	});
	return names;
}
