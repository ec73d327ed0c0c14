/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of server/tls* that call OpenSSL share. Nobody else includes it. */
#ifndef SERVER_TLS_INNER_H
#define SERVER_TLS_INNER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/tls.h"
#include "server/tls_names.h"

/* tls_tickets.c. Keys of session tickets, for all workers, and for the next set of certificates as well. Counted. */
enum {
	TLS_TICKET_KEYS = 3,		/* the first makes tickets, all open them */
	TLS_TICKET_HOURS = 1,		/* between two new ones */
	TLS_TICKET_NAME_BYTES = 16,
};

struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME_BYTES];	/* stands in the ticket */
	uint8_t cipher[32], mac[32];		/* AES-256-CBC, HMAC-SHA-256 */
};

struct tls_tickets {
	atomic_uint count;
	pthread_mutex_t lock;
	uint64_t made_ns;		/* the first key */
	struct tls_ticket_key keys[TLS_TICKET_KEYS];
	EVP_CIPHER *cipher;
};

struct tls_tickets *tls_tickets_new(uint64_t now_ns);	/* NULL: OpenSSL has no such cipher or no random bytes */
struct tls_tickets *tls_tickets_retain(struct tls_tickets *tickets);
void tls_tickets_release(struct tls_tickets *tickets);	/* NULL is fine */
/* Makes new keys for each period that has passed. */
void tls_tickets_rotate(struct tls_tickets *tickets, uint64_t now_ns);
/* Sessions of context, whose application data is its struct tls_certs, become tickets under the keys of that. */
void tls_tickets_use(SSL_CTX *context);

/* tls_context.c */
/* A context with everything but a certificate. certs outlives it. NULL: out of memory. */
SSL_CTX *tls_context_new(struct tls_certs *certs);

struct tls_cert {
	SSL_CTX *context;
	char *file;
	char *name;			/* the first; NULL without any */
	size_t names;
	int64_t not_before, not_after;
};

struct tls_certs {
	atomic_uint count;
	struct tls_cert *list;
	size_t list_count;
	struct tls_names names;		/* value: index in list */
	struct tls_tickets *tickets;
	BIO_METHOD *bio;
	char *alpn;
};

/* tls_bio.c. A BIO whose bytes are those of the struct tls that is its data. NULL: out of memory. */
BIO_METHOD *tls_bio_method(void);

#endif
