/** What cannot be repaired, or not be proved harmless in ROM, stops the build. See README.md for each rule. */
import { walk } from "estree-walker";
import { RESERVED } from "./runtime.js";

/** @param {import("./scope.js").Scopes} scopes */
export function refuse(program, { bindings, globals, all }, stop) {
	for (const { name, top, references } of all) {
		if (RESERVED.includes(name)) stop(references[0]?.node ?? program, `"${name}" is the plugin's own name`);
		if (!top) continue;
		for (const { node, write, inFunction } of references)
			if (write && inFunction) stop(node, `module variable "${name}" is assigned at run time, when it is read-only`);
	}

	let functions = 0;
	walk(program, {
		enter(node, parent) {
			if (/Function/.test(node.type)) functions++;
			if (node.type === "WithStatement") stop(node, "with");
			if (node.type === "Identifier" && globals.has(node)) global(node, parent);
			if (functions > 0) return;
			if (node.type === "ArrayExpression")
				for (const element of node.elements)
					if (element && makesBigInt(element)) stop(element, "BigInt in an array: the linker overruns its buffer");
			if (node.type === "ObjectExpression")
				for (const { key, value } of node.properties)
					if (key?.type === "Literal" && /^\d+$/.test(String(key.value)) && makesBigInt(value))
						stop(value, "BigInt under an integer key: the linker overruns its buffer");
			if (node.type === "NewExpression" && globals.has(node.callee) && /^(Map|Set)$/.test(node.callee.name))
				stop(node, `${node.callee.name} made while the module is linked is read-only later`);
		},
		leave(node) {
			if (/Function/.test(node.type)) functions--;
		},
	});

	function global(node, parent) {
		if (node.name === "eval") stop(node, "eval");
		const made = parent.type === "NewExpression" && parent.callee === node;
		if (node.name === "Function" && (made || parent.type === "CallExpression")) stop(node, "Function constructor");
		const asked = parent.type === "BinaryExpression" && parent.operator === "instanceof";
		if (/^Weak(Map|Set)$/.test(node.name) && !made && !asked) stop(node, `${node.name} other than by new`);
	}

	function makesBigInt(node) {
		if (node.type === "Identifier" && bindings.has(node)) {
			const { declarator, values } = bindings.get(node);
			return (
				declarator?.init !== undefined &&
				values.length === 1 &&
				declarator.init !== null &&
				makesBigInt(declarator.init)
			);
		}
		if (node.type === "CallExpression") return globals.has(node.callee) && node.callee.name === "BigInt";
		return node.type === "Literal" && node.bigint !== undefined;
	}
}
