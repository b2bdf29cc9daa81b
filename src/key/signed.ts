/**
 * Signed digits of a secret scalar, none of them zero: of w bits, the highest tells the sign, and a digit and its complement share
 * one of 2^(w-1) entries. Every entry is read and both signs are computed, whatever the digit.
 */
import type { Affine } from "./jacobian.ts";

export interface Digits {
	/** The entry of a digit. */
	select(entries: readonly Affine[], digit: number): Affine;
	/** An entry's y with the digit's sign. */
	signed(digit: number, y: bigint): bigint;
}

export function digitsOf(p: bigint, width: number): Digits {
	const sign = 1 << (width - 1);
	return Object.freeze<Digits>({
		select(entries, digit) {
			const index = (digit ^ ((digit >> (width - 1)) - 1)) & (sign - 1);
			let chosen = entries[0]!;
			let i = sign;
			while (--i) {
				const candidate = entries[i]!;
				chosen = i ^ index ? chosen : candidate;
			}
			return chosen;
		},
		signed(digit, y) {
			const negative = p - y;
			return digit & sign ? y : negative;
		},
	});
}
