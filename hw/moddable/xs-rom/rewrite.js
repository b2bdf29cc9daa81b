/** The repairs: comparisons, weak collections, scratch buffers. See README.md for each rule. */
import { walk } from "estree-walker";
import { prover } from "./prove.js";

const TYPED_ARRAY = /^((Ui|I)nt(8|16|32)|Uint8Clamped|Float(32|64)|Big(Ui|I)nt64)Array$/;

/**
 * @param {import("./scope.js").Scopes} scopes
 * @returns {{ counts: import("./index.js").Counts, used: Set<string> }}
 */
export function rewrite(program, scopes, { code, text, audit, stop }) {
	const counts = { compared: 0, kept: 0, weak: 0, boxed: 0 };
	const used = new Set();
	const neverBigInt = prover(scopes);
	const call = (name) => {
		used.add(name);
		return name;
	};

	/** Puts `opening left, right)` in place of `left operator right`. */
	const compare = (node, opening) => {
		const at = operatorAt(code, node);
		text.appendLeft(node.start, opening);
		text.update(at, at + node.operator.length, ",");
		text.appendRight(node.end, ")");
	};

	const comparison = (node) => {
		const strict = node.operator.length === 3;
		const [left, right] = [neverBigInt(node.left), neverBigInt(node.right)];
		// Loose equality also looks at a BigInt beside a number or a string.
		const harmless = strict ? left || right : (left && right) || isNullish(node.left) || isNullish(node.right);
		if (harmless) {
			counts.kept++;
			if (audit) compare(node, `${call("xsRomKept")}(${JSON.stringify(node.operator)}, `);
		} else if (strict) {
			counts.compared++;
			compare(node, `${node.operator === "!==" ? "!" : ""}${call("xsRomEqual")}(`);
		} else stop(node, `loose equality that may see a BigInt: use ===`);
	};

	walk(program, {
		enter(node) {
			if (node.type === "BinaryExpression" && /^[!=]==?$/.test(node.operator)) comparison(node);
			if (node.type === "SwitchStatement" && !neverBigInt(node.discriminant))
				for (const { test } of node.cases)
					if (test && !neverBigInt(test)) stop(test, "switch that may compare BigInts: use if");
			if (
				node.type === "NewExpression" &&
				scopes.globals.has(node.callee) &&
				/^Weak(Map|Set)$/.test(node.callee.name)
			) {
				counts.weak++;
				text.update(node.callee.start, node.callee.end, call(`xsRom${node.callee.name}`));
			}
		},
	});

	for (const binding of scopes.all)
		if (isScratch(binding, scopes)) {
			counts.boxed++;
			box(binding, { code, text, stop });
		}
	return { counts, used };
}

/** The comparison's operator, past closing parentheses and comments. */
function operatorAt(code, { left, right, operator }) {
	const between = code
		.slice(left.end, right.start)
		.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => " ".repeat(comment.length));
	return left.end + between.indexOf(operator);
}

const isNullish = (node) =>
	(node.type === "Literal" && node.value === null && !("regex" in node) && node.bigint === undefined) ||
	(node.type === "UnaryExpression" && node.operator === "void");

/** `const name = new Uint32Array(64)` at module level: zeros now, so it will be written to. */
function isScratch({ top, declarator, values }, { globals }) {
	const init = declarator?.init;
	return (
		top &&
		values.length === 1 &&
		init?.type === "NewExpression" &&
		globals.has(init.callee) &&
		TYPED_ARRAY.test(init.callee.name) &&
		(init.arguments.length === 0 || typeof init.arguments[0].value === "number")
	);
}

/** An object literal in ROM is copied to RAM when it is first written to. */
function box({ name, declarator, references }, { code, text, stop }) {
	const init = code.slice(declarator.init.start, declarator.init.end);
	for (const { node, parent, inFunction } of references) {
		if (node === declarator.id) continue;
		if (parent.type === "ExportSpecifier") stop(node, `exported buffer "${name}" cannot be made at first use`);
		if (!inFunction) stop(node, `buffer "${name}" is used while the module is linked`);
		const shorthand = parent.type === "Property" && parent.shorthand ? `${name}: ` : "";
		text.update(node.start, node.end, `${shorthand}(${name}.v ??= ${init})`);
	}
	text.update(declarator.init.start, declarator.init.end, "{ v: undefined }");
}
