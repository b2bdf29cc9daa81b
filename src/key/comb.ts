/**
 * Secret multiples of the base point: a signed multi-comb (Hamburg, "Fast and compact elliptic-curve cryptography",
 * 2012, section 3.3) over a table of points that noble makes when the ROM image is linked.
 *
 * The scalar, made odd by adding n once or twice, is written with digits of +1 and -1 only: no digit is zero, every
 * multiplication is the same sequence of additions and doublings, and each looks at all entries it could need.
 * BigInt arithmetic itself takes time that depends on its values; random projective coordinates blind them.
 * Scalars outside 1..n-1 are the caller's to refuse.
 */
import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { type Affine, type Formulas, frozen, type Jacobian } from "./jacobian.ts";
import { digitsOf } from "./signed.ts";

/** 128 points, 16 KB of flash: twice as many save four additions of 43. */
const TEETH = 6;
const BLOCKS = 4;
const ENTRIES = 1 << (TEETH - 1);

/** Four bits of a row at a time: spread to every sixth bit, they interleave with the other rows' into four digits. */
const GROUP = 4;
const SPREAD = 0x8421;
const SPREAD_MASK = 0x41041;
const DIGIT_MASK = (1 << TEETH) - 1;

const ONE = BigInt(1);

export type Multiply = (scalar: bigint) => Jacobian;

/** `multiply(k)` is k G, or has Z = 0 modulo p where the formulas met an exception. */
export function comb<P>(
	Point: WeierstrassPointCons<bigint>,
	{ point, add, double, coordinates }: Formulas<P>,
	random: () => bigint,
): Multiply {
	const { Fp, Fn } = Point;
	// k + 2 n has two bits more than n.
	const columns = Math.ceil((Fn.BITS + 2) / (TEETH * BLOCKS));
	if (columns > 31) throw new RangeError("comb: a row must fit a 32-bit integer");
	const table = makeTable(Point, columns);
	/** The highest tooth is the sign. */
	const { select, signed } = digitsOf(Fp.ORDER, TEETH);
	const even = Object.freeze({ n: Fn.ORDER });
	const odd = Object.freeze({ n: Fn.ORDER + Fn.ORDER });
	const allOnes = (ONE << BigInt(TEETH * BLOCKS * columns)) - ONE;
	const rowBits = BigInt(columns);
	const rowMask = (ONE << rowBits) - ONE;

	/** A flipped bit in a table entry shows when the point is not on the curve; one in these would not. */
	const intact = (): boolean => {
		const n = Fn.ORDER;
		const rows = BigInt(TEETH * BLOCKS);
		return !(
			even.n - n ||
			odd.n - n - n ||
			rowMask + ONE - (ONE << rowBits) ||
			allOnes + ONE - (ONE << (rows * rowBits))
		);
	};

	/** Digits of six teeth each, column by column from the highest, in each the blocks from the lowest. */
	const recode = (scalar: bigint): Uint8Array => {
		if (!intact()) throw new RangeError("comb: constants are damaged");
		const parity = scalar & ONE ? odd : even;
		let rest = (scalar + parity.n + allOnes) >> ONE;
		const rows = new Uint32Array(TEETH * BLOCKS);
		for (let i = 0; i < rows.length; i++) {
			rows[i] = Number(rest & rowMask);
			rest >>= rowBits;
		}
		const digits = new Uint8Array(BLOCKS * columns);
		let at = 0;
		for (let group = GROUP * Math.floor((columns - 1) / GROUP); group >= 0; group -= GROUP) {
			const packed: number[] = [];
			for (let block = 0; block < BLOCKS; block++) {
				let four = 0;
				for (let tooth = 0; tooth < TEETH; tooth++)
					four |= ((((rows[tooth * BLOCKS + block]! >> group) & 15) * SPREAD) & SPREAD_MASK) << tooth;
				packed.push(four);
			}
			for (let column = Math.min(GROUP, columns - group) - 1; column >= 0; column--)
				for (const four of packed) digits[at++] = (four >> (TEETH * column)) & DIGIT_MASK;
		}
		return digits;
	};

	return (scalar) => {
		const digits = recode(scalar);
		const start = select(table[0]!, digits[0]!);
		const a = point(start.x, signed(digits[0]!, start.y), random());
		for (let i = 1; i < digits.length; i++) {
			const digit = digits[i]!;
			const block = i & (BLOCKS - 1);
			if (!block) double(a);
			const { x, y } = select(table[block]!, digit);
			add(a, x, signed(digit, y));
		}
		return coordinates(a);
	};
}

/**
 * With T teeth, B blocks and C columns, entry u of block b is 2^(bC) (2^((T-1)BC) + the sum over the lower teeth t of
 * +-2^(tBC)) G, the sign being bit t of u. Objects, because the linker overruns its buffer on BigInts in arrays.
 */
function makeTable(Point: WeierstrassPointCons<bigint>, columns: number): readonly (readonly Affine[])[] {
	const powers: WeierstrassPoint<bigint>[] = [];
	let power = Point.BASE;
	for (let i = 0; i < TEETH * BLOCKS * columns; i++) {
		if (i % columns < 1) powers.push(power);
		power = power.double();
	}
	const table: (readonly Affine[])[] = [];
	for (let block = 0; block < BLOCKS; block++) {
		const points: WeierstrassPoint<bigint>[] = [];
		for (let u = 0; u < ENTRIES; u++) {
			let sum = powers[(TEETH - 1) * BLOCKS + block]!;
			for (let tooth = 0; tooth < TEETH - 1; tooth++) {
				const term = powers[tooth * BLOCKS + block]!;
				sum = sum.add((u >> tooth) & 1 ? term : term.negate());
			}
			points.push(sum);
		}
		table.push(frozen(normalizeZ(Point, points).map((point) => point.toAffine())));
	}
	return frozen(table);
}
