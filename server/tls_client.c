/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "conf/base/mem.h"
#include "server/tls_inner.h"

struct tls_client {
	SSL_CTX *context;
	BIO_METHOD *bio;
};

static const unsigned char http[] = "\x08http/1.1";

struct tls_client *tls_client_new(void)
{
	struct tls_client *client = mem_alloc(sizeof *client);

	client->context = SSL_CTX_new(TLS_client_method());
	client->bio = tls_bio_method();
	if (client->context == NULL || client->bio == NULL
	    || SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION) != 1
	    || SSL_CTX_set_alpn_protos(client->context, http, sizeof http - 1) != 0) {
		ERR_clear_error();
		tls_client_free(client);
		return NULL;
	}
	SSL_CTX_set_verify(client->context, SSL_VERIFY_NONE, NULL);
	/* Each check is a whole handshake: a session taken up again would say nothing of the certificate. */
	SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(client->context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	return client;
}

void tls_client_free(struct tls_client *client)
{
	if (client == NULL)
		return;
	SSL_CTX_free(client->context);
	BIO_meth_free(client->bio);
	mem_free(client);
}

int tls_client_open(struct tls *tls, const struct tls_client *client, const char *host)
{
	SSL *ssl = SSL_new(client->context);
	BIO *bio = ssl != NULL ? BIO_new(client->bio) : NULL;
	char name[TLS_NAME_MAX + 2];	/* OpenSSL's macro casts, and only reads */

	snprintf(name, sizeof name, "%s", host);
	if (bio == NULL || (name[0] != '\0' && SSL_set_tlsext_host_name(ssl, name) != 1)) {
		BIO_free(bio);
		SSL_free(ssl);
		ERR_clear_error();
		return -ENOMEM;
	}
	*tls = (struct tls){ .ssl = ssl };
	BIO_set_data(bio, tls);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	return 0;
}

static void print_day(const ASN1_TIME *when, char *buf, size_t size)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(when, &tm) != 1 || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "a time that is none");
}

bool tls_client_in_force(const struct tls *tls, int64_t now_s, char *ret_words, size_t size)
{
	const X509 *cert = SSL_get0_peer_certificate(tls->ssl);
	time_t now = (time_t)now_s;
	char day[32];

	if (cert == NULL) {
		snprintf(ret_words, size, "no certificate was shown");
		return false;
	}
	/* -1: before now; 0 is a fault: a time that cannot be read is none that clients could. */
	if (X509_cmp_time(X509_get0_notAfter(cert), &now) <= 0) {
		print_day(X509_get0_notAfter(cert), day, sizeof day);
		snprintf(ret_words, size, "the certificate expired at %s", day);
		return false;
	}
	if (X509_cmp_time(X509_get0_notBefore(cert), &now) != -1) {
		print_day(X509_get0_notBefore(cert), day, sizeof day);
		snprintf(ret_words, size, "the certificate is not valid before %s", day);
		return false;
	}
	return true;
}
