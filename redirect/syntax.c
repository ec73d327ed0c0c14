/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/syntax.h"

#include <arpa/inet.h>

enum {
	TOKEN = 1,	/* tchar */
	URI = 2,	/* unreserved, sub-delims, ":" "@" "/" "?" */
	HEX = 4,
	NAME = 8,	/* of a label: letters, digits, "-" and, as resolvers know it, "_" */
};

#define DIGIT (TOKEN | URI | HEX | NAME)
#define ALPHA (TOKEN | URI | NAME)

static const uint8_t classes[256] = {
	['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT,
	['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
	['A'] = ALPHA | HEX, ['B'] = ALPHA | HEX, ['C'] = ALPHA | HEX, ['D'] = ALPHA | HEX, ['E'] = ALPHA | HEX,
	['F'] = ALPHA | HEX, ['G'] = ALPHA, ['H'] = ALPHA, ['I'] = ALPHA, ['J'] = ALPHA, ['K'] = ALPHA, ['L'] = ALPHA,
	['M'] = ALPHA, ['N'] = ALPHA, ['O'] = ALPHA, ['P'] = ALPHA, ['Q'] = ALPHA, ['R'] = ALPHA, ['S'] = ALPHA,
	['T'] = ALPHA, ['U'] = ALPHA, ['V'] = ALPHA, ['W'] = ALPHA, ['X'] = ALPHA, ['Y'] = ALPHA, ['Z'] = ALPHA,
	['a'] = ALPHA | HEX, ['b'] = ALPHA | HEX, ['c'] = ALPHA | HEX, ['d'] = ALPHA | HEX, ['e'] = ALPHA | HEX,
	['f'] = ALPHA | HEX, ['g'] = ALPHA, ['h'] = ALPHA, ['i'] = ALPHA, ['j'] = ALPHA, ['k'] = ALPHA, ['l'] = ALPHA,
	['m'] = ALPHA, ['n'] = ALPHA, ['o'] = ALPHA, ['p'] = ALPHA, ['q'] = ALPHA, ['r'] = ALPHA, ['s'] = ALPHA,
	['t'] = ALPHA, ['u'] = ALPHA, ['v'] = ALPHA, ['w'] = ALPHA, ['x'] = ALPHA, ['y'] = ALPHA, ['z'] = ALPHA,
	['-'] = ALPHA, ['_'] = ALPHA, ['.'] = TOKEN | URI, ['~'] = TOKEN | URI,
	['!'] = TOKEN | URI, ['$'] = TOKEN | URI, ['&'] = TOKEN | URI, ['\''] = TOKEN | URI, ['*'] = TOKEN | URI,
	['+'] = TOKEN | URI, ['('] = URI, [')'] = URI, [','] = URI, [';'] = URI, ['='] = URI,
	[':'] = URI, ['@'] = URI, ['/'] = URI, ['?'] = URI,
	['#'] = TOKEN, ['%'] = TOKEN, ['^'] = TOKEN, ['`'] = TOKEN, ['|'] = TOKEN,
};

bool redirect_is_token(uint8_t byte)
{
	return classes[byte] & TOKEN;
}

bool redirect_is_token_text(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!redirect_is_token(text.at[i]))
			return false;
	return text.len != 0;
}

static bool encodes_control(const uint8_t *escape)
{
	return escape[1] == '0' || escape[1] == '1' || (escape[1] == '7' && (escape[2] | 0x20) == 'f');
}

bool redirect_uri_legal(struct span text)
{
	const uint8_t *at = text.at, *end = at + text.len, *query = NULL;

	while (at < end) {
		if (classes[*at] & URI) {
			at++;
			continue;
		}
		if (*at != '%' || end - at < 3 || !(classes[at[1]] & HEX) || !(classes[at[2]] & HEX))
			return false;
		if (query == NULL) {
			query = memchr(text.at, '?', text.len);
			query = query != NULL ? query : end;
		}
		if (at < query && encodes_control(at))
			return false;
		at += 3;
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

	for (; len < text.len && text.at[len] != ':'; len++) {
		uint8_t byte = text.at[len];

		if (len == REDIRECT_HOST_MAX)
			return false;
		if (byte == '.' ? len == 0 || lower[len - 1] == '.' : !(classes[byte] & NAME))
			return false;
		lower[len] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
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
