/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/node_key.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/hash.h"

struct node_key {
	uint8_t sign_public[crypto_sign_PUBLICKEYBYTES], sign_secret[crypto_sign_SECRETKEYBYTES];
	uint8_t box_public[crypto_box_PUBLICKEYBYTES], box_secret[crypto_box_SECRETKEYBYTES];
};

static struct node_key *of_seed(const uint8_t seed[NODE_KEY_BYTES])
{
	struct node_key *key = mem_alloc(sizeof *key);

	crypto_sign_seed_keypair(key->sign_public, key->sign_secret, seed);
	if (crypto_sign_ed25519_sk_to_curve25519(key->box_secret, key->sign_secret) != 0
	    || crypto_scalarmult_base(key->box_public, key->box_secret) != 0) {
		node_key_free(key);
		return NULL;
	}
	return key;
}

static int make_file(const char *path, struct err_note *note)
{
	uint8_t seed[NODE_KEY_BYTES];
	char text[2 * NODE_KEY_BYTES + 2];

	randombytes_buf(seed, sizeof seed);
	hash_put_hex((struct span){ seed, sizeof seed }, text);
	memcpy(text + sizeof text - 2, "\n", 2);
	int err = file_replace(path, text, strlen(text), 0600);
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(text, sizeof text);
	if (err != 0)
		err_note_set(note, path, 0, "the node's key cannot be written: %s", err_text(err));
	return err;
}

static int read_file(const char *path, struct node_key **ret_key, struct err_note *note)
{
	uint8_t *bytes, seed[NODE_KEY_BYTES];
	struct stat status;
	size_t len;
	int err = file_read(path, 4096, &bytes, &len);

	if (err != 0) {
		if (err != -ENOENT)
			err_note_set(note, path, 0, "the node's key cannot be read: %s", err_text(err));
		return err;
	}
	while (len > 0 && strchr(" \t\r\n", bytes[len - 1]) != NULL)
		bytes[--len] = '\0';
	bool good = hash_get_hex((const char *)bytes, seed, sizeof seed) == NODE_KEY_BYTES;
	sodium_memzero(bytes, len);
	mem_free(bytes);
	*ret_key = good ? of_seed(seed) : NULL;
	sodium_memzero(seed, sizeof seed);
	if (*ret_key == NULL) {
		err_note_set(note, path, 0, "expected the node's key: 64 hexadecimal digits");
		return ERR_SYNTAX;
	}
	if (stat(path, &status) == 0 && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		node_key_free(*ret_key);
		err_note_set(note, path, 0, "the node's key is open to others: chmod 600");
		return ERR_INVALID;
	}
	return 0;
}

int node_key_open(const char *path, bool make, struct node_key **ret_key, struct err_note *note)
{
	if (sodium_init() < 0) {
		err_note_set(note, path, 0, "libsodium does not start");
		return ERR_UNAVAILABLE;
	}
	int err = read_file(path, ret_key, note);
	if (err == -ENOENT && make) {
		err = make_file(path, note);
		if (err == 0)
			err = read_file(path, ret_key, note);
	}
	if (err == -ENOENT)
		err_note_set(note, path, 0, "there is no such node key");
	return err;
}

void node_key_free(struct node_key *key)
{
	if (key != NULL)
		sodium_memzero(key, sizeof *key);
	mem_free(key);
}

const uint8_t *node_key_sign_public(const struct node_key *key)
{
	return key->sign_public;
}

const uint8_t *node_key_box_public(const struct node_key *key)
{
	return key->box_public;
}

void node_key_sign(const struct node_key *key, struct span message, uint8_t ret_signature[NODE_KEY_SIGNATURE_BYTES])
{
	crypto_sign_detached(ret_signature, NULL, message.at, message.len, key->sign_secret);
}

int node_key_unseal(const struct node_key *key, const char *base64, uint8_t **ret_bytes)
{
	size_t room = strlen(base64) / 4 * 3 + 4, len;
	uint8_t *sealed = mem_alloc(room);
	int err = ERR_SYNTAX;

	if (sodium_base642bin(sealed, room, base64, strlen(base64), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0
	    && len >= NODE_KEY_SEAL_BYTES) {
		*ret_bytes = mem_alloc(len);
		err = crypto_box_seal_open(*ret_bytes, sealed, len, key->box_public, key->box_secret) == 0
			? (int)(len - NODE_KEY_SEAL_BYTES) : ERR_INVALID;
		if (err < 0)
			mem_free(*ret_bytes);
	}
	mem_free(sealed);
	return err;
}

uint64_t node_key_hash64(struct span text)
{
	uint8_t bytes[8];
	uint64_t number = 0;

	crypto_generichash_blake2b(bytes, sizeof bytes, text.at, text.len, NULL, 0);
	for (size_t i = 0; i < sizeof bytes; i++)
		number = number << 8 | bytes[i];
	return number;
}
