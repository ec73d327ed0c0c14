/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1): the session goes to the client, sealed with a key that all workers share,
 * so that a client that comes back saves us the signature, at whichever worker it arrives. Keys are made in memory and
 * renewed every TLS_TICKET_HOURS: who steals the newest can read no older traffic than that of TLS_TICKET_KEYS of
 * them. The first of the list makes tickets, all open them: keys that several nodes share would only fill the list from
 * elsewhere.
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
	return RAND_bytes((uint8_t *)key, sizeof *key) == 1;
}

struct tls_tickets *tls_tickets_new(uint64_t now_ns)
{
	struct tls_tickets *tickets = mem_alloc(sizeof *tickets);

	atomic_init(&tickets->count, 1);
	pthread_mutex_init(&tickets->lock, NULL);
	tickets->made_ns = now_ns;
	tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	bool good = tickets->cipher != NULL;
	for (size_t i = 0; i < TLS_TICKET_KEYS; i++)
		good = good && make_key(&tickets->keys[i]);
	if (good)
		return tickets;
	tls_tickets_release(tickets);
	return NULL;
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
	EVP_CIPHER_free(tickets->cipher);
	OPENSSL_cleanse(tickets->keys, sizeof tickets->keys);
	pthread_mutex_destroy(&tickets->lock);
	mem_free(tickets);
}

static void rotate(struct tls_tickets *tickets, uint64_t now_ns)
{
	uint64_t periods = now_ns > tickets->made_ns ? (now_ns - tickets->made_ns) / PERIOD_NS : 0;

	for (uint64_t i = 0; i < periods && i < TLS_TICKET_KEYS; i++) {
		struct tls_ticket_key key;

		if (!make_key(&key))
			return;
		memmove(tickets->keys + 1, tickets->keys, sizeof tickets->keys - sizeof key);
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
	for (int i = 0; i < TLS_TICKET_KEYS && found < 0; i++) {
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
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
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
	const struct tls_certs *certs = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct tls_tickets *tickets = certs->tickets;
	struct tls_ticket_key key;
	int place = copy_key(tickets, seal ? NULL : name, &key), iv_len = EVP_CIPHER_get_iv_length(tickets->cipher);

	if (place < 0)
		return 0;
	bool good = set_mac(mac, &key);
	if (seal) {
		memcpy(name, key.name, sizeof key.name);
		good = good && RAND_bytes(iv, iv_len) == 1;
	}
	good = good && EVP_CipherInit_ex2(cipher, tickets->cipher, key.cipher, iv, seal, NULL) == 1;
	OPENSSL_cleanse(&key, sizeof key);
	/* In TLS 1.3 a ticket is for once, lest who sees it twice knows the client again (RFC 8446, C.4). */
	return !good ? -1 : !seal && (place > 0 || SSL_version(ssl) >= TLS1_3_VERSION) ? 2 : 1;
}

void tls_tickets_use(SSL_CTX *context)
{
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
	/* No longer than the keys live that can open them. */
	SSL_CTX_set_timeout(context, (long)(TLS_TICKET_KEYS - 1) * TLS_TICKET_HOURS * 3600);
}
