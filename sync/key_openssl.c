/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/key_openssl.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "conf/base/mem.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192 };

struct key_openssl {
	enum key_openssl_kind kind;
	EVP_PKEY *key;
};

static bool is_of_kind(EVP_PKEY *key, enum key_openssl_kind kind)
{
	char group[32];
	size_t len;

	if (kind == KEY_RSA_PSS_SHA256)
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN
			&& EVP_PKEY_get_bits(key) <= RSA_BITS_MAX;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1
		&& strcmp(group, SN_X9_62_prime256v1) == 0;
}

struct key_openssl *key_openssl_new(enum key_openssl_kind kind, const char *pem)
{
	size_t len = strlen(pem);
	BIO *from = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	/* An empty pass phrase: nothing in a file may ask the terminal for one. */
	static char no_phrase[] = "";
	EVP_PKEY *key = from != NULL ? PEM_read_bio_PUBKEY(from, NULL, NULL, no_phrase) : NULL;
	struct key_openssl *made = NULL;

	if (key != NULL && is_of_kind(key, kind)) {
		made = mem_alloc(sizeof *made);
		*made = (struct key_openssl){ kind, key };
		key = NULL;
	}
	EVP_PKEY_free(key);
	BIO_free(from);
	ERR_clear_error();
	return made;
}

void key_openssl_free(struct key_openssl *key)
{
	if (key != NULL)
		EVP_PKEY_free(key->key);
	mem_free(key);
}

bool key_openssl_verify(const struct key_openssl *key, struct span message, struct span signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options;	/* the context's */
	bool good = context != NULL && EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, key->key) == 1;

	/* The specification leaves the length of the salt open: any is taken, as by the other clients. */
	if (good && key->kind == KEY_RSA_PSS_SHA256)
		good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1
			&& EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) == 1;
	good = good && EVP_DigestVerify(context, signature.at, signature.len, message.at, message.len) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

bool key_openssl_same(const struct key_openssl *a, const struct key_openssl *b)
{
	return a->kind == b->kind && EVP_PKEY_eq(a->key, b->key) == 1;
}
