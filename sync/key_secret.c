/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/key_secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

struct key_secret {
	uint8_t pair[crypto_sign_SECRETKEYBYTES];
	uint8_t public_part[crypto_sign_PUBLICKEYBYTES];
};

_Static_assert(KEY_SEED_BYTES == crypto_sign_SEEDBYTES && KEY_ED25519_BYTES == crypto_sign_BYTES, "Ed25519");
_Static_assert(KEY_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES && KEY_NONCE_BYTES == crypto_secretbox_NONCEBYTES
	       && KEY_WRAPPED_BYTES == KEY_SEED_BYTES + crypto_secretbox_MACBYTES, "wrapping");
_Static_assert(KEY_BOX_BYTES == crypto_box_PUBLICKEYBYTES && KEY_SEAL_BYTES == crypto_box_SEALBYTES, "sealing");

static void must(bool fact)
{
	if (!fact)
		assert(!"libsodium gave up");
}

struct key_secret *key_secret_of(const uint8_t seed[KEY_SEED_BYTES])
{
	must(sodium_init() >= 0);
	struct key_secret *secret = sodium_malloc(sizeof *secret);

	must(secret != NULL);
	crypto_sign_seed_keypair(secret->public_part, secret->pair, seed);
	return secret;
}

struct key_secret *key_secret_new(void)
{
	uint8_t seed[KEY_SEED_BYTES];

	key_random(seed, sizeof seed);
	struct key_secret *secret = key_secret_of(seed);
	key_wipe(seed, sizeof seed);
	return secret;
}

void key_secret_free(struct key_secret *secret)
{
	sodium_free(secret);	/* wipes it */
}

void key_secret_public(const struct key_secret *secret, uint8_t ret_public[KEY_PUBLIC_BYTES])
{
	memcpy(ret_public, secret->public_part, sizeof secret->public_part);
}

void key_secret_seed(const struct key_secret *secret, uint8_t ret_seed[KEY_SEED_BYTES])
{
	crypto_sign_ed25519_sk_to_seed(ret_seed, secret->pair);
}

void key_secret_sign(const struct key_secret *secret, struct span message, uint8_t ret_signature[KEY_ED25519_BYTES])
{
	crypto_sign_detached(ret_signature, NULL, message.at, message.len, secret->pair);
}

static bool stretch(const struct key_wrapped *wrapped, struct span passphrase,
		    uint8_t ret_key[crypto_secretbox_KEYBYTES])
{
	return crypto_pwhash(ret_key, crypto_secretbox_KEYBYTES, (const char *)passphrase.at, passphrase.len,
			     wrapped->salt,
			     wrapped->ops, (size_t)wrapped->memory, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

void key_secret_wrap(const struct key_secret *secret, struct span passphrase, struct key_wrapped *ret_wrapped)
{
	uint8_t key[crypto_secretbox_KEYBYTES], seed[KEY_SEED_BYTES];

	*ret_wrapped = (struct key_wrapped){
		.ops = crypto_pwhash_OPSLIMIT_MODERATE, .memory = crypto_pwhash_MEMLIMIT_MODERATE,
	};
	randombytes_buf(ret_wrapped->salt, sizeof ret_wrapped->salt);
	randombytes_buf(ret_wrapped->nonce, sizeof ret_wrapped->nonce);
	must(stretch(ret_wrapped, passphrase, key));
	key_secret_seed(secret, seed);
	crypto_secretbox_easy(ret_wrapped->box, seed, sizeof seed, ret_wrapped->nonce, key);
	key_wipe(key, sizeof key);
	key_wipe(seed, sizeof seed);
}

struct key_secret *key_secret_unwrap(const struct key_wrapped *wrapped, struct span passphrase)
{
	uint8_t key[crypto_secretbox_KEYBYTES], seed[KEY_SEED_BYTES];
	struct key_secret *secret = NULL;

	must(sodium_init() >= 0);
	if (wrapped->memory > KEY_WRAP_MEMORY_MAX || wrapped->ops > 64 || !stretch(wrapped, passphrase, key))
		return NULL;
	if (crypto_secretbox_open_easy(seed, wrapped->box, sizeof wrapped->box, wrapped->nonce, key) == 0)
		secret = key_secret_of(seed);
	key_wipe(key, sizeof key);
	key_wipe(seed, sizeof seed);
	return secret;
}

bool key_box_seal(const uint8_t public_part[KEY_BOX_BYTES], struct span plain, uint8_t *ret_sealed)
{
	must(sodium_init() >= 0);
	return crypto_box_seal(ret_sealed, plain.at, plain.len, public_part) == 0;
}

bool key_box_open(const uint8_t public_part[KEY_BOX_BYTES], const uint8_t secret[KEY_BOX_BYTES], struct span sealed,
		  uint8_t *ret_plain)
{
	must(sodium_init() >= 0);
	return sealed.len >= KEY_SEAL_BYTES
		&& crypto_box_seal_open(ret_plain, sealed.at, sealed.len, public_part, secret) == 0;
}

void key_box_new(uint8_t ret_public[KEY_BOX_BYTES], uint8_t ret_secret[KEY_BOX_BYTES])
{
	must(sodium_init() >= 0);
	crypto_box_keypair(ret_public, ret_secret);
}

void key_random(void *out, size_t len)
{
	must(sodium_init() >= 0);
	randombytes_buf(out, len);
}

void key_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}
