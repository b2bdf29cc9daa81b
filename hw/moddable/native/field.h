/*
 * Arithmetic modulo p of P-256 and P-384 in Montgomery's form (Montgomery 1985) on 32-bit words, from the lowest, for points.c. No
 * allocation, and no branch or address depends on a value.
 */
#include <string.h>

enum { WORDS = 12 };

typedef txU4 Number[WORDS];

/* Both p are -1 modulo 2^32, so that Montgomery's factor -1/p modulo 2^32 is 1. `rr` is R^2 modulo p, R = 2^(32 n). */
typedef struct {
	int n;
	Number p, rr;
} Field;

static const Field p256 = { 8,
	{ 0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff },
	{ 3, 0, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 4 } };
static const Field p384 = { 12,
	{ 0xffffffff, 0, 0, 0xffffffff, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
	{ 1, 0xfffffffe, 0, 2, 0, 0xfffffffe, 0, 2, 1 } };
static const Number one = { 1 };

/* r = t - p where t, whose word above the others is `high`, is not below p, else t. */
static void reduce(const Field* f, txU4* r, const txU4* t, txU4 high)
{
	Number less;
	txU8 borrow = 0;
	for (int i = 0; i < f->n; i++) {
		borrow = (txU8)t[i] - f->p[i] - borrow;
		less[i] = (txU4)borrow;
		borrow = borrow >> 63;
	}
	txU4 keep = -(txU4)((borrow - high) & 1);
	for (int i = 0; i < f->n; i++)
		r[i] = (t[i] & keep) | (less[i] & ~keep);
}

/*
 * r = t / R, for t of 2 n words. Both p have few terms, so that a multiple of p is a few additions: p256 = 2^256 - 2^224 + 2^192 +
 * 2^96 - 1, p384 = 2^384 - 2^128 - 2^96 + 2^32 - 1. Sums of words are carried late, signed.
 */
static void montgomery(const Field* f, txU4* r, const txU4* t)
{
	txS8 sums[2 * WORDS], carry = 0;
	int n = f->n;
	for (int i = 0; i < 2 * n; i++)
		sums[i] = t[i];
	for (int i = 0; i < n; i++) {
		txS8* sum = sums + i;
		txU4 m;
		carry += *sum;
		m = (txU4)carry;
		carry = (carry - m) >> 32;
		if (n == 8) {
			sum[3] += m;
			sum[6] += m;
			sum[7] -= m;
			sum[8] += m;
		}
		else {
			sum[1] += m;
			sum[3] -= m;
			sum[4] -= m;
			sum[12] += m;
		}
	}
	Number low;
	for (int i = 0; i < n; i++) {
		carry += sums[n + i];
		low[i] = (txU4)carry;
		carry >>= 32;
	}
	reduce(f, r, low, (txU4)carry);
}

/* t[0..n] += a word; the carry becomes t[n]. */
static void addProduct(txU4* t, const txU4* a, int n, txU4 word)
{
	txU8 carry = 0;
	for (int i = 0; i < n; i++) {
		carry += (txU8)a[i] * word + t[i];
		t[i] = (txU4)carry;
		carry >>= 32;
	}
	t[n] = (txU4)carry;
}

/* r = a b / R */
static void multiply(const Field* f, txU4* r, const txU4* a, const txU4* b)
{
	txU4 t[2 * WORDS];
	memset(t, 0, sizeof t);
	for (int i = 0; i < f->n; i++)
		addProduct(t + i, a, f->n, b[i]);
	montgomery(f, r, t);
}

/* r = a a / R: each product of two different words once, doubled. */
static void square(const Field* f, txU4* r, const txU4* a)
{
	txU4 t[2 * WORDS], bit = 0;
	txU8 carry = 0;
	int n = f->n;
	memset(t, 0, sizeof t);
	for (int i = 0; i < n - 1; i++)
		addProduct(t + 2 * i + 1, a + i + 1, n - 1 - i, a[i]);
	for (int i = 0; i < n; i++) {
		txU8 own = (txU8)a[i] * a[i];
		txU4 even = t[2 * i], odd = t[2 * i + 1];
		carry += (txU8)(txU4)own + (even << 1 | bit);
		t[2 * i] = (txU4)carry;
		carry = (carry >> 32) + (own >> 32) + (odd << 1 | even >> 31);
		t[2 * i + 1] = (txU4)carry;
		carry >>= 32;
		bit = odd >> 31;
	}
	montgomery(f, r, t);
}

static void add(const Field* f, txU4* r, const txU4* a, const txU4* b)
{
	txU8 carry = 0;
	Number sum;
	for (int i = 0; i < f->n; i++) {
		carry += (txU8)a[i] + b[i];
		sum[i] = (txU4)carry;
		carry >>= 32;
	}
	reduce(f, r, sum, (txU4)carry);
}

static void subtract(const Field* f, txU4* r, const txU4* a, const txU4* b)
{
	txU8 borrow = 0, carry = 0;
	for (int i = 0; i < f->n; i++) {
		borrow = (txU8)a[i] - b[i] - borrow;
		r[i] = (txU4)borrow;
		borrow >>= 63;
	}
	txU4 wrapped = -(txU4)borrow;
	for (int i = 0; i < f->n; i++) {
		carry += (txU8)r[i] + (f->p[i] & wrapped);
		r[i] = (txU4)carry;
		carry >>= 32;
	}
}
