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
 * call. */
static enum tls_status verdict(const struct tls *tls, int ret)
{
	switch (SSL_get_error(tls->ssl, ret)) {
	case SSL_ERROR_NONE: return TLS_GOOD;
	case SSL_ERROR_WANT_READ: return TLS_WANT;
	case SSL_ERROR_WANT_WRITE: return TLS_FULL;
	case SSL_ERROR_ZERO_RETURN: return TLS_END;
	default: return TLS_BAD;
	}
}

enum tls_status tls_handshake(struct tls *tls)
{
	ERR_clear_error();
	return verdict(tls, SSL_do_handshake(tls->ssl));
}

enum tls_status tls_read(struct tls *tls, uint8_t *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	ERR_clear_error();
	enum tls_status status = verdict(tls, SSL_read_ex(tls->ssl, buf, size, &len));
	if (status == TLS_GOOD)
		*ret_len = len;
	return status;
}

enum tls_status tls_write(struct tls *tls, const uint8_t *bytes, size_t len)
{
	size_t written = 0;

	assert(tls->room - tls->said >= TLS_SEALED_MAX(len));
	if (len == 0)
		return TLS_GOOD;
	ERR_clear_error();
	enum tls_status status = verdict(tls, SSL_write_ex(tls->ssl, bytes, len, &written));
	return status == TLS_GOOD && written == len ? TLS_GOOD : TLS_BAD;
}

void tls_goodbye(struct tls *tls)
{
	ERR_clear_error();
	(void)SSL_shutdown(tls->ssl);
}

bool tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl);
}

const char *tls_fault(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	return reason != NULL ? reason : "no reason known";
}
