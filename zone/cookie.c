/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/cookie.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "zone/wire.h"

enum {
	VERSION = 1,
	SECRET_FILE_MAX = 4096,
	HASH_AT = COOKIE_CLIENT_BYTES + 8,	/* behind version, reserved bytes and time stamp */
	HASH_BYTES = crypto_shorthash_siphash24_BYTES,
	AGE_MAX_S = 3600,
	AHEAD_MAX_S = 300,
};

_Static_assert(HASH_AT + HASH_BYTES == COOKIE_BYTES, "RFC 9018, 4");
_Static_assert(COOKIE_SECRET_BYTES == crypto_shorthash_siphash24_KEYBYTES, "RFC 9018, 4.4");

static bool read_hex(const char *text, uint8_t secret[COOKIE_SECRET_BYTES])
{
	size_t len;
	const char *end;

	return sodium_hex2bin(secret, COOKIE_SECRET_BYTES, text, strlen(text), " \t\r\n", &len, &end) == 0
		&& len == COOKIE_SECRET_BYTES && *end == '\0';
}

int cookie_secret_read(const char *path, uint8_t ret_secret[COOKIE_SECRET_BYTES], struct err_note *note)
{
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, SECRET_FILE_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "the cookie secret cannot be read: %s", err_text(err));
		return err;
	}
	if (len == COOKIE_SECRET_BYTES)
		memcpy(ret_secret, bytes, COOKIE_SECRET_BYTES);
	else if (!read_hex((const char *)bytes, ret_secret))
		err = ERR_SYNTAX;
	if (err != 0)
		err_note_set(note, path, 0, "expected a cookie secret: 32 hexadecimal digits, or 16 bytes");
	sodium_memzero(bytes, len);
	mem_free(bytes);
	return err;
}

void cookie_secret_make(uint8_t ret_secret[COOKIE_SECRET_BYTES])
{
	randombytes_buf(ret_secret, COOKIE_SECRET_BYTES);
}

/* Over client cookie, version, reserved bytes, time stamp, and the client's address (RFC 9018, 4.4). */
static void hash(const uint8_t *secret, const uint8_t *cookie, struct span address, uint8_t out[HASH_BYTES])
{
	uint8_t input[HASH_AT + 16];

	memcpy(input, cookie, HASH_AT);
	memcpy(input + HASH_AT, address.at, address.len);
	crypto_shorthash_siphash24(out, input, HASH_AT + address.len, secret);
}

bool cookie_verify(const struct cookie_secrets *secrets, struct span option, struct span address, uint32_t now_s)
{
	uint8_t expected[HASH_BYTES];

	if (option.len != COOKIE_BYTES || option.at[COOKIE_CLIENT_BYTES] != VERSION)
		return false;

	/* Serial arithmetic: the time stamp wraps in 2106. */
	int32_t age_s = (int32_t)(now_s - dns_get_u32(option.at + COOKIE_CLIENT_BYTES + 4));
	if (age_s > AGE_MAX_S || age_s < -AHEAD_MAX_S)
		return false;
	for (size_t i = 0; i < secrets->count; i++) {
		hash(secrets->secret[i], option.at, address, expected);
		if (sodium_memcmp(expected, option.at + HASH_AT, HASH_BYTES) == 0)
			return true;
	}
	return false;
}

void cookie_write(const struct cookie_secrets *secrets, const uint8_t *client, struct span address, uint32_t now_s,
		  uint8_t out[COOKIE_BYTES])
{
	memcpy(out, client, COOKIE_CLIENT_BYTES);
	out[COOKIE_CLIENT_BYTES] = VERSION;
	memset(out + COOKIE_CLIENT_BYTES + 1, 0, 3);
	dns_put_u32(out + COOKIE_CLIENT_BYTES + 4, now_s);
	hash(secrets->secret[0], out, address, out + HASH_AT);
}
