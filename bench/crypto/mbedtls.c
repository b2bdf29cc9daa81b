/*
 * The same three operations by mbedTLS in C, for comparison. Each is done once to warm the group's table, then between
 * two calls of mark(), where the counter cuts its count.
 */
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 3

static mbedtls_ecp_group group;

__attribute__((noinline)) void mark(void) { __asm__ volatile(""); }

/* xorshift: mbedTLS blinds with it; a true generator's cost is nobody's arithmetic. */
static int cheap(void *state, unsigned char *bytes, size_t length)
{
	uint32_t *x = state;
	for (size_t i = 0; i < length; i++) {
		*x ^= *x << 13, *x ^= *x >> 17, *x ^= *x << 5;
		bytes[i] = (unsigned char)*x;
	}
	return 0;
}

static void check(int error)
{
	if (error) {
		fprintf(stderr, "mbedtls: -0x%x\n", (unsigned)-error);
		exit(1);
	}
}

int main(void)
{
	static uint32_t state = 0x12345678;
	unsigned char digest[32];
	mbedtls_mpi d, r, s;
	mbedtls_ecp_point q;

	check(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1));
	mbedtls_mpi_init(&d), mbedtls_mpi_init(&r), mbedtls_mpi_init(&s);
	mbedtls_ecp_point_init(&q);
	for (int i = 0; i <= KEYS; i++) {
		check(mbedtls_ecp_gen_privkey(&group, &d, cheap, &state));
		cheap(&state, digest, sizeof digest);
		mark();
		check(mbedtls_ecp_mul(&group, &q, &d, &group.G, cheap, &state));
		mark();
		check(mbedtls_ecdsa_sign_det_ext(&group, &r, &s, &d, digest, sizeof digest, MBEDTLS_MD_SHA256, cheap, &state));
		mark();
		check(mbedtls_ecdsa_verify(&group, digest, sizeof digest, &q, &r, &s));
		mark();
	}
	puts("marks ,keygen,sign,verify");
	return 0;
}
