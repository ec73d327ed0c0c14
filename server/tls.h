/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS without sockets, the only door to OpenSSL: TLS 1.2 and 1.3, server side, no client certificates, no early data,
 * no renegotiation, no compression; session tickets only (RFC 5077, RFC 8446 4.6.1), so that no session is kept here.
 *
 * struct tls_certs is what one service shows to its clients: certificates, keys and how to shake hands. Immutable and
 * counted: a dataset holds one, and so does each connection from its first bytes on; a reload makes a new one and lets
 * go of the old. Any thread. struct tls is a connection's: loop lifetime, the worker's thread; bytes go in and come out
 * by tls_turn().
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "conf/conf.h"

struct ssl_st;
struct tls_certs;
struct tls_tickets;

enum {
	TLS_RECORD_HEADER = 5,
	TLS_RECORD_PLAIN_MAX = 1 << 14,
	/* RFC 5246, 6.2.3; RFC 8446 takes less, which OpenSSL sees to. */
	TLS_RECORD_MAX = TLS_RECORD_HEADER + TLS_RECORD_PLAIN_MAX + 2048,
	TLS_RECORD_COST = 64,		/* bytes that a record of ours has more than its text: 29 at most */
	TLS_EXPIRES_SOON_S = 14 * 24 * 3600,
};

struct tls_certs_wish {
	const char *key;		/* "dns.tls", for faults */
	const char *file;		/* the configuration file, for faults */
	const struct conf_tls *conf;
	const char *alpn;		/* "dot": must be among the protocols of a client that names any (RFC 7301) */
	const struct tls_certs *running; /* its ticket keys stay in use; NULL at the start */
	bool strict;			/* an expired certificate is a fault, not a warning */
};

/* Reads all the files that the configuration names; blocking. Faults name file and key, all are told; *ret_certs is
 * untouched then. Certificates that expire within TLS_EXPIRES_SOON_S, or already have, are in warnings. */
int tls_certs_load(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		   struct err_list *warnings);
struct tls_certs *tls_certs_retain(const struct tls_certs *certs);
void tls_certs_release(struct tls_certs *certs);	/* NULL is fine */

/* What is told of one certificate. Views, as long as the set. */
struct tls_certs_info {
	const char *file;
	const char *name;		/* the first one it is for; "" without any */
	size_t names;			/* how many */
	int64_t not_before, not_after;	/* seconds since 1970 */
};
size_t tls_certs_count(const struct tls_certs *certs);
void tls_certs_info(const struct tls_certs *certs, size_t i, struct tls_certs_info *ret);

/* One connection. Zero-initialised is closed. It stays where it is while open. */
struct tls {
	struct ssl_st *ssl;
	struct tls_certs *certs;
	struct span in;			/* of this turn, not yet read */
	uint8_t *out;			/* of this turn */
	size_t room, said;		/* in out */
};

enum tls_status {
	TLS_GOOD,	/* done: shaken hands, bytes read */
	TLS_WANT,	/* nothing more in what came */
	TLS_FULL,	/* out must be written first, then the same again */
	TLS_END,	/* the peer has ended its side */
	TLS_BAD,	/* it is over; the alert for the peer, if there is one, is in out */
};

int tls_open(struct tls *tls, const struct tls_certs *certs);	/* -ENOMEM */
void tls_close(struct tls *tls);	/* without a word; at any time */

/* How many bytes at the beginning of in are whole records. Feeding no others keeps OpenSSL from holding buffers of 16
 * KiB for connections that wait. *ret_broken: what follows them cannot be a record; feed it too, for the alert. */
size_t tls_records(struct span in, bool *ret_broken);
/* Where the calls below read and write until the next turn; tls->in is what they left, tls->said what they wrote. */
void tls_turn(struct tls *tls, struct span in, uint8_t *out, size_t room);

enum tls_status tls_handshake(struct tls *tls);
enum tls_status tls_read(struct tls *tls, uint8_t *buf, size_t size, size_t *ret_len);
/* After the handshake. Room for len bytes and TLS_RECORD_COST for each record of them must be there. */
enum tls_status tls_write(struct tls *tls, const uint8_t *bytes, size_t len);
void tls_goodbye(struct tls *tls);	/* ends our side, as far as there is room; not after TLS_BAD */
bool tls_resumed(const struct tls *tls);
/* Why the last call was TLS_BAD, for the log; a static text of OpenSSL's. Same thread, before any other call. */
const char *tls_fault(void);

/* Bytes of out that tls_write() may need for len. */
#define TLS_SEALED_MAX(len) ((len) + ((len) / TLS_RECORD_PLAIN_MAX + 1) * TLS_RECORD_COST)

#endif
