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
	TLS_TICKET_OWN_KEYS = 3,	/* of a node that shares none */
	TLS_TICKET_HOURS = 1,		/* between two new ones of those */
	TLS_TICKET_NAME_BYTES = 16,
	TLS_TICKET_SECRET_MAX = 32,
};

struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME_BYTES];	/* stands in the ticket */
	uint8_t cipher[TLS_TICKET_SECRET_MAX];	/* AES in CBC mode with 128 or 256 bits */
	uint8_t mac[TLS_TICKET_SECRET_MAX];	/* HMAC-SHA-256 */
	uint8_t secret_len;			/* of each of the two: 16 or 32 */
};

struct tls_tickets {
	atomic_uint count;
	pthread_mutex_t lock;
	uint64_t made_ns;		/* the first key */
	bool shared;			/* from files: they are not renewed here */
	size_t key_count;
	struct tls_ticket_key keys[CONF_TICKET_KEYS_MAX];	/* the first makes tickets, all open them */
	EVP_CIPHER *aes128, *aes256;
};

struct tls_tickets *tls_tickets_new(uint64_t now_ns);	/* NULL: OpenSSL has no such cipher or no random bytes */
/* Of keys shared by several nodes, at least one. NULL as above. */
struct tls_tickets *tls_tickets_of(const struct tls_ticket_key *keys, size_t count);
struct tls_tickets *tls_tickets_retain(struct tls_tickets *tickets);
void tls_tickets_release(struct tls_tickets *tickets);	/* NULL is fine */
/* Makes new keys for each period that has passed. */
void tls_tickets_rotate(struct tls_tickets *tickets, uint64_t now_ns);
/* Sessions of context become tickets under the keys of the connection's certificates. */
void tls_tickets_use(SSL_CTX *context);

/* tls_ticket_file.c. What nginx calls ssl_session_ticket_key: 80 random bytes (name, 32 for HMAC, 32 for AES-256) or 48
 * (name, 16 for AES-128, 16 for HMAC). A fault or a warning names the file. */
int tls_ticket_file_read(const char *path, struct tls_ticket_key *ret_key, struct err_list *errors,
			 struct err_list *warnings);
/* The same from bytes. False: not as many as a key has. */
bool tls_ticket_parse(const uint8_t *bytes, size_t len, struct tls_ticket_key *ret_key);

/* tls_context.c */
/* A context with everything but a certificate. service: a ticket of one opens nothing at another. NULL: out of memory. */
SSL_CTX *tls_context_new(const char *service);

/* tls_ocsp.c. A response about a certificate that is stapled to it (RFC 6066, 8). Zero-initialised: none. */
struct tls_staple {
	uint8_t *der;
	size_t len;
	int64_t until;			/* wall clock seconds; not stapled from then on */
};

/* Of a certificate with its chain as in its file. Negative with a sentence: there is none to be stapled. */
int tls_ocsp_read(const char *path, X509 *cert, STACK_OF(X509) *chain, int64_t now_s, struct tls_staple *ret_staple,
		  struct err_note *note);
void tls_ocsp_use(SSL_CTX *context);	/* connections of it staple what their certificate has */
void tls_staple_fini(struct tls_staple *staple);

struct tls_cert {
	SSL_CTX *context;		/* counted by OpenSSL: shared by sets that show the same certificate */
	char *file;
	char *name;			/* the first; NULL without any */
	struct tls_names names;		/* of this one; value: no matter */
	int64_t not_before, not_after;
	struct tls_staple staple;
};

enum { TLS_ALPN_MAX = 255 };

struct tls_certs {
	atomic_uint count;
	struct tls_cert *list;
	size_t list_count;
	struct tls_names names;		/* of all; value: index in list */
	struct tls_tickets *tickets;
	BIO_METHOD *bio;
	uint8_t alpn[TLS_ALPN_MAX];	/* in the form of RFC 7301: each behind its length; the dearest to us first */
	size_t alpn_len;
};

/* tls_bio.c. A BIO whose bytes are those of the struct tls that is its data. NULL: out of memory. */
BIO_METHOD *tls_bio_method(void);

/* The connection that a callback of OpenSSL is about. */
static inline struct tls *tls_of(SSL *ssl)
{
	return BIO_get_data(SSL_get_rbio(ssl));
}

#endif
