/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/err.h"

/* The locale must not decide what a letter is, so no <ctype.h>. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One character of a name, \DDD and \X undone. 0 or ERR_SYNTAX. */
static int next_byte(const char **at, uint8_t *ret)
{
	const char *c = *at;

	if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~' || *c == '"' || *c == ';' || *c == '(' || *c == ')')
		return ERR_SYNTAX;
	if (*c == '\\' && is_digit(c[1])) {
		if (!is_digit(c[2]) || !is_digit(c[3]))
			return ERR_SYNTAX;
		unsigned value = (unsigned)(c[1] - '0') * 100 + (unsigned)(c[2] - '0') * 10 + (unsigned)(c[3] - '0');
		if (value > UINT8_MAX)
			return ERR_SYNTAX;
		*ret = (uint8_t)value;
		*at = c + 4;
		return 0;
	}
	if (*c == '\\' && ((unsigned char)*++c <= ' ' || (unsigned char)*c > '~'))
		return ERR_SYNTAX;
	*ret = (uint8_t)*c;
	*at = c + 1;
	return 0;
}

static int next_label(const char **at, uint8_t *wire, size_t *len)
{
	size_t start = (*len)++;

	while (**at != '\0' && **at != '.') {
		uint8_t byte;

		if (next_byte(at, &byte) != 0 || *len - start > CONF_LABEL_MAX || *len >= CONF_WIRE_MAX - 1)
			return ERR_SYNTAX;
		wire[(*len)++] = byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
	}
	wire[start] = (uint8_t)(*len - start - 1);
	return wire[start] == 0 ? ERR_SYNTAX : 0;
}

int conf_text_name(const char *text, uint8_t ret_wire[CONF_WIRE_MAX], size_t *ret_len)
{
	uint8_t wire[CONF_WIRE_MAX];
	size_t len = 0;

	if (*text == '\0')
		return ERR_SYNTAX;
	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		if (len >= CONF_WIRE_MAX - 1 || next_label(&text, wire, &len) != 0)
			return ERR_SYNTAX;
		text += *text == '.';
	}
	wire[len++] = 0;
	memcpy(ret_wire, wire, len);
	*ret_len = len;
	return 0;
}

static bool is_host_of(const char *text, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > CONF_HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool edge = label == 0 || i + 1 == len || text[i + 1] == '.';

		if (text[i] == '.' && label > 0 && i + 1 < len)
			label = 0;
		else if (++label > CONF_LABEL_MAX || !(is_alnum(text[i]) || (text[i] == '-' && !edge)))
			return false;
	}
	return true;
}

bool conf_text_is_host(const char *text)
{
	return is_host_of(text, strlen(text));
}

/* Writes url with each {variable} replaced by "x", which is good wherever a variable may stand. */
static const char *fill_variables(const char *url, char filled[CONF_URL_MAX + 1])
{
	static const char *const variables[] = { "{node}", "{region}", "{host}" };
	size_t len = 0;

	if (strlen(url) > CONF_URL_MAX)
		return "it is longer than 1024 bytes";
	while (*url != '\0') {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
			if (strncmp(url, variables[i], strlen(variables[i])) == 0)
				skip = strlen(variables[i]);
		}
		if (skip == 0 && (*url == '{' || *url == '}'))
			return "only {node}, {region} and {host} may stand in braces";
		filled[len++] = skip ? 'x' : *url;
		url += skip ? skip : 1;
	}
	filled[len] = '\0';
	return NULL;
}

static bool is_port(const char *text, size_t len)
{
	unsigned port = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]) || (port = port * 10 + (unsigned)(text[i] - '0')) > UINT16_MAX)
			return false;
	}
	return port != 0;
}

static bool is_v6_literal(const char *text, size_t len)
{
	char host[INET6_ADDRSTRLEN];
	struct in6_addr ignored;

	if (len < 4 || len - 2 >= sizeof host || text[0] != '[' || text[len - 1] != ']')
		return false;
	memcpy(host, text + 1, len - 2);
	host[len - 2] = '\0';
	return inet_pton(AF_INET6, host, &ignored) == 1;
}

