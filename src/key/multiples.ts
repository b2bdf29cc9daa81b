import type { IField } from "@noble/curves/abstract/modular.js";
import type { Affine, Formulas, Jacobian } from "./jacobian.ts";

const ONE = BigInt(1);

/** Eight points: what a window of five bits without zero digits needs, or one of four bits of signed odd ones. */
const MULTIPLES = 8;

/**
 * 1, 3, 5 ... times q. On the isomorphic curve where 2 q has Z = 1 each is one mixed addition from the last, and
 * one inversion serves them all: on the way back each Z differs by the factor of its addition.
 */
export function oddMultiples<P>(
	Fp: IField<bigint>,
	{ point, add, double, coordinates }: Formulas<P>,
): (q: Affine) => Affine[] {
	return (q) => {
		const doubled = point(q.x, q.y, ONE);
		double(doubled);
		const twice = coordinates(doubled);
		const z = twice.Z;
		const zz = Fp.sqr(z);
		const a = point(Fp.mul(q.x, zz), Fp.mul(q.y, Fp.mul(zz, z)), ONE);
		const multiples: Omit<Jacobian, "Z">[] = [];
		let last = z;
		for (let i = 1; i < MULTIPLES; i++) {
			add(a, twice.X, twice.Y);
			const { X, Y, Z, factor } = coordinates(a);
			multiples.push({ X, Y, factor });
			last = Z;
		}
		let inverse = Fp.inv(Fp.mul(last, z));
		const odd: Affine[] = [];
		for (let multiple = multiples.pop(); multiple; multiple = multiples.pop()) {
			const { X, Y, factor } = multiple;
			const square = Fp.sqr(inverse);
			odd.push({ x: Fp.mul(X, square), y: Fp.mul(Y, Fp.mul(square, inverse)) });
			inverse = Fp.mul(inverse, factor);
		}
		odd.push(q);
		return odd.reverse();
	};
}
