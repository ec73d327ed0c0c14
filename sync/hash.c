/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"

static const struct {
	const char *name;
	size_t bytes;
	const EVP_MD *(*digest)(void);
} kinds[HASH_KINDS] = {
	[HASH_SHA256] = { "sha256", HASH_SHA256_BYTES, EVP_sha256 },
	[HASH_SHA384] = { "sha384", 48, EVP_sha384 },
	[HASH_SHA512] = { "sha512", 64, EVP_sha512 },
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hash_get_hex(const char *digits, uint8_t *ret_bytes, size_t room)
{
	size_t len = strlen(digits);

	if (len % 2 != 0)
		return ERR_SYNTAX;
	if (len / 2 > room)
		return ERR_LIMIT;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(digits[i]), low = digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		ret_bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (int)(len / 2);
}

void hash_put_hex(struct span bytes, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		*ret_text++ = digits[bytes.at[i] >> 4];
		*ret_text++ = digits[bytes.at[i] & 15];
	}
	*ret_text = '\0';
}

int hash_list_add(struct hash_list *list, const char *name, const char *digits)
{
	struct hash hash = { .kind = HASH_SHA256 };

	while (strcmp(kinds[hash.kind].name, name) != 0) {
		if (++hash.kind == HASH_KINDS)
			return ERR_UNKNOWN;
	}
	if (hash_get_hex(digits, hash.bytes, sizeof hash.bytes) != (int)kinds[hash.kind].bytes)
		return ERR_SYNTAX;
	assert(list->count < HASH_KINDS);	/* names are the keys of one JSON object: none comes twice */
	list->list[list->count++] = hash;
	return 0;
}

const char *hash_name(enum hash_kind kind)
{
	return kinds[kind].name;
}

const char *hash_text(const struct hash *hash, char buf[HASH_TEXT_MAX])
{
	hash_put_hex((struct span){ hash->bytes, kinds[hash->kind].bytes }, buf);
	return buf;
}

struct hash_run {
	struct hash_list list;
	EVP_MD_CTX *contexts[HASH_KINDS];
};

/* libcrypto's digests fail only for want of memory. */
static void must(int good)
{
	if (good != 1)
		assert(!"libcrypto: a digest failed");
}

struct hash_run *hash_run_new(const struct hash_list *list)
{
	struct hash_run *run = mem_alloc(sizeof *run);

	run->list = *list;
	for (size_t i = 0; i < list->count; i++) {
		run->contexts[i] = EVP_MD_CTX_new();
		must(run->contexts[i] != NULL);
		must(EVP_DigestInit_ex(run->contexts[i], kinds[list->list[i].kind].digest(), NULL));
	}
	return run;
}

void hash_run_take(struct hash_run *run, struct span bytes)
{
	for (size_t i = 0; i < run->list.count; i++)
		must(EVP_DigestUpdate(run->contexts[i], bytes.at, bytes.len));
}

const struct hash *hash_run_mismatch(struct hash_run *run)
{
	const struct hash *wrong = NULL;

	for (size_t i = 0; i < run->list.count; i++) {
		const struct hash *hash = &run->list.list[i];
		uint8_t digest[EVP_MAX_MD_SIZE];

		must(EVP_DigestFinal_ex(run->contexts[i], digest, NULL));
		if (wrong == NULL && memcmp(digest, hash->bytes, kinds[hash->kind].bytes) != 0)
			wrong = hash;
	}
	return wrong;
}

void hash_run_free(struct hash_run *run)
{
	if (run == NULL)
		return;
	for (size_t i = 0; i < run->list.count; i++)
		EVP_MD_CTX_free(run->contexts[i]);
	mem_free(run);
}

const struct hash *hash_list_mismatch(const struct hash_list *list, struct span bytes)
{
	struct hash_run *run = hash_run_new(list);
	const struct hash *wrong;

	hash_run_take(run, bytes);
	wrong = hash_run_mismatch(run);
	if (wrong != NULL)
		wrong = &list->list[wrong - run->list.list];
	hash_run_free(run);
	return wrong;
}

void hash_sha256(struct span bytes, uint8_t ret_digest[HASH_SHA256_BYTES])
{
	must(EVP_Digest(bytes.at, bytes.len, ret_digest, NULL, EVP_sha256(), NULL));
}
