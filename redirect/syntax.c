/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/syntax.h"

#include <arpa/inet.h>

enum {
	TOKEN = 1,	/* tchar */
	URI = 2,	/* unreserved, sub-delims, ":" "@" "/" "?" */
	HEX = 4,
	NAME = 8,	/* of a label: letters, digits, "-" and, as resolvers know it, "_" */
	UPPER = 'a' - 'A',	/* so that a byte with this bit of its class is in lower case */
	QUERY = 16,	/* what browsers leave as it is in a query, against RFC 3986 */
};

#define DIGIT (TOKEN | URI | HEX | NAME)
#define ALPHA (TOKEN | URI | NAME)
#define CAPITAL (ALPHA | UPPER)

static const uint8_t classes[256] = {
	['0' ... '9'] = DIGIT,
	['A' ... 'F'] = CAPITAL | HEX, ['G' ... 'Z'] = CAPITAL,
	['a' ... 'f'] = ALPHA | HEX, ['g' ... 'z'] = ALPHA,
	['-'] = ALPHA, ['_'] = ALPHA, ['.'] = TOKEN | URI, ['~'] = TOKEN | URI,
	['!'] = TOKEN | URI, ['$'] = TOKEN | URI, ['&'] = TOKEN | URI, ['\''] = TOKEN | URI, ['*'] = TOKEN | URI,
	['+'] = TOKEN | URI, ['('] = URI, [')'] = URI, [','] = URI, [';'] = URI, ['='] = URI,
	[':'] = URI, ['@'] = URI, ['/'] = URI, ['?'] = URI,
	['#'] = TOKEN, ['%'] = TOKEN, ['^'] = TOKEN | QUERY, ['`'] = TOKEN | QUERY, ['|'] = TOKEN | QUERY,
	['['] = QUERY, [']'] = QUERY, ['{'] = QUERY, ['}'] = QUERY,
};

bool redirect_is_token(uint8_t byte)
{
	return classes[byte] & TOKEN;
}

bool redirect_is_token_text(struct span text)
{
	uint8_t all = TOKEN;

	for (size_t i = 0; i < text.len; i++)
		all &= classes[text.at[i]];
	return text.len != 0 && all != 0;
}

static bool encodes_control(const uint8_t *escape)
{
	return escape[1] == '0' || escape[1] == '1' || (escape[1] == '7' && (escape[2] | 0x20) == 'f');
}

static const uint8_t *skip(const uint8_t *at, const uint8_t *end, uint8_t kind)
{
	while (at < end && (classes[*at] & kind))
		at++;
	return at;
}

bool redirect_uri_legal(struct span text)
{
	const uint8_t *end = text.at + text.len, *at = skip(text.at, end, URI), *query;

	if (at == end)
		return true;
	query = memchr(text.at, '?', text.len);
	query = query != NULL ? query : end;
	while (at < end) {
		if (*at == '%') {
			if (end - at < 3 || !(classes[at[1]] & HEX) || !(classes[at[2]] & HEX)
			    || (at < query && encodes_control(at)))
				return false;
			at += 3;
		} else if (at > query && (classes[*at] & QUERY)) {
			at++;
		} else {
			return false;
		}
		at = skip(at, end, URI);
	}
	return true;
}

/* "" (RFC 3986 lets the digits be left out) or ":" and at most 65535. */
static bool parse_port(struct span text, uint16_t *ret_port)
{
	unsigned port = 0;

	if (text.len == 0) {
		*ret_port = 0;
		return true;
	}
	if (text.at[0] != ':')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		unsigned digit = (unsigned)text.at[i] - '0';

		if (digit > 9)
			return false;
		port = port * 10 + digit;
		if (port > UINT16_MAX)
			return false;
	}
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_bracketed(struct span text, char *host, uint8_t *ret_len, uint16_t *ret_port)
{
	const uint8_t *close = memchr(text.at, ']', text.len);
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (close == NULL || close - text.at - 1 >= (ptrdiff_t)sizeof address)
		return false;

	size_t len = (size_t)(close - text.at - 1);
	memcpy(address, text.at + 1, len);
	address[len] = '\0';
	/* A NUL inside would end the address for inet_pton() and hide what follows. */
	if (memchr(address, '\0', len) != NULL || inet_pton(AF_INET6, address, &in6) != 1)
		return false;
	if (!parse_port((struct span){ close + 1, text.len - len - 2 }, ret_port))
		return false;

	inet_ntop(AF_INET6, &in6, host + 1, INET6_ADDRSTRLEN);
	host[0] = '[';
	len = strlen(host);
	host[len] = ']';
	host[len + 1] = '\0';
	*ret_len = (uint8_t)(len + 1);
	return true;
}

bool redirect_host_parse(struct span text, char host[REDIRECT_HOST_MAX + 1], uint8_t *ret_len, uint16_t *ret_port)
{
	char lower[REDIRECT_HOST_MAX + 1];
	size_t len = 0;

	if (text.len == 0)
		return false;
	if (text.at[0] == '[')
		return parse_bracketed(text, host, ret_len, ret_port);

	/* A label is a run of NAME bytes; a dot stands behind one. */
	size_t most = text.len < REDIRECT_HOST_MAX ? text.len : REDIRECT_HOST_MAX;
	uint8_t before = '.';
	for (; len < most; len++) {
		uint8_t byte = text.at[len];

		if (classes[byte] & NAME)
			lower[len] = (char)(byte | (classes[byte] & UPPER));
		else if (byte == '.' && before != '.')
			lower[len] = '.';
		else
			break;
		before = byte;
	}
	if (len == 0 || !parse_port((struct span){ text.at + len, text.len - len }, ret_port))
		return false;
	if (lower[len - 1] == '.')
		len--;
	memcpy(host, lower, len);
	host[len] = '\0';
	*ret_len = (uint8_t)len;
	return true;
}
