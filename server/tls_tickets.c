/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1): the session goes to the client, sealed with a key that all workers share,
 * so that a client that comes back saves us the signature, at whichever worker it arrives; and at whichever node, when
 * the nodes share keys from files (server/tls_ticket_file.c), as those of one anycast address should. Else keys are made in
 * memory and renewed every TLS_TICKET_HOURS: who steals the newest can read no older traffic than that of
 * TLS_TICKET_OWN_KEYS of them. The first of the list makes tickets, all open them.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/tls_inner.h"

#define PERIOD_NS (TLS_TICKET_HOURS * UINT64_C(3600000000000))

/* A process without random bytes must make no tickets, and one that OpenSSL cannot seed makes no handshakes either. */
static bool make_key(struct tls_ticket_key *key)
{
	bool good = RAND_bytes((uint8_t *)key, sizeof *key) == 1;

	key->secret_len = TLS_TICKET_SECRET_MAX;
	return good;
}

/* NULL: OpenSSL is without a cipher. */
static struct tls_tickets *new_list(size_t key_count)
{
	struct tls_tickets *tickets = mem_alloc(sizeof *tickets);

	atomic_init(&tickets->count, 1);
	pthread_mutex_init(&tickets->lock, NULL);
	tickets->key_count = key_count;
	tickets->aes128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	tickets->aes256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (tickets->aes128 != NULL && tickets->aes256 != NULL)
		return tickets;
	tls_tickets_release(tickets);
	return NULL;
}

struct tls_tickets *tls_tickets_new(uint64_t now_ns)
{
	struct tls_tickets *tickets = new_list(TLS_TICKET_OWN_KEYS);
	bool good = tickets != NULL;

	for (size_t i = 0; good && i < TLS_TICKET_OWN_KEYS; i++)
		good = make_key(&tickets->keys[i]);
	if (good) {
		tickets->made_ns = now_ns;
		return tickets;
	}
	tls_tickets_release(tickets);
	return NULL;
}

struct tls_tickets *tls_tickets_of(const struct tls_ticket_key *keys, size_t count)
{
	struct tls_tickets *tickets = new_list(count);

	if (tickets == NULL)
		return NULL;
	memcpy(tickets->keys, keys, count * sizeof *keys);
	tickets->shared = true;
	return tickets;
}

struct tls_tickets *tls_tickets_retain(struct tls_tickets *tickets)
{
	atomic_fetch_add(&tickets->count, 1);
	return tickets;
}

void tls_tickets_release(struct tls_tickets *tickets)
{
	if (tickets == NULL || atomic_fetch_sub(&tickets->count, 1) > 1)
		return;
	EVP_CIPHER_free(tickets->aes128);
	EVP_CIPHER_free(tickets->aes256);
	OPENSSL_cleanse(tickets->keys, sizeof tickets->keys);
	pthread_mutex_destroy(&tickets->lock);
	mem_free(tickets);
}

static void rotate(struct tls_tickets *tickets, uint64_t now_ns)
{
	uint64_t periods = now_ns > tickets->made_ns ? (now_ns - tickets->made_ns) / PERIOD_NS : 0;

	if (tickets->shared)
		return;
	for (uint64_t i = 0; i < periods && i < TLS_TICKET_OWN_KEYS; i++) {
		struct tls_ticket_key key;

		if (!make_key(&key))
			return;
		memmove(tickets->keys + 1, tickets->keys, (TLS_TICKET_OWN_KEYS - 1) * sizeof key);
		tickets->keys[0] = key;
		OPENSSL_cleanse(&key, sizeof key);
	}
	tickets->made_ns += periods * PERIOD_NS;
}

void tls_tickets_rotate(struct tls_tickets *tickets, uint64_t now_ns)
{
	pthread_mutex_lock(&tickets->lock);
	rotate(tickets, now_ns);
	pthread_mutex_unlock(&tickets->lock);
}

/* A copy of the key for a new ticket, or of the one called name; its place in the list, or -1. */
static int copy_key(struct tls_tickets *tickets, const uint8_t *name, struct tls_ticket_key *ret)
{
	int found = -1;

	pthread_mutex_lock(&tickets->lock);
	rotate(tickets, clock_monotonic_ns());
	for (int i = 0; i < (int)tickets->key_count && found < 0; i++) {
		if (name == NULL || memcmp(name, tickets->keys[i].name, TLS_TICKET_NAME_BYTES) == 0)
			found = i;
	}
	if (found >= 0)
		*ret = tickets->keys[found];
	pthread_mutex_unlock(&tickets->lock);
	return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, key->secret_len),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): negative is a fault, 0 no key for it (a full handshake follows), 1 go on, 2
 * go on and send a new ticket. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
		     int seal)
{
	enum { IV_BYTES = 16 };
	struct tls_tickets *tickets = tls_of(ssl)->certs->tickets;
	struct tls_ticket_key key;
	int place = copy_key(tickets, seal ? NULL : name, &key);

	if (place < 0)
		return 0;
	const EVP_CIPHER *aes = key.secret_len == TLS_TICKET_SECRET_MAX ? tickets->aes256 : tickets->aes128;
	bool good = set_mac(mac, &key);
	if (seal) {
		memcpy(name, key.name, sizeof key.name);
		good = good && RAND_bytes(iv, IV_BYTES) == 1;
	}
	good = good && EVP_CipherInit_ex2(cipher, aes, key.cipher, iv, seal, NULL) == 1;
	OPENSSL_cleanse(&key, sizeof key);
	/* In TLS 1.3 a ticket is for once, lest who sees it twice knows the client again (RFC 8446, C.4). */
	return !good ? -1 : !seal && (place > 0 || SSL_version(ssl) >= TLS1_3_VERSION) ? 2 : 1;
}

void tls_tickets_use(SSL_CTX *context)
{
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
	/* No longer than the keys live that can open them; those of files should live longer. */
	SSL_CTX_set_timeout(context, (long)(TLS_TICKET_OWN_KEYS - 1) * TLS_TICKET_HOURS * 3600);
}
