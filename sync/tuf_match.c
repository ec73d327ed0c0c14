/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_match.h"

#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

/* One character of well-formed UTF-8; JSON and tuf_path_is_good() have seen to that it is. Never beyond a NUL. */
static uint32_t take(const char **at)
{
	const unsigned char *c = (const unsigned char *)*at;
	unsigned more = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0xc0 ? 1 : 0;
	uint32_t value = more == 0 ? c[0] : c[0] & (0x3fu >> more);

	++*at;
	for (; more > 0 && (**at & 0xc0) == 0x80; more--)
		value = value << 6 | (unsigned char)(*(*at)++ & 0x3f);
	return value;
}

static bool at_end(const char *at)
{
	return *at == '\0' || *at == '/';
}

/* The end of the class that begins at an opening bracket: behind its closing one, or NULL when there is none in this
 * segment and the bracket stands for itself. A bracket right at the beginning is a member. */
static const char *class_end(const char *at)
{
	at++;
	if (*at == '!')
		at++;
	if (*at == ']')
		at++;
	while (!at_end(at) && *at != ']')
		at++;
	return *at == ']' ? at + 1 : NULL;
}

static bool class_has(const char *at, const char *end, uint32_t c)
{
	bool negated = *++at == '!', found = false;

	at += negated;
	for (end--; at < end; ) {
		uint32_t low = take(&at), high = low;

		if (*at == '-' && at + 1 < end) {
			at++;
			high = take(&at);
		}
		found |= c >= low && c <= high;
	}
	return found != negated;
}

/* One character of the path against one element of the pattern, no star. Both move on when they match. */
static bool one_matches(const char **pattern, const char **path)
{
	const char *end = **pattern == '[' ? class_end(*pattern) : NULL;
	const char *after = *path;

	if (at_end(*pattern) || at_end(*path))
		return false;
	uint32_t c = take(&after);
	if (end != NULL) {
		if (!class_has(*pattern, end, c))
			return false;
		*pattern = end;
	} else if (**pattern == '?') {
		++*pattern;
	} else {
		const char *literal = *pattern;

		if (take(&literal) != c)
			return false;
		*pattern = literal;
	}
	*path = after;
	return true;
}

/* Only the last star met needs to be tried again: what an earlier one could take more, the last can take as well. */
static bool segment_matches(const char **pattern_at, const char **path_at)
{
	const char *pattern = *pattern_at, *path = *path_at, *star = NULL, *retry = NULL;

	while (!at_end(path)) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = path;
		} else if (!one_matches(&pattern, &path)) {
			if (star == NULL)
				return false;
			pattern = star;
			take(&retry);
			path = retry;
		}
	}
	while (*pattern == '*')
		pattern++;
	*pattern_at = pattern;
	*path_at = path;
	return at_end(pattern);
}

bool tuf_pattern_matches(const char *pattern, const char *path)
{
	for (;;) {
		if (!segment_matches(&pattern, &path) || *pattern != *path)
			return false;
		if (*path == '\0')
			return true;
		pattern++;
		path++;
	}
}

const char *tuf_path_digest(const char *path, char buf[TUF_DIGEST_TEXT_MAX])
{
	uint8_t digest[HASH_SHA256_BYTES];

	hash_sha256(span_string(path), digest);
	hash_put_hex((struct span){ digest, sizeof digest }, buf);
	return buf;
}

bool tuf_role_is_for(const struct tuf_role *role, const char *path, const char *digest)
{
	struct json_view *list = role->paths != NULL ? role->paths : role->prefixes;

	for (size_t i = 0; i < json_view_count(list); i++) {
		const char *text = json_view_text(json_view_at(list, i));

		if (role->paths != NULL ? tuf_pattern_matches(text, path) : strncmp(digest, text, strlen(text)) == 0)
			return true;
	}
	return false;
}

char *tuf_bins_name(const struct tuf_bins *bins, const char *digest)
{
	char first[9];
	unsigned digits = (bins->bits + 3) / 4;

	memcpy(first, digest, 8);
	first[8] = '\0';
	return mem_format("%s-%0*lx", bins->prefix, (int)digits, strtoul(first, NULL, 16) >> (32 - bins->bits));
}

static char *quote(const char *text, const char *safe)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char always[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *quoted = mem_array(strlen(text) + 1, 3), *to = quoted;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (strchr(always, c) != NULL || strchr(safe, c) != NULL) {
			*to++ = (char)c;
		} else {
			*to++ = '%';
			*to++ = digits[c >> 4];
			*to++ = digits[c & 15];
		}
	}
	return quoted;
}

char *tuf_name_quote(const char *name)
{
	return quote(name, "");
}

char *tuf_file_quote(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return mem_string(name[1] == '\0' ? "%2E" : "%2E%2E");
	return tuf_name_quote(name);
}

char *tuf_path_quote(const char *path)
{
	return quote(path, "/!$&'()*+,;=:@");
}

char *tuf_url_join(const char *base, const char *rest)
{
	size_t len = strlen(base);

	return mem_format("%s%s%s", base, len > 0 && base[len - 1] == '/' ? "" : "/", rest);
}

bool tuf_path_is_good(const char *path)
{
	const unsigned char *at = (const unsigned char *)path;

	if (*at == '\0')
		return false;
	while (*at != '\0') {
		unsigned more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
		uint32_t value = more == 0 ? *at : *at & (0x3fu >> more);
		static const uint32_t least[] = { 0x20, 0x80, 0x800, 0x10000 };

		if (*at == 0x7f || (*at >= 0x80 && *at < 0xc2) || *at > 0xf4)
			return false;
		at++;
		for (unsigned i = 0; i < more; i++, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			value = value << 6 | (*at & 0x3f);
		}
		if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return false;
	}
	return true;
}
