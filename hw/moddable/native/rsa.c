/*
 * RSA's public operation for tls/signature.ts, in Montgomery's form (Montgomery 1985) on 32-bit words from the lowest, in memory that it is
 * given: with the SDK's, 2.5 KB of numbers become 7 KB, which a small machine has not got. Nothing in it is secret.
 */
#include <string.h>
#include "xsmc.h"
#include "xsHost.h"

enum { WORD_BITS = 32, WORD_BYTES = 4 };

/* m, of n words, is odd; factor is -1/m modulo 2^32. `t` has n + 2 words. */
typedef struct {
	int n;
	const uint32_t* m;
	uint32_t factor;
	uint32_t* t;
} Modulus;

/* r = t modulo m, for t below 2 m whose word above the others is `high`. */
static void reduce(const Modulus* f, uint32_t* r, const uint32_t* t, uint32_t high)
{
	int n = f->n, i = n;
	uint64_t borrow = 0;
	while (!high && i > 0 && t[i - 1] == f->m[i - 1])
		i--;
	if (!high && i > 0 && t[i - 1] < f->m[i - 1]) {
		memmove(r, t, n * WORD_BYTES);
		return;
	}
	for (i = 0; i < n; i++) {
		borrow = (uint64_t)t[i] - f->m[i] - borrow;
		r[i] = (uint32_t)borrow;
		borrow >>= 63;
	}
}

/* r = a b / R modulo m, R = 2^(32 n). */
static void multiply(const Modulus* f, uint32_t* r, const uint32_t* a, const uint32_t* b)
{
	int n = f->n;
	uint32_t* t = f->t;
	memset(t, 0, (n + 2) * WORD_BYTES);
	for (int i = 0; i < n; i++) {
		uint64_t carry = 0;
		for (int j = 0; j < n; j++) {
			carry += (uint64_t)a[j] * b[i] + t[j];
			t[j] = (uint32_t)carry;
			carry >>= WORD_BITS;
		}
		carry += t[n];
		t[n] = (uint32_t)carry;
		t[n + 1] = (uint32_t)(carry >> WORD_BITS);
		uint32_t q = t[0] * f->factor;
		carry = ((uint64_t)q * f->m[0] + t[0]) >> WORD_BITS;
		for (int j = 1; j < n; j++) {
			carry += (uint64_t)q * f->m[j] + t[j];
			t[j - 1] = (uint32_t)carry;
			carry >>= WORD_BITS;
		}
		carry += t[n];
		t[n - 1] = (uint32_t)carry;
		t[n] = t[n + 1] + (uint32_t)(carry >> WORD_BITS);
	}
	reduce(f, r, t, t[n]);
}

/* r = R^2 modulo m, from the highest power of two below m: doubled to 2^k R, and squared until k is 32 n. */
static void squareOfR(const Modulus* f, uint32_t* r)
{
	int n = f->n, k = WORD_BITS * n, squarings = 0, top = k - 1;
	while (!(f->m[top / WORD_BITS] >> (top % WORD_BITS) & 1))
		top--;
	memset(r, 0, n * WORD_BYTES);
	r[top / WORD_BITS] = (uint32_t)1 << (top % WORD_BITS);
	for (; k % 2 == 0; k /= 2)
		squarings++;
	for (int doublings = WORD_BITS * n + k - top; doublings > 0; doublings--) {
		uint32_t carry = 0;
		for (int i = 0; i < n; i++) {
			uint32_t word = r[i];
			r[i] = word << 1 | carry;
			carry = word >> (WORD_BITS - 1);
		}
		reduce(f, r, r, carry);
	}
	while (squarings-- > 0)
		multiply(f, r, r, r);
}

/* Big endian, as all that comes from outside. */
static void numberOf(uint32_t* number, int n, const uint8_t* bytes, int size)
{
	memset(number, 0, n * WORD_BYTES);
	for (int i = 0; i < size; i++)
		number[i / WORD_BYTES] |= (uint32_t)bytes[size - 1 - i] << (8 * (i % WORD_BYTES));
}

/*
 * (modulus, exponent, value, work): value^exponent modulo modulus, in as many bytes as the modulus has, at the beginning of `work`, which has
 * five times as many and 24. Returns whether they fit: an odd modulus above the value, an odd exponent from 3 to 2^32 - 1.
 */
void xs_rsa_power(xsMachine* the)
{
	void *modulus, *exponent, *value, *work;
	xsUnsignedValue size, exponentSize, valueSize, workSize;
	xsmcGetBufferReadable(xsArg(0), &modulus, &size);
	xsmcGetBufferReadable(xsArg(1), &exponent, &exponentSize);
	xsmcGetBufferReadable(xsArg(2), &value, &valueSize);
	xsmcGetBufferWritable(xsArg(3), &work, &workSize);
	if (size == 0 || exponentSize > WORD_BYTES || valueSize != size || workSize < 5 * size + 24)
		xsRangeError("rsa: %d bytes", (int)size);

	int n = (size + WORD_BYTES - 1) / WORD_BYTES, i;
	uint32_t *m = work, *v = m + n, *b = v + n, *x = b + n, e;
	Modulus f = { n, m, 1, x + n };
	numberOf(m, n, modulus, size);
	numberOf(v, n, value, size);
	numberOf(&e, 1, exponent, exponentSize);
	xsmcSetBoolean(xsResult, 0);
	if (!(m[0] & e & 1) || e < 3 || memcmp(value, modulus, size) >= 0)
		return;
	for (i = 0; i < 5; i++)
		f.factor *= 2 + m[0] * f.factor;
	squareOfR(&f, x);
	multiply(&f, b, v, x);
	memcpy(x, b, n * WORD_BYTES);
	for (i = WORD_BITS - 1; !(e >> i & 1);)
		i--;
	while (--i > 0) {
		multiply(&f, x, x, x);
		if (e >> i & 1)
			multiply(&f, x, x, b);
	}
	multiply(&f, x, x, x);
	multiply(&f, x, x, v); /* out of Montgomery's form with it */
	for (i = 0; i < (int)size; i++)
		((uint8_t*)work)[size - 1 - i] = (uint8_t)(x[i / WORD_BYTES] >> (8 * (i % WORD_BYTES)));
	xsmcSetBoolean(xsResult, 1);
}
