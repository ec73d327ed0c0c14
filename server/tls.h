/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS without sockets, the only door to OpenSSL: TLS 1.2 and 1.3, server side, no client certificates, no early data,
 * no renegotiation, no compression; session tickets only (RFC 5077, RFC 8446 4.6.1), so that no session is kept here.
 *
 * struct tls_certs is what one service shows to its clients: certificates, keys, OCSP responses and how to shake hands.
 * Immutable and counted: a dataset holds one, and so does each connection from its first bytes on; a reload makes a new
 * one and lets go of the old. Any thread. struct tls is a connection's: loop lifetime, the worker's thread; bytes go in
 * and come out by tls_turn().
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
struct content_ticket;
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
	/* NULL behind the last: "h2", "http/1.1"; the dearest first. A client that names any must name one of them (RFC
	 * 7301). */
	const char *const *alpn;
	const struct content_ticket *tickets; /* of the master, for a configuration that names none */
	size_t ticket_count;
	const struct tls_certs *running; /* ticket keys of the node's own stay in use; NULL at the start */
	bool strict;			/* an expired certificate is a fault, not a warning */
};

/* Reads all the files that the configuration names; blocking. Faults name file and key, all are told; *ret_certs is
 * untouched then. Certificates that expire within TLS_EXPIRES_SOON_S, or already have, are in warnings; so are OCSP
 * responses that cannot be stapled. */
int tls_certs_load(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		   struct err_list *warnings);
/* The certificates of running, but ticket keys and OCSP responses as they now are in the files of the configuration.
 * Faults as above. */
int tls_certs_renew(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		    struct err_list *warnings);
struct tls_certs *tls_certs_retain(const struct tls_certs *certs);
void tls_certs_release(struct tls_certs *certs);	/* NULL is fine */

/* What is told of one certificate. Views, as long as the set. */
struct tls_certs_info {
	const char *file;
	const char *name;		/* the first one it is for; "" without any */
	size_t names;			/* how many */
	int64_t not_before, not_after;	/* seconds since 1970 */
	int64_t stapled_until;		/* the same, of its OCSP response; 0: none is stapled */
};
size_t tls_certs_count(const struct tls_certs *certs);
void tls_certs_info(const struct tls_certs *certs, size_t i, struct tls_certs_info *ret);

/* Digests of the ticket keys, by which to see whether two nodes share them; the first makes tickets. How many there are;
 * *ret_shared: they are from files. */
enum { TLS_TICKET_DIGEST_BYTES = 4 };
size_t tls_certs_ticket_keys(const struct tls_certs *certs, uint8_t ret[CONF_TICKET_KEYS_MAX][TLS_TICKET_DIGEST_BYTES],
			     bool *ret_shared);

/* One connection. Zero-initialised is closed. It stays where it is while open. */
struct tls {
	struct ssl_st *ssl;
	struct tls_certs *certs;
	uint32_t shown;			/* index of its certificate */
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
bool tls_has_more(const struct tls *tls);	/* something of this turn, or of before, is still to be read */
/* After the handshake. Room for len bytes and TLS_RECORD_COST for each record of them must be there. */
enum tls_status tls_write(struct tls *tls, const uint8_t *bytes, size_t len);
void tls_goodbye(struct tls *tls);	/* ends our side, as far as there is room; not after TLS_BAD */
bool tls_resumed(const struct tls *tls);
bool tls_is_13(const struct tls *tls);	/* else 1.2 */
/* What the two sides have agreed to speak (RFC 7301); empty: the client has named nothing. A view, as long as tls. */
struct span tls_protocol(const struct tls *tls);
/* Whether the certificate that was shown is for host: a name in lower case or an address, IPv6 with brackets or without.
 * Any is, where the certificate has no names at all: who takes that does not look. */
bool tls_covers(const struct tls *tls, struct span host);
/* Why the last call was TLS_BAD, for the log; a static text of OpenSSL's. Same thread, before any other call. */
const char *tls_fault(void);
/* The same as a class. */
enum tls_failure {
	TLS_FAILED_NOT_TLS,	/* plain HTTP or DNS, an old SSL, noise */
	TLS_FAILED_VERSION,	/* TLS 1.1 and older */
	TLS_FAILED_PARAMETERS,	/* no cipher, group or signature scheme in common */
	TLS_FAILED_PROTOCOL,	/* ALPN without one of ours */
	TLS_FAILED_ALERT,	/* the client's verdict: it does not take our certificate, for instance */
	TLS_FAILED_OTHER,
	TLS_FAILED_LEFT,	/* the client closed the connection without a word */
	TLS_FAILED_SLOW,
	TLS_FAILURES
};
enum tls_failure tls_failure(void);	/* never the last two */

/* Bytes of out that tls_write() may need for len. */
#define TLS_SEALED_MAX(len) ((len) + ((len) / TLS_RECORD_PLAIN_MAX + 1) * TLS_RECORD_COST)

#endif
