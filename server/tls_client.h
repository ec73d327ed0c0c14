/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of tls.h, for this node's checks of itself: TLS 1.2 and 1.3 with HTTP/1.1 inside. Nothing is verified
 * against authorities: whether the certificate is one that clients take is for them to say, and this node knows none of
 * their lists. Whether it is in force they all look at, and so can we.
 */
#ifndef SERVER_TLS_CLIENT_H
#define SERVER_TLS_CLIENT_H

#include "server/tls.h"

struct tls_client;	/* how hands are shaken; outlives its connections. One thread */

struct tls_client *tls_client_new(void);	/* NULL: out of memory */
void tls_client_free(struct tls_client *client);	/* NULL is fine */

/* As tls_open(), but it speaks first. host, a name in lower case, is asked for (SNI, RFC 6066, 3); "" for none. From then
 * on as with the other side, but for tls_covers(). -ENOMEM. */
int tls_client_open(struct tls *tls, const struct tls_client *client, const char *host);
/* After the handshake: whether the certificate that was shown is in force. Else ret_words say since when it is not. */
bool tls_client_in_force(const struct tls *tls, int64_t now_s, char *ret_words, size_t size);

#endif
