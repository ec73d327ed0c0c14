/* SPDX-License-Identifier: Apache-2.0 */
/* How hands are shaken: everything of an SSL_CTX that is not a certificate. */
#include <openssl/err.h>
#include <string.h>

#include "server/tls_inner.h"

/*
 * TLS 1.2 with forward secrecy and AEAD only (RFC 9325, 4.2); 1.3 has no others. AES with 128 bits before 256: as far
 * out of reach, and cheaper. ChaCha20 goes first for clients that prefer it, which have no AES in hardware.
 */
#define CIPHERS_12 \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
#define GROUPS "X25519:P-256:X448:P-384"

/* An idle connection has no buffers. The chain is the one in the file: without this OpenSSL would look for one anew in
 * each handshake with a certificate that stands alone. */
enum { SETTINGS = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN };

static const uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE
	| SSL_OP_PRIORITIZE_CHACHA;

/* Another certificate than the first, for a client that asks for a name that one is for. Who asks for none, or for one
 * that none is for, gets the first: clients that encrypt without verifying (RFC 9539) must be served. */
static int choose_certificate(SSL *ssl, int *ret_alert, void *arg)
{
	struct tls *tls = tls_of(ssl);
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	size_t i;

	(void)ret_alert;
	(void)arg;
	if (host == NULL || !tls_names_find(&tls->certs->names, host, strnlen(host, TLS_NAME_MAX + 2), &i))
		return SSL_TLSEXT_ERR_NOACK;
	if (i != tls->shown)
		SSL_set_SSL_CTX(ssl, tls->certs->list[i].context);
	tls->shown = (uint32_t)i;
	return SSL_TLSEXT_ERR_OK;
}

static bool offers(const unsigned char *offered, unsigned len, struct span name)
{
	struct reader reader = reader_of(offered, len);

	while (reader_left(&reader) > 0) {
		struct span one = reader_take(&reader, reader_u8(&reader));

		if (!reader.bad && span_equal(one, name))
			return true;
	}
	return false;
}

/* The first of ours that the client names, too. A client that names protocols and none of ours came through the wrong
 * door: to answer it would let it be tricked into taking our answers for those of another service (RFC 7301, 3.2; RFC
 * 9325, 3.8). */
static int choose_protocol(SSL *ssl, const unsigned char **ret_chosen, unsigned char *ret_len,
			   const unsigned char *offered, unsigned int len, void *arg)
{
	const struct tls_certs *certs = tls_of(ssl)->certs;
	struct reader ours = reader_of(certs->alpn, certs->alpn_len);

	(void)arg;
	while (reader_left(&ours) > 0) {
		struct span name = reader_take(&ours, reader_u8(&ours));

		if (offers(offered, len, name)) {
			*ret_chosen = name.at;
			*ret_len = (unsigned char)name.len;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *tls_context_new(const char *service)
{
	char groups[] = GROUPS;	/* OpenSSL's macro casts, and only reads */
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_options(context, options);
	SSL_CTX_set_mode(context, SETTINGS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	/* One is enough for who keeps its connection or comes back on one; each costs an encryption. */
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	tls_tickets_use(context);
	tls_ocsp_use(context);
	if (SSL_CTX_set_session_id_context(context, (const unsigned char *)service, (unsigned)strlen(service)) == 1
	    && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
	    && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
	    && SSL_CTX_set_cipher_list(context, CIPHERS_12) == 1 && SSL_CTX_set_ciphersuites(context, CIPHERS_13) == 1
	    && SSL_CTX_set1_groups_list(context, groups) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}
