/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/key.h"

#include <sodium.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/key_openssl.h"

struct key {
	struct key_openssl *other;			/* NULL: Ed25519 */
	uint8_t ed25519[crypto_sign_PUBLICKEYBYTES];
};

/* Two names of one kind: the specification's, and the one python-tuf wrote before. */
static const struct {
	const char *keytype, *scheme;
	enum key_openssl_kind kind;
} others[] = {
	{ "ecdsa", "ecdsa-sha2-nistp256", KEY_ECDSA_P256_SHA256 },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KEY_ECDSA_P256_SHA256 },
	{ "rsa", "rsassa-pss-sha256", KEY_RSA_PSS_SHA256 },
};

static struct key *new_ed25519(const char *digits)
{
	struct key *key = mem_alloc(sizeof *key);
	size_t len;
	const char *end;

	if (sodium_init() >= 0
	    && sodium_hex2bin(key->ed25519, sizeof key->ed25519, digits, strlen(digits), NULL, &len, &end) == 0
	    && len == sizeof key->ed25519 && *end == '\0')
		return key;
	mem_free(key);
	return NULL;
}

struct key *key_new(const char *keytype, const char *scheme, const char *public_part)
{
	if (strcmp(keytype, "ed25519") == 0 && strcmp(scheme, "ed25519") == 0)
		return new_ed25519(public_part);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (strcmp(keytype, others[i].keytype) != 0 || strcmp(scheme, others[i].scheme) != 0)
			continue;
		struct key_openssl *other = key_openssl_new(others[i].kind, public_part);
		if (other == NULL)
			return NULL;
		struct key *key = mem_alloc(sizeof *key);
		key->other = other;
		return key;
	}
	return NULL;
}

void key_free(struct key *key)
{
	if (key != NULL)
		key_openssl_free(key->other);
	mem_free(key);
}

/* libsodium refuses keys of small order and other ways to write the same point, so bytes that differ are keys that
 * do. */
bool key_verify(const struct key *key, struct span message, struct span signature)
{
	if (key->other != NULL)
		return key_openssl_verify(key->other, message, signature);
	return signature.len == crypto_sign_BYTES
		&& crypto_sign_verify_detached(signature.at, message.at, message.len, key->ed25519) == 0;
}

bool key_same(const struct key *a, const struct key *b)
{
	if (a->other != NULL && b->other != NULL)
		return key_openssl_same(a->other, b->other);
	return a->other == NULL && b->other == NULL && memcmp(a->ed25519, b->ed25519, sizeof a->ed25519) == 0;
}
