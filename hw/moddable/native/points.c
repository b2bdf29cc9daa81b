/*
 * The native half of jacobian.ts, points of P-256 and P-384 in Jacobian coordinates, doubled and added. No branch or address
 * depends on a value.
 *
 * A state is a buffer of four numbers, X, Y, Z and the factor by which the last addition changed Z, each below p, in
 * Montgomery's form, words from the lowest. Its length tells the curve.
 */
#include "xsAll.h"
#include "xsmc.h"
#include "field.h"

enum { NUMBERS = 4 };

/* Guide to Elliptic Curve Cryptography, algorithm 3.21; the order of jacobian.ts in src/key. */
static void doublePoint(const Field* f, txU4* X, txU4* Y, txU4* Z)
{
	Number zz, yy, s, m, t;
	square(f, zz, Z);
	square(f, yy, Y);
	multiply(f, s, X, yy);
	add(f, s, s, s);
	add(f, s, s, s);
	subtract(f, t, X, zz);
	add(f, m, X, zz);
	multiply(f, t, t, m);
	add(f, m, t, t);
	add(f, m, m, t);
	multiply(f, Z, Y, Z);
	add(f, Z, Z, Z);
	square(f, X, m);
	subtract(f, X, X, s);
	subtract(f, X, X, s);
	subtract(f, t, s, X);
	multiply(f, Y, m, t);
	square(f, t, yy);
	add(f, t, t, t);
	add(f, t, t, t);
	add(f, t, t, t);
	subtract(f, Y, Y, t);
}

/* Algorithm 3.22. h becomes the factor of Z. */
static void addPoint(const Field* f, txU4* X, txU4* Y, txU4* Z, txU4* h, const txU4* x, const txU4* y)
{
	Number zz, r, hh, v, t;
	square(f, zz, Z);
	multiply(f, t, x, zz);
	subtract(f, h, t, X);
	multiply(f, t, Z, zz);
	multiply(f, t, y, t);
	subtract(f, r, t, Y);
	square(f, hh, h);
	multiply(f, v, X, hh);
	multiply(f, hh, h, hh);
	square(f, X, r);
	subtract(f, X, X, hh);
	subtract(f, X, X, v);
	subtract(f, X, X, v);
	multiply(f, Z, Z, h);
	multiply(f, t, Y, hh);
	subtract(f, v, v, X);
	multiply(f, Y, r, v);
	subtract(f, Y, Y, t);
}

static const Field* stateOf(xsMachine* the, txU4** state)
{
	void* data;
	xsUnsignedValue size;
	xsmcGetBufferWritable(xsArg(0), &data, &size);
	*state = data;
	if (size == NUMBERS * 8 * sizeof(txU4))
		return &p256;
	if (size == NUMBERS * 12 * sizeof(txU4))
		return &p384;
	xsRangeError("points: state of %d bytes", (int)size);
	return NULL;
}

/* A BigInt from 0 to R - 1, into Montgomery's form. */
static void argument(xsMachine* the, const Field* f, int at, txU4* number)
{
	const txSlot* slot = (const txSlot*)&xsArg(at);
	const txBigInt* value = &slot->value.bigint;
	Number plain;
	if ((slot->kind != XS_BIGINT_KIND && slot->kind != XS_BIGINT_X_KIND) || value->sign || value->size > f->n)
		xsRangeError("points: argument %d", at);
	memset(plain, 0, sizeof plain);
	memcpy(plain, value->data, value->size * sizeof(txU4));
	multiply(f, number, plain, f->rr);
}

/* (state, x, y, z): the affine point, X = x z^2, Y = y z^3. */
void xs_points_point(xsMachine* the)
{
	txU4* a;
	const Field* f = stateOf(the, &a);
	int n = f->n;
	Number t;
	argument(the, f, 1, a);
	argument(the, f, 2, a + n);
	argument(the, f, 3, a + 2 * n);
	square(f, t, a + 2 * n);
	multiply(f, a, a, t);
	multiply(f, t, t, a + 2 * n);
	multiply(f, a + n, a + n, t);
}

/* (state) */
void xs_points_double(xsMachine* the)
{
	txU4* a;
	const Field* f = stateOf(the, &a);
	doublePoint(f, a, a + f->n, a + 2 * f->n);
}

/* (state, x, y) */
void xs_points_add(xsMachine* the)
{
	txU4* a;
	Number x, y;
	const Field* f = stateOf(the, &a);
	argument(the, f, 1, x);
	argument(the, f, 2, y);
	addPoint(f, a, a + f->n, a + 2 * f->n, a + 3 * f->n, x, y);
}

/* (state, out): the four numbers as they are, words from the lowest. */
void xs_points_numbers(xsMachine* the)
{
	txU4* a;
	void* data;
	xsUnsignedValue size;
	const Field* f = stateOf(the, &a);
	xsmcGetBufferWritable(xsArg(1), &data, &size);
	if (size != NUMBERS * f->n * sizeof(txU4))
		xsRangeError("points: out");
	for (int i = 0; i < NUMBERS; i++)
		multiply(f, (txU4*)data + i * f->n, a + i * f->n, one);
}
