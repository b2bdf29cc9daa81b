/**
 * Proofs that an expression never gives a BigInt, from ECMA-262 alone: an operator applied to a BigInt and anything
 * else throws, `+x` and `>>>` throw for BigInt, comparisons give booleans.
 *
 * One assumption beyond it, which audit builds watch: properties named `length` and `BYTES_PER_ELEMENT` are numbers.
 */
import { UNKNOWN } from "./scope.js";

const COMPARISON = new Set(["===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "instanceof"]);
const NUMBERS = new Set(["length", "BYTES_PER_ELEMENT"]);
const CONSTANTS = new Set(["undefined", "NaN", "Infinity"]);
const CONVERSIONS = new Set(["Number", "String", "Boolean", "parseInt", "parseFloat"]);

/** @param {import("./scope.js").Scopes} scopes */
export function prover({ bindings, globals }) {
	/** Names under proof are taken for proved: the first BigInt ever assigned would need one before it. */
	const assumed = new Set();
	const disproved = new Set();

	const neverHolds = (binding) => {
		if (disproved.has(binding)) return false;
		if (assumed.has(binding)) return true;
		assumed.add(binding);
		const holds = binding.values.every((value) => value !== UNKNOWN && neverBigInt(value));
		assumed.delete(binding);
		if (!holds) disproved.add(binding);
		return holds;
	};

	const neverBigInt = (node) => {
		switch (node.type) {
			case "Literal":
				return typeof node.value !== "bigint" && node.bigint === undefined;
			case "TemplateLiteral":
			case "ArrayExpression":
			case "ObjectExpression":
			case "FunctionExpression":
			case "ArrowFunctionExpression":
			case "ClassExpression":
			case "NewExpression":
				return true;
			case "Identifier":
				return globals.has(node) ? CONSTANTS.has(node.name) : bindings.has(node) && neverHolds(bindings.get(node));
			case "UnaryExpression":
				return !/^[-~]$/.test(node.operator) || neverBigInt(node.argument);
			case "UpdateExpression":
				return neverBigInt(node.argument);
			case "BinaryExpression":
				return (
					COMPARISON.has(node.operator) || node.operator === ">>>" || neverBigInt(node.left) || neverBigInt(node.right)
				);
			case "LogicalExpression":
				return neverBigInt(node.left) && neverBigInt(node.right);
			case "ConditionalExpression":
				return neverBigInt(node.consequent) && neverBigInt(node.alternate);
			case "SequenceExpression":
				return neverBigInt(node.expressions.at(-1));
			case "AssignmentExpression":
				return node.operator === "=" && neverBigInt(node.right);
			case "ChainExpression":
				return neverBigInt(node.expression);
			case "CallExpression":
				return (
					(globals.has(node.callee) && CONVERSIONS.has(node.callee.name)) ||
					(node.callee.type === "MemberExpression" &&
						globals.has(node.callee.object) &&
						node.callee.object.name === "Math")
				);
			case "MemberExpression":
				return !node.computed && NUMBERS.has(node.property.name);
			default:
				return false;
		}
	};
	return neverBigInt;
}
