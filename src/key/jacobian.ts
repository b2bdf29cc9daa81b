/**
 * `#jacobian`, the default. Jacobian coordinates, x = X / Z^2, y = Y / Z^3, on a curve with a = -3 (Hankerson, Menezes, Vanstone: Guide to
 * Elliptic Curve Cryptography, algorithms 3.21 and 3.22), with lazy Barrett reduction: coordinates are congruent to
 * the true ones and between 0 and p, give or take a hair; see field.ts.
 *
 * The formulas are incomplete on purpose. Adding a point to itself, to its negative or to infinity, and doubling
 * infinity, all give Z = 0 modulo p, and from there Z stays 0 whatever follows: so one look at the end tells.
 * The reduction is written out each time, since a call costs XS a sixth of it.
 */
import { barrett } from "./field.ts";

export interface Jacobian {
	X: bigint;
	Y: bigint;
	Z: bigint;
	/** By which the last addition changed Z. */
	factor: bigint;
}

export interface Affine {
	readonly x: bigint;
	readonly y: bigint;
}

/** Over points of a kind of their own, written in place. Affine coordinates and z are canonical. */
export interface Formulas<P = unknown> {
	/** (x, y), with a Z that blinds it. */
	point(x: bigint, y: bigint, z: bigint): P;
	/** a = 2 a */
	double(a: P): void;
	/** a = a + (x, y) */
	add(a: P, x: bigint, y: bigint): void;
	coordinates(a: P): Jacobian;
}

export const flavour = "fast";

const ONE = BigInt(1);
const TWO = BigInt(2);
const THREE = BigInt(3);

export function formulas(p: bigint): Formulas<Jacobian> {
	const { low, high, mu } = barrett(p);

	const point = (x: bigint, y: bigint, z: bigint): Jacobian => {
		let t = z * z;
		const zz = t - (((t >> low) * mu) >> high) * p;
		t = x * zz;
		const X = t - (((t >> low) * mu) >> high) * p;
		t = zz * z;
		t = t - (((t >> low) * mu) >> high) * p;
		t = y * t;
		return { X, Y: t - (((t >> low) * mu) >> high) * p, Z: z, factor: ONE };
	};

	const double = (a: Jacobian): void => {
		const { X, Y, Z } = a;
		let t = Z * Z;
		const zz = t - (((t >> low) * mu) >> high) * p;
		t = Y * Y;
		const yy = t - (((t >> low) * mu) >> high) * p;
		t = (X * yy) << TWO;
		const s = t - (((t >> low) * mu) >> high) * p;
		t = (X - zz) * (X + zz) * THREE;
		const m = t - (((t >> low) * mu) >> high) * p;
		t = m * m - (s << ONE);
		const x = t - (((t >> low) * mu) >> high) * p;
		a.X = x;
		t = (Y * Z) << ONE;
		a.Z = t - (((t >> low) * mu) >> high) * p;
		t = m * (s - x) - ((yy * yy) << THREE);
		a.Y = t - (((t >> low) * mu) >> high) * p;
	};

	const add = (a: Jacobian, x2: bigint, y2: bigint): void => {
		const { X, Y, Z } = a;
		let t = Z * Z;
		const zz = t - (((t >> low) * mu) >> high) * p;
		t = x2 * zz - X;
		const h = t - (((t >> low) * mu) >> high) * p;
		t = Z * zz;
		t = t - (((t >> low) * mu) >> high) * p;
		t = y2 * t - Y;
		const r = t - (((t >> low) * mu) >> high) * p;
		t = h * h;
		const hh = t - (((t >> low) * mu) >> high) * p;
		t = h * hh;
		const hhh = t - (((t >> low) * mu) >> high) * p;
		t = X * hh;
		const v = t - (((t >> low) * mu) >> high) * p;
		t = r * r - hhh - (v << ONE);
		const x = t - (((t >> low) * mu) >> high) * p;
		a.X = x;
		t = Z * h;
		a.Z = t - (((t >> low) * mu) >> high) * p;
		t = r * (v - x) - Y * hhh;
		a.Y = t - (((t >> low) * mu) >> high) * p;
		a.factor = h;
	};

	return Object.freeze({ point, double, add, coordinates: (a: Jacobian) => a });
}

/** XS keeps an array in ROM only when its elements are frozen with it, which its Object.freeze does when told to. */
export function frozen<T extends object>(items: T[]): readonly T[] {
	for (const item of items) Object.freeze(item);
	return (Object.freeze as (array: T[], deep: boolean) => readonly T[])(items, true);
}
