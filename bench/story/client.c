/*
 * The first phases of the story by a C client on mbedTLS, for comparison: key and CSR, TLS to DPS, the registration with the
 * issued chain checked, mutual TLS to the hub. No more MQTT and JSON than the local cloud's answers need, nothing kept in flash, no
 * garbage: a floor. Counted between two calls of mark().
 *
 *     client PORT HOST CA.pem ID_SCOPE REGISTRATION_ID SAS_TOKEN
 */
#include <mbedtls/base64.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKET_BYTES = 16384 };

typedef struct {
	mbedtls_net_context net;
	mbedtls_ssl_config config;
	mbedtls_ssl_context tls;
} Link;

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_;
static mbedtls_x509_crt anchors;
static unsigned char packet[PACKET_BYTES];

__attribute__((noinline)) void mark(void) { __asm__ volatile(""); }

static void check(int error, const char *what)
{
	if (error < 0) {
		fprintf(stderr, "%s: -0x%x\n", what, (unsigned)-error);
		exit(1);
	}
}

static void connectTo(Link *link, const char *host, const char *port, mbedtls_x509_crt *chain, mbedtls_pk_context *key)
{
	mbedtls_net_init(&link->net);
	mbedtls_ssl_config_init(&link->config);
	mbedtls_ssl_init(&link->tls);
	check(mbedtls_net_connect(&link->net, host, port, MBEDTLS_NET_PROTO_TCP), "connect");
	check(mbedtls_ssl_config_defaults(&link->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
		MBEDTLS_SSL_PRESET_DEFAULT), "config");
	mbedtls_ssl_conf_ca_chain(&link->config, &anchors, NULL);
	mbedtls_ssl_conf_rng(&link->config, mbedtls_ctr_drbg_random, &random_);
	if (chain)
		check(mbedtls_ssl_conf_own_cert(&link->config, chain, key), "own certificate");
	check(mbedtls_ssl_setup(&link->tls, &link->config), "setup");
	check(mbedtls_ssl_set_hostname(&link->tls, host), "host");
	mbedtls_ssl_set_bio(&link->tls, &link->net, mbedtls_net_send, mbedtls_net_recv, NULL);
	check(mbedtls_ssl_handshake(&link->tls), "handshake");
}

static void readAll(Link *link, unsigned char *to, size_t length)
{
	while (length > 0) {
		int count = mbedtls_ssl_read(&link->tls, to, length);
		check(count == 0 ? -1 : count, "read");
		to += count;
		length -= (size_t)count;
	}
}

/* One packet's variable part into `packet`, ended by a zero. */
static void receive(Link *link, unsigned char type)
{
	unsigned char byte;
	size_t length = 0;
	readAll(link, &byte, 1);
	check(byte >> 4 == type ? 0 : -byte, "unexpected packet");
	for (int shift = 0;; shift += 7) {
		readAll(link, &byte, 1);
		length |= (size_t)(byte & 127) << shift;
		if (byte < 128)
			break;
	}
	check(length < PACKET_BYTES ? 0 : -1, "packet too long");
	readAll(link, packet, length);
	packet[length] = 0;
}

static size_t text(unsigned char *at, const char *value)
{
	size_t length = strlen(value);
	at[0] = (unsigned char)(length >> 8), at[1] = (unsigned char)length;
	memcpy(at + 2, value, length);
	return length + 2;
}

static void send_(Link *link, unsigned char head, const unsigned char *body, size_t length)
{
	unsigned char all[PACKET_BYTES], *at = all;
	size_t rest = length;
	*at++ = head;
	do {
		*at++ = (unsigned char)((rest & 127) | (rest > 127 ? 128 : 0));
		rest >>= 7;
	} while (rest);
	memcpy(at, body, length);
	check(mbedtls_ssl_write(&link->tls, all, (size_t)(at - all) + length), "write");
}

static void mqttConnect(Link *link, const char *client, const char *user, const char *password)
{
	unsigned char body[1024], *at = body + text(body, "MQTT");
	*at++ = 4, *at++ = password ? 0xc2 : 0x82, *at++ = 0, *at++ = 60;
	at += text(at, client);
	at += text(at, user);
	if (password)
		at += text(at, password);
	send_(link, 0x10, body, (size_t)(at - body));
	receive(link, 2);
	check(-packet[1], "CONNACK");
}