static const char *authority_fault(const char *text, size_t len)
{
	size_t host = len;

	if (len == 0)
		return "the host is missing";
	if (memchr(text, '@', len) != NULL)
		return "a user name or password has no place in it";
	for (size_t i = len; i > 0 && text[i - 1] != ']'; i--) {
		if (text[i - 1] == ':')
			host = i - 1;
	}
	if (host < len && !is_port(text + host + 1, len - host - 1))
		return "the port must be a number from 1 to 65535";
	return is_host_of(text, host) || is_v6_literal(text, host) ? NULL : "the host is not a host name or address";
}

/* RFC 3986, 3.3: what a path may hold. */
static const char *path_fault(const char *path)
{
	for (; *path != '\0'; path++) {
		if (*path == '%' && (!is_hex(path[1]) || !is_hex(path[2])))
			return "a % in the path must be followed by two hexadecimal digits";
		if (!is_alnum(*path) && strchr("-._~!$&'()*+,;=:@/%", *path) == NULL)
			return "the path holds a character that must be written as %XX";
	}
	return NULL;
}

static const char *authority_of(const char *url)
{
	if (strncmp(url, "https://", 8) == 0)
		return url + 8;
	return strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

const char *conf_text_url_fault(const char *url)
{
	char filled[CONF_URL_MAX + 1];
	const char *fault = fill_variables(url, filled);

	if (fault != NULL)
		return fault;
	const char *authority = authority_of(filled);
	if (authority == NULL)
		return "it must begin with http:// or https://";
	if (strpbrk(filled, "?#") != NULL)
		return "a query or fragment has no place in it: the client's own is kept";

	size_t len = strcspn(authority, "/");
	fault = authority_fault(authority, len);
	return fault != NULL ? fault : path_fault(authority + len);
}

bool conf_text_in_authority(const char *url, const char *variable)
{
	const char *authority = authority_of(url), *at = strstr(url, variable);

	return authority != NULL && at != NULL && at < authority + strcspn(authority, "/");
}

const char *conf_text_quote(const char *text, size_t len, char buf[CONF_QUOTE_MAX])
{
	/* Room behind each character for the longest that may follow: "\xNN", three dots, the quote and the end. */
	const size_t room = CONF_QUOTE_MAX - sizeof "\\xNN...\"";
	size_t at = 0, i = 0;

	buf[at++] = '"';
	for (; i < len && at <= room; i++) {
		if (text[i] >= ' ' && text[i] <= '~')
			buf[at++] = text[i];
		else
			at += (size_t)snprintf(buf + at, CONF_QUOTE_MAX - at, "\\x%02x", (unsigned char)text[i]);
	}
	snprintf(buf + at, CONF_QUOTE_MAX - at, "%s\"", i < len ? "..." : "");
	return buf;
}

enum { WORD_MAX = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The usual table of prefixes (optimal string alignment), three rows of it at a time. */
unsigned conf_text_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][WORD_MAX + 1] = { 0 };
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return limit;
	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return least(rows[a_len % 3][b_len], limit);
}

/* RFC 9110, 5.6.2 */
static size_t token_len(const char *text)
{
	size_t len = 0;

	while (is_alnum(text[len]) || (text[len] != '\0' && strchr("!#$%&'*+-.^_`|~", text[len]) != NULL))
		len++;
	return len;
}

bool conf_text_is_media_type(const char *text)
{
	size_t len = token_len(text), more = len > 0 && text[len] == '/' ? token_len(text + len + 1) : 0;

	if (more == 0 || strlen(text) > CONF_MEDIA_TYPE_MAX)
		return false;
	text += len + 1 + more;
	if (*text != '\0' && *text != ';' && *text != ' ')
		return false;
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}
