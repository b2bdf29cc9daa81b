/**
 * A rollup plugin that makes private members of classes (`#name`) ordinary ones, `$$name`. XS keeps a private method as a slot of every
 * instance, in RAM, where an ordinary one is in the prototype, in ROM; and every function that names a private member has a slot in
 * ROM for it, and mostly an environment for those slots. TypeScript has checked by then who names them.
 *
 * A class that extends another has its own name in theirs, `$Class$name`, so that the two keep apart. Fields are enumerable
 * then. Refused: `#name in object`, a class without a name that extends another, and such a name where a class has it already.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";

export function privatesInRom() {
	return {
		name: "privates-in-rom",
		transform(code, id) {
			const program = this.parse(code);
			const stop = (node, message) => this.error({ message: `${id}: ${message}` }, node.start);
			const text = new MagicString(code);
			rename(program, text, stop);
			return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
		},
	};
}

function rename(program, text, stop) {
	const ordinary = [];
	/** Of the classes around, the innermost last: a member's new name by its own. */
	const classes = [];
	const used = new Set();
	walk(program, {
		enter(node, parent) {
			if (node.type === "ClassBody") classes.push(members(node, parent, stop));
			if (isOwn(node, parent)) ordinary.push(node);
			if (node.type !== "PrivateIdentifier") return;
			if (parent.type === "BinaryExpression") stop(node, `#${node.name} in an object`);
			const name = classes.findLast((names) => names.has(node.name)).get(node.name);
			used.add(name);
			text.update(node.start, node.end, name);
		},
		leave(node) {
			if (node.type === "ClassBody") classes.pop();
		},
	});
	for (const node of ordinary) if (used.has(node.name)) stop(node, `${node.name} has a second meaning`);
}

function members(body, { id, superClass }, stop) {
	const names = body.body.filter(({ key }) => key?.type === "PrivateIdentifier").map(({ key }) => key.name);
	if (superClass && !id && names.length > 0)
		stop(body, "a class without a name that extends another has private members");
	return new Map(names.map((name) => [name, superClass ? `$${id.name}$${name}` : `$$${name}`]));
}

/** A member that is declared, or named by `this`: all that another object has may well be called so. */
const isOwn = (node, parent) =>
	node.type === "Identifier" &&
	(parent.object?.type === "ThisExpression" ||
		(/^(Method|Property)Definition$/.test(parent.type) && parent.key === node));
