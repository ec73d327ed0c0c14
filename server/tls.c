/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>

#include "server/tls_inner.h"

int tls_open(struct tls *tls, const struct tls_certs *certs)
{
	SSL *ssl = SSL_new(certs->list[0].context);
	BIO *bio = ssl != NULL ? BIO_new(certs->bio) : NULL;

	if (bio == NULL) {
		SSL_free(ssl);
		ERR_clear_error();
		return -ENOMEM;
	}
	*tls = (struct tls){ .ssl = ssl, .certs = tls_certs_retain(certs) };
	BIO_set_data(bio, tls);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_accept_state(ssl);
	return 0;
}

void tls_close(struct tls *tls)
{
	if (tls->ssl == NULL)
		return;
	SSL_free(tls->ssl);
	tls_certs_release(tls->certs);
	*tls = (struct tls){ 0 };
}

size_t tls_records(struct span in, bool *ret_broken)
{
	enum { TYPE_FIRST = 20, TYPE_LAST = 23, VERSION_MAJOR = 3 };	/* RFC 8446, 5.1 */
	size_t whole = 0;

	*ret_broken = false;
	while (in.len - whole >= TLS_RECORD_HEADER) {
		const uint8_t *header = in.at + whole;
		size_t len = TLS_RECORD_HEADER + ((size_t)header[3] << 8 | header[4]);

		*ret_broken = header[0] < TYPE_FIRST || header[0] > TYPE_LAST || header[1] != VERSION_MAJOR
			|| len > TLS_RECORD_MAX;
		if (*ret_broken || len > in.len - whole)
			break;
		whole += len;
	}
	return whole;
}

void tls_turn(struct tls *tls, struct span in, uint8_t *out, size_t room)
{
	tls->in = in;
	tls->out = out;
	tls->room = room;
	tls->said = 0;
}

/* OpenSSL keeps its faults in a queue of the thread: it must be empty before a call for its verdict to be about that
 * call. It nearly always is, and a look costs less than to empty it. */
static void forget_faults(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

static enum tls_status verdict(const struct tls *tls, int ret)
{
	if (ret > 0)
		return TLS_GOOD;
	switch (SSL_get_error(tls->ssl, ret)) {
	case SSL_ERROR_WANT_READ: return TLS_WANT;
	case SSL_ERROR_WANT_WRITE: return TLS_FULL;
	case SSL_ERROR_ZERO_RETURN: return TLS_END;
	default: return TLS_BAD;
	}
}

enum tls_status tls_handshake(struct tls *tls)
{
	forget_faults();
	return verdict(tls, SSL_do_handshake(tls->ssl));
}

enum tls_status tls_read(struct tls *tls, uint8_t *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	forget_faults();
	enum tls_status status = verdict(tls, SSL_read_ex(tls->ssl, buf, size, &len));
	if (status == TLS_GOOD)
		*ret_len = len;
	return status;
}

bool tls_has_more(const struct tls *tls)
{
	return tls->in.len > 0 || SSL_has_pending(tls->ssl) || (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

enum tls_status tls_write(struct tls *tls, const uint8_t *bytes, size_t len)
{
	size_t written = 0;

	assert(tls->room - tls->said >= TLS_SEALED_MAX(len));
	if (len == 0)
		return TLS_GOOD;
	forget_faults();
	enum tls_status status = verdict(tls, SSL_write_ex(tls->ssl, bytes, len, &written));
	return status == TLS_GOOD && written == len ? TLS_GOOD : TLS_BAD;
}

void tls_goodbye(struct tls *tls)
{
	forget_faults();
	(void)SSL_shutdown(tls->ssl);
}

bool tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl);
}

bool tls_is_13(const struct tls *tls)
{
	return SSL_version(tls->ssl) >= TLS1_3_VERSION;
}

struct span tls_protocol(const struct tls *tls)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(tls->ssl, &name, &len);
	return (struct span){ name, len };
}

bool tls_covers(const struct tls *tls, struct span host)
{
	const struct tls_names *names = &tls->certs->list[tls->shown].names;
	size_t value;

	if (names->count == 0)
		return true;
	if (host.len > 2 && host.at[0] == '[')
		host = (struct span){ host.at + 1, host.len - 2 };
	return tls_names_find(names, (const char *)host.at, host.len, &value);
}

enum tls_failure tls_failure(void)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);

	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return TLS_FAILED_OTHER;
	/* The alerts of the other side are reasons from here on. */
	if (reason >= SSL_AD_REASON_OFFSET)
		return TLS_FAILED_ALERT;
	switch (reason) {
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_BAD_RECORD_TYPE:
		return TLS_FAILED_NOT_TLS;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_UNKNOWN_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
		return TLS_FAILED_VERSION;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SUITABLE_GROUPS:
		return TLS_FAILED_PARAMETERS;
	case SSL_R_NO_APPLICATION_PROTOCOL:
		return TLS_FAILED_PROTOCOL;
	default:
		return TLS_FAILED_OTHER;
	}
}

const char *tls_fault(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	return reason != NULL ? reason : "no reason known";
}
