/**
 * A rollup plugin that makes private methods of classes (`#name() {}`) ordinary ones, `$name`. XS keeps a private method as a slot of
 * every instance, in RAM; an ordinary one is in the prototype, in ROM. TypeScript has checked by then who calls them.
 *
 * Accessors likewise. Refused: `#name in object`, and a name that a class inside the class uses for something else.
 */
import { walk } from "estree-walker";
import MagicString from "magic-string";

export function privateMethodsInRom() {
	return {
		name: "private-methods-in-rom",
		transform(code, id) {
			const program = this.parse(code);
			const stop = (node, message) => this.error({ message: `${id}: ${message}` }, node.start);
			const text = new MagicString(code);
			walk(program, {
				enter(node) {
					if (node.type === "ClassBody") rename(node, text, stop);
				},
			});
			return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
		},
	};
}

function rename(body, text, stop) {
	const methods = body.body.filter(({ type, key }) => type === "MethodDefinition" && key.type === "PrivateIdentifier");
	const names = new Set(methods.map(({ key }) => key.name));
	walk(body, {
		enter(node, parent) {
			if (node.type !== "PrivateIdentifier" || !names.has(node.name)) return;
			if (parent.type === "BinaryExpression") stop(node, `#${node.name} in an object`);
			if (parent.type === "PropertyDefinition" || (parent.type === "MethodDefinition" && !methods.includes(parent)))
				stop(node, `#${node.name} has a second meaning`);
			text.update(node.start, node.end, `$${node.name}`);
		},
	});
}
