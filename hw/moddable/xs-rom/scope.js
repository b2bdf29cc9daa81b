/**
 * Which declaration each identifier of a module means, what is ever assigned to it, and whether it can be a BigInt.
 *
 * ECMAScript's scopes: module, function, block, loop, catch, class and switch; `var` and parameters belong to the
 * function. Whatever is not plainly an assignment of an expression to a name counts as unknown.
 */
import { walk } from "estree-walker";

/**
 * @typedef {import("estree").Node} Node
 *
 * @typedef {object} Binding
 * @property {string} name
 * @property {boolean} top declared at module level
 * @property {Node | undefined} declarator VariableDeclarator, if that is what declared it
 * @property {(Node | typeof UNKNOWN)[]} values expressions assigned, in any order
 * @property {{ node: Node, parent: Node, inFunction: boolean, write: boolean }[]} references
 *
 * @typedef {object} Scopes
 * @property {Map<Node, Binding>} bindings of each identifier that refers to a declaration
 * @property {Set<Node>} globals identifiers that refer to none
 * @property {Set<Binding>} all
 */

/** An assigned value that could be anything. */
export const UNKNOWN = Symbol("unknown");

const isFunction = (node) => /Function/.test(node.type);
const opensScope = (node) =>
	isFunction(node) ||
	/^(Program|BlockStatement|For\w*Statement|CatchClause|SwitchStatement|Class\w+|StaticBlock)$/.test(node.type);

/** @returns {Scopes} */
export function analyse(program) {
	/** @type {Map<Node, Map<string, Binding>>} */
	const scopes = new Map();
	const bindings = new Map();
	const globals = new Set();
	const all = new Set();

	const declare = (scope, name, { top = false, declarator = undefined, value = UNKNOWN } = {}) => {
		let binding = scope.get(name);
		if (!binding) {
			binding = { name, top, declarator, values: [], references: [] };
			scope.set(name, binding);
			all.add(binding);
		}
		if (value !== undefined) binding.values.push(value);
		return binding;
	};

	const stack = [];
	walk(program, {
		enter(node, parent) {
			const block = stack.at(-1);
			const hoisted = stack.findLast(
				({ owner }) => isFunction(owner) || owner.type === "Program" || owner.type === "StaticBlock",
			);
			const top = block?.owner.type === "Program";
			if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration")
				if (node.id) declare(block.names, node.id.name, { top, value: undefined });
			if (/^Import\w*Specifier$/.test(node.type)) declare(block.names, node.local.name, { top });
			if (opensScope(node)) {
				const names = new Map();
				scopes.set(node, names);
				stack.push({ owner: node, names });
				if (isFunction(node))
					for (const parameter of node.params) for (const id of identifiers(parameter)) declare(names, id.name);
				if (/^(Function|Class)Expression$/.test(node.type) && node.id)
					declare(names, node.id.name, { value: undefined });
				if (node.type === "CatchClause" && node.param)
					for (const id of identifiers(node.param)) declare(names, id.name);
			}
			if (node.type === "VariableDeclaration") {
				// A loop's own declaration belongs to the loop's scope, which is on the stack by now.
				const scope = node.kind === "var" ? hoisted : stack.at(-1);
				const ofLoop = /^For(In|Of)Statement$/.test(parent.type) && parent.left === node;
				for (const declarator of node.declarations) {
					const simple = declarator.id.type === "Identifier" && !ofLoop;
					for (const id of identifiers(declarator.id))
						declare(scope.names, id.name, {
							top: scope.owner.type === "Program",
							declarator: simple ? declarator : undefined,
							value: simple ? (declarator.init ?? undefined) : UNKNOWN,
						});
				}
			}
		},
		leave(node) {
			if (stack.at(-1)?.owner === node) stack.pop();
		},
	});

	const chain = [];
	let functions = 0;
	walk(program, {
		enter(node, parent) {
			if (scopes.has(node)) chain.push(scopes.get(node));
			if (isFunction(node)) functions++;
			if (node.type === "Identifier" && isReference(node, parent)) {
				const binding = chain.findLast((names) => names.has(node.name))?.get(node.name);
				if (binding) {
					bindings.set(node, binding);
					binding.references.push({ node, parent, inFunction: functions > 0, write: false });
				} else globals.add(node);
			}
		},
		leave(node) {
			if (
				node.type === "AssignmentExpression" ||
				node.type === "UpdateExpression" ||
				/^For(In|Of)Statement$/.test(node.type)
			)
				noteWrites(node, bindings);
			if (isFunction(node)) functions--;
			if (scopes.has(node)) chain.pop();
		},
	});
	return { bindings, globals, all };
}

/** The identifiers that a pattern declares or assigns. */
function identifiers(pattern) {
	switch (pattern?.type) {
		case "Identifier":
			return [pattern];
		case "ObjectPattern":
			return pattern.properties.flatMap((property) => identifiers(property.value ?? property.argument));
		case "ArrayPattern":
			return pattern.elements.flatMap(identifiers);
		case "AssignmentPattern":
			return identifiers(pattern.left);
		case "RestElement":
			return identifiers(pattern.argument);
		default:
			return [];
	}
}

/** Whether an identifier stands for a value here, rather than for a property, a label or an import's foreign name. */
function isReference(node, parent) {
	switch (parent.type) {
		case "MemberExpression":
			return parent.object === node || parent.computed;
		case "Property":
			return parent.value === node || parent.computed;
		case "MethodDefinition":
		case "PropertyDefinition":
			return parent.value === node || parent.computed;
		case "ExportSpecifier":
			return parent.local === node;
		case "ImportSpecifier":
		case "ImportDefaultSpecifier":
		case "ImportNamespaceSpecifier":
		case "LabeledStatement":
		case "BreakStatement":
		case "ContinueStatement":
		case "MetaProperty":
			return false;
		default:
			return true;
	}
}

/** After its references are known: what an assignment means for the names it assigns. */
function noteWrites(node, bindings) {
	const target = node.type === "AssignmentExpression" ? node.left : (node.argument ?? node.left);
	for (const id of identifiers(target)) {
		const binding = bindings.get(id);
		if (!binding) continue;
		binding.references.find((reference) => reference.node === id).write = true;
		// ++ and -- make a BigInt of a BigInt only.
		if (node.type !== "UpdateExpression") binding.values.push(node.left === id ? assigned(node) : UNKNOWN);
	}
}

function assigned(node) {
	if (node.type !== "AssignmentExpression") return UNKNOWN;
	const operator = node.operator.slice(0, -1);
	if (operator === "") return node.right;
	const type = /^(&&|[|?]{2})$/.test(operator) ? "LogicalExpression" : "BinaryExpression";
	return { type, operator, left: node.left, right: node.right };
}
