/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/tsig_key.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>

#include "conf/base/err.h"

static const struct {
	const char *text;
	size_t bytes;
} algorithms[TSIG_ALGORITHMS] = {
	[TSIG_SHA256] = { "hmac-sha256", SHA256_DIGEST_SIZE },
	[TSIG_SHA384] = { "hmac-sha384", SHA384_DIGEST_SIZE },
	[TSIG_SHA512] = { "hmac-sha512", SHA512_DIGEST_SIZE },
};

const char *tsig_algorithm_text(enum tsig_algorithm algorithm)
{
	return algorithms[algorithm].text;
}

size_t tsig_mac_bytes(enum tsig_algorithm algorithm)
{
	return algorithms[algorithm].bytes;
}

int tsig_algorithm_parse(const char *text, enum tsig_algorithm *ret_algorithm)
{
	for (enum tsig_algorithm i = 0; i < TSIG_ALGORITHMS; i++) {
		if (strcmp(algorithms[i].text, text) == 0) {
			*ret_algorithm = i;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

int tsig_algorithm_of(const struct name *name, enum tsig_algorithm *ret_algorithm)
{
	char text[DNS_NAME_TEXT_MAX];
	size_t len = strlen(name_print(name->wire, text));

	text[len - 1] = '\0';	/* the last dot */
	return tsig_algorithm_parse(text, ret_algorithm);
}

int tsig_key_init(struct tsig_key *key, const char *name, enum tsig_algorithm algorithm, const char *secret)
{
	struct base64_decode_ctx decode;
	size_t len = strlen(secret), room;

	*key = (struct tsig_key){ .algorithm = algorithm };
	if (len > BASE64_ENCODE_RAW_LENGTH(TSIG_SECRET_MAX) + 64)
		return ERR_LIMIT;
	uint8_t bytes[BASE64_DECODE_LENGTH(BASE64_ENCODE_RAW_LENGTH(TSIG_SECRET_MAX) + 64)];
	room = sizeof bytes;
	base64_decode_init(&decode);
	if (name_from_text(name, &key->name) != 0 || !base64_decode_update(&decode, &room, bytes, len, secret)
	    || !base64_decode_final(&decode) || room == 0)
		return ERR_SYNTAX;
	if (room > sizeof key->secret)
		return ERR_LIMIT;
	memcpy(key->secret, bytes, room);
	key->secret_len = room;
	explicit_bzero(bytes, sizeof bytes);
	return 0;
}

void tsig_key_fini(struct tsig_key *key)
{
	explicit_bzero(key, sizeof *key);
}

static void mac_sha256(const struct tsig_key *key, const struct span *parts, size_t count, uint8_t *out)
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key->secret_len, key->secret);
	for (size_t i = 0; i < count; i++)
		hmac_sha256_update(&ctx, parts[i].len, parts[i].at);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof ctx);
}

static void mac_sha384(const struct tsig_key *key, const struct span *parts, size_t count, uint8_t *out)
{
	struct hmac_sha512_ctx ctx;

	hmac_sha384_set_key(&ctx, key->secret_len, key->secret);
	for (size_t i = 0; i < count; i++)
		hmac_sha384_update(&ctx, parts[i].len, parts[i].at);
	hmac_sha384_digest(&ctx, SHA384_DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof ctx);
}

static void mac_sha512(const struct tsig_key *key, const struct span *parts, size_t count, uint8_t *out)
{
	struct hmac_sha512_ctx ctx;

	hmac_sha512_set_key(&ctx, key->secret_len, key->secret);
	for (size_t i = 0; i < count; i++)
		hmac_sha512_update(&ctx, parts[i].len, parts[i].at);
	hmac_sha512_digest(&ctx, SHA512_DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof ctx);
}

size_t tsig_key_mac(const struct tsig_key *key, const struct span *parts, size_t count, uint8_t ret_mac[TSIG_MAC_MAX])
{
	switch (key->algorithm) {
	case TSIG_SHA256: mac_sha256(key, parts, count, ret_mac); break;
	case TSIG_SHA384: mac_sha384(key, parts, count, ret_mac); break;
	default: mac_sha512(key, parts, count, ret_mac); break;
	}
	return algorithms[key->algorithm].bytes;
}

bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memeql_sec(a, b, len) != 0;
}
