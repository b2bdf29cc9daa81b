/**
 * `#jacobian`, flavour "native": the formulas of src/key/jacobian.ts in C (points.c), where a point takes no BigInt and
 * nothing is allocated. In the linker, where no C runs, it is those formulas themselves: they make and test the tables.
 */
import { armed, untilArmed } from "../../../src/key/gate.ts";
import { type Formulas, type Jacobian, formulas as pure } from "../../../src/key/jacobian.ts";

/** X, Y, Z and the factor. */
const NUMBERS = 4;
const WORD_BITS = 32;
const BITS_IN_BYTE = 8;

export const flavour = "native";

type State = Uint8Array<ArrayBuffer>;

const point = native("xs_points_point");
const double = native("xs_points_double");
const add = native("xs_points_add");
const numbers = native("xs_points_numbers");

export function formulas(p: bigint): Formulas<Jacobian | State> {
	const linking = untilArmed(pure(p));
	const bytes = Math.ceil(p.toString(2).length / WORD_BITS) * (WORD_BITS / BITS_IN_BYTE);
	return Object.freeze<Formulas<Jacobian | State>>({
		point(x, y, z) {
			if (!armed()) return linking.it.point(x, y, z);
			const state = new Uint8Array(NUMBERS * bytes);
			point(state, x, y, z);
			return state;
		},
		double(a) {
			if (armed()) double(a);
			else linking.it.double(a as Jacobian);
		},
		add(a, x, y) {
			if (armed()) add(a, x, y);
			else linking.it.add(a as Jacobian, x, y);
		},
		coordinates(a) {
			if (!armed()) return linking.it.coordinates(a as Jacobian);
			const plain = new Uint8Array(NUMBERS * bytes);
			numbers(a, plain);
			const number = (at: number): bigint =>
				BigInt.fromArrayBuffer(plain.slice(at * bytes, (at + 1) * bytes).buffer, false, true);
			return { X: number(0), Y: number(1), Z: number(2), factor: number(3) };
		},
	});
}
