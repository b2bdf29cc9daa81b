/**
 * Inverse modulo a prime: Lehmer's form of the extended Euclidean algorithm (Knuth, TAOCP 2, 4.5.2, algorithm L), with
 * Collins' condition for when a quotient of leading digits is the quotient of the whole numbers.
 *
 * Its run time depends on the input, so a secret must be multiplied by a random value first; callers do.
 * Zero has no inverse and is refused.
 */

const ZERO = BigInt(0);
const ONE = BigInt(1);

/** Leading digits that fit a double exactly, and so few of them that Euclid's quotients are exact, too. */
const DIGIT_BITS = 52;
const DOUBLE = BigInt(DIGIT_BITS);
/** Fewer significant digits than this are not worth a pass; the next ones come in. */
const FEW = 2 ** 28;
const STEP = BigInt(24);

/** `inverse(number)` for 0 < number < modulus. */
export function inversion(modulus: bigint): (number: bigint) => bigint {
	const top = BigInt(modulus.toString(2).length - DIGIT_BITS);

	return (number) => {
		// Throughout: x = u * number and y = v * number (mod modulus), x > y >= 0.
		let x = modulus;
		let y = number;
		let u = ZERO;
		let v = ONE;
		let shift = top;
		while (x >> DOUBLE) {
			let a = Number(x >> shift);
			while (a < FEW && shift) {
				shift = shift > STEP ? shift - STEP : ZERO;
				a = Number(x >> shift);
			}
			let b = Number(y >> shift);
			// Collins' condition fails before a quotient could depend on digits not seen.
			// After two steps each: a = a0 x - b0 y, b = b1 y - a1 x, in leading digits.
			let a0 = 1;
			let a1 = 0;
			let b0 = 0;
			let b1 = 1;
			for (;;) {
				let quotient = (a / b) | 0;
				let rest = a - quotient * b;
				let cofactor = b0 + quotient * b1;
				if (rest < cofactor || b - rest < b1 + cofactor) break;
				a = rest;
				b0 = cofactor;
				a0 += quotient * a1;
				quotient = (b / a) | 0;
				rest = b - quotient * a;
				cofactor = b1 + quotient * b0;
				if (rest < cofactor || a - rest < b0 + cofactor) break;
				b = rest;
				b1 = cofactor;
				a1 += quotient * a0;
			}
			if (b0) {
				const A0 = BigInt(a0);
				const A1 = BigInt(a1);
				const B0 = BigInt(b0);
				const B1 = BigInt(b1);
				const nextX = A0 * x - B0 * y;
				y = B1 * y - A1 * x;
				x = nextX;
				const nextU = A0 * u - B0 * v;
				v = B1 * v - A1 * u;
				u = nextU;
				// An odd number of steps leaves the smaller one first.
				if (x < y) {
					const largerX = y;
					y = x;
					x = largerX;
					const itsU = v;
					v = u;
					u = itsU;
				}
			} else {
				const quotient = x / y;
				const rest = x - quotient * y;
				x = y;
				y = rest;
				const next = u - quotient * v;
				u = v;
				v = next;
			}
		}
		// The rest fits doubles: a = a0 x + b0 y, b = a1 x + b1 y.
		let a = Number(x);
		let b = Number(y);
		let a0 = 1;
		let b0 = 0;
		let a1 = 0;
		let b1 = 1;
		while (b) {
			const rest = a % b;
			const quotient = (a - rest) / b;
			a = b;
			b = rest;
			const a2 = a0 - quotient * a1;
			a0 = a1;
			a1 = a2;
			const b2 = b0 - quotient * b1;
			b0 = b1;
			b1 = b2;
		}
		if (a > 1 || number <= ZERO || number >= modulus) throw new RangeError("inverse: does not exist");
		const result = BigInt(a0) * u + BigInt(b0) * v;
		return result < ZERO ? result + modulus : result;
	};
}
