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
/** Fewer significant digits than this are not worth a pass; the next ones come in. */
const FEW = 2 ** 28;
const STEP = BigInt(24);
/** `| 0` truncates quotients below this. */
const QUOTIENT_LIMIT = 2 ** 31;

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
		while (y) {
			let a = Number(x >> shift);
			while (a < FEW && shift) {
				shift = shift > STEP ? shift - STEP : ZERO;
				a = Number(x >> shift);
			}
			let b = Number(y >> shift);
			// After some steps: x' = ±(a0 x - b0 y), y' = ∓(a1 x - b1 y), upper signs after an even number of them.
			let a0 = 1;
			let a1 = 0;
			let b0 = 0;
			let b1 = 1;
			let sign = 1;
			while (b) {
				const ratio = a / b;
				if (ratio >= QUOTIENT_LIMIT) break;
				const quotient = ratio | 0;
				const rest = a - quotient * b;
				const a2 = a0 + quotient * a1;
				const b2 = b0 + quotient * b1;
				// Collins: otherwise digits not seen yet could change the quotient.
				if (shift && (rest < b2 || b - rest < b1 + b2)) break;
				a = b;
				b = rest;
				a0 = a1;
				a1 = a2;
				b0 = b1;
				b1 = b2;
				sign = -sign;
			}
			if (b0) {
				const [A0, B0, A1, B1] = [BigInt(sign * a0), BigInt(sign * b0), BigInt(sign * a1), BigInt(sign * b1)];
				const nextX = A0 * x - B0 * y;
				y = B1 * y - A1 * x;
				x = nextX;
				const nextU = A0 * u - B0 * v;
				v = B1 * v - A1 * u;
				u = nextU;
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
		if (x > ONE || number <= ZERO || number >= modulus) throw new RangeError("inverse: does not exist");
		return u < ZERO ? u + modulus : u;
	};
}
