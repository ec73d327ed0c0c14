/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between OpenSSL and the stream server stand no sockets and no copies of its own: a BIO that reads from the bytes a
 * turn brought and writes into the buffer that the turn will send.
 */
#include <string.h>

#include "server/tls_inner.h"

static int read_turn(BIO *bio, char *buf, size_t size, size_t *ret_len)
{
	struct tls *tls = BIO_get_data(bio);
	size_t len = size < tls->in.len ? size : tls->in.len;

	BIO_clear_retry_flags(bio);
	if (len == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(buf, tls->in.at, len);
	tls->in.at += len;
	tls->in.len -= len;
	*ret_len = len;
	return 1;
}

static int write_turn(BIO *bio, const char *bytes, size_t size, size_t *ret_len)
{
	struct tls *tls = BIO_get_data(bio);
	size_t room = tls->room - tls->said, len = size < room ? size : room;

	BIO_clear_retry_flags(bio);
	if (len == 0) {
		BIO_set_retry_write(bio);
		return 0;
	}
	memcpy(tls->out + tls->said, bytes, len);
	tls->said += len;
	*ret_len = len;
	return 1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_bio_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "turn");

	if (method == NULL)
		return NULL;
	BIO_meth_set_read_ex(method, read_turn);
	BIO_meth_set_write_ex(method, write_turn);
	BIO_meth_set_ctrl(method, control);
	BIO_meth_set_create(method, create);
	return method;
}