/* Adds the certificates of the answer, strings of base64 in an array. */
static void readChain(const char *answer, mbedtls_x509_crt *chain)
{
	static unsigned char der[4096];
	const char *at = strstr(answer, "\"issuedCertificateChain\":[");
	check(at ? 0 : -1, "no chain");
	for (at = strchr(at, '['); *at == '[' || *at == ',';) {
		const char *start = at + 2, *end = strchr(start, '"');
		size_t length;
		check(mbedtls_base64_decode(der, sizeof der, &length, (const unsigned char *)start, (size_t)(end - start)), "base64");
		check(mbedtls_x509_crt_parse_der(chain, der, length), "certificate");
		at = end + 1;
	}
}

int main(int count, char **arguments)
{
	static Link dps, hub;
	static unsigned char csr[4096], body[PACKET_BYTES];
	static mbedtls_x509_crt chain, root;
	mbedtls_pk_context key;
	mbedtls_x509write_csr request;
	char user[256], name[160], subject[160], *answer;
	unsigned char *at;
	size_t length;
	unsigned flags;
	if (count != 7)
		return 2;
	const char *port = arguments[1], *host = arguments[2], *scope = arguments[4], *id = arguments[5];

	mark();
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random_);
	check(mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
	mbedtls_x509_crt_init(&anchors);
	check(mbedtls_x509_crt_parse_file(&anchors, arguments[3]), "CA");
	mbedtls_pk_init(&key);
	check(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "key");
	check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), mbedtls_ctr_drbg_random, &random_), "key");
	mbedtls_x509write_csr_init(&request);
	mbedtls_x509write_csr_set_md_alg(&request, MBEDTLS_MD_SHA256);
	mbedtls_x509write_csr_set_key(&request, &key);
	snprintf(subject, sizeof subject, "CN=%s", id);
	check(mbedtls_x509write_csr_set_subject_name(&request, subject), "subject");
	int written = mbedtls_x509write_csr_der(&request, csr, sizeof csr, mbedtls_ctr_drbg_random, &random_);
	check(written, "CSR");

	mark();
	connectTo(&dps, host, port, NULL, NULL);

	mark();
	snprintf(user, sizeof user, "%s/registrations/%s/api-version=2025-07-01-preview&ClientVersion=bench", scope, id);
	mqttConnect(&dps, id, user, arguments[6]);
	at = body, *at++ = 0, *at++ = 1;
	at += text(at, "$dps/registrations/res/#"), *at++ = 0;
	send_(&dps, 0x82, body, (size_t)(at - body));
	receive(&dps, 9);
	at = body + text(body, "$dps/registrations/PUT/iotdps-register/?$rid=1");
	at += sprintf((char *)at, "{\"registrationId\":\"%s\",\"csr\":\"", id);
	check(mbedtls_base64_encode(at, 4096, &length, csr + sizeof csr - written, (size_t)written), "base64");
	at += length;
	at += sprintf((char *)at, "\"}");
	send_(&dps, 0x30, body, (size_t)(at - body));
	receive(&dps, 3);
	answer = (char *)packet + 2 + (packet[0] << 8 | packet[1]);
	if (strstr(answer, "\"status\":\"assigning\"")) {
		char *operation = strstr(answer, "\"operationId\":\"") + 15;
		*strchr(operation, '"') = 0;
		snprintf(user, sizeof user, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=%s", operation);
		length = text(body, user);
		send_(&dps, 0x30, body, length);
		receive(&dps, 3);
		answer = (char *)packet + 2 + (packet[0] << 8 | packet[1]);
	}
	mbedtls_x509_crt_init(&chain), mbedtls_x509_crt_init(&root);
	readChain(answer, &chain);
	/* As in the agent: up to the last certificate of the answer, which is not checked over itself. */
	mbedtls_x509_crt *last = &chain;
	while (last->next)
		last = last->next;
	check(mbedtls_x509_crt_parse_der(&root, last->raw.p, last->raw.len), "root");
	check(mbedtls_x509_crt_verify(&chain, &root, NULL, NULL, &flags, NULL, NULL), "chain");
	char *assigned = strstr(answer, "\"assignedHub\":\"") + 15;
	snprintf(name, sizeof name, "%.*s", (int)(strchr(assigned, '"') - assigned), assigned);
	mbedtls_ssl_close_notify(&dps.tls);

	mark();
	connectTo(&hub, host, port, &chain, &key);
	snprintf(user, sizeof user, "%s/%s/?api-version=2021-04-12", name, id);
	mqttConnect(&hub, id, user, NULL);
	mark();
	return 0;
}
