/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/expand.h"

#include <string.h>
#include <strings.h>

#include "redirect/syntax.h"

#define fault(note, ...) (err_note_set(note, NULL, 0, __VA_ARGS__), ERR_INVALID)

#define HOST_VARIABLE "{host}"
enum { HOST_VARIABLE_LEN = sizeof HOST_VARIABLE - 1 };

struct text {
	char bytes[REDIRECT_TARGET_MAX + 1];
	size_t len;
};

static bool append(struct text *text, const char *from, size_t len)
{
	if (len > REDIRECT_TARGET_MAX - text->len)
		return false;
	memcpy(text->bytes + text->len, from, len);
	text->len += len;
	text->bytes[text->len] = '\0';
	return true;
}

static const char *value_of(const struct redirect_expand_names *names, const char *variable, size_t len)
{
	if (len == 6 && memcmp(variable, "{node}", 6) == 0)
		return names->node;
	if (len == 8 && memcmp(variable, "{region}", 8) == 0)
		return names->region;
	return len == HOST_VARIABLE_LEN && memcmp(variable, HOST_VARIABLE, len) == 0 ? HOST_VARIABLE : NULL;
}

static int substitute(const char *url, const struct redirect_expand_names *names, struct text *text,
		      struct err_note *note)
{
	while (*url != '\0') {
		size_t len = *url == '{' ? strcspn(url, "}") + 1 : strcspn(url, "{");
		const char *from = url;

		if (*url == '{') {
			if (url[len - 1] != '}')
				return fault(note, "\"{\" without \"}\"");
			from = value_of(names, url, len);
			if (from == NULL)
				return fault(note, "unknown variable %.*s; there are {node}, {region} and {host}",
					     (int)len, url);
			if (*from == '\0')
				return fault(note, "%.*s is used, but node.%.*s is empty", (int)len, url,
					     (int)len - 2, url + 1);
		}
		if (!append(text, from, *url == '{' ? strlen(from) : len))
			return fault(note, "longer than %d bytes", REDIRECT_TARGET_MAX);
		url += len;
	}
	return 0;
}

/* With "h" for each {host}: to the syntax, one host is as good as another. */
static struct text with_sample(const char *from, size_t len)
{
	struct text text = { .len = 0 };

	for (size_t i = 0; i < len;) {
		bool variable =
			len - i >= HOST_VARIABLE_LEN && memcmp(from + i, HOST_VARIABLE, HOST_VARIABLE_LEN) == 0;

		append(&text, variable ? "h" : from + i, 1);
		i += variable ? HOST_VARIABLE_LEN : 1;
	}
	return text;
}

struct authority {
	const char *text;
	size_t len;
	char name[REDIRECT_HOST_MAX + 1];
	uint16_t port;
};

static int check_parts(struct authority *authority, const char *path, struct err_note *note)
{
	struct text host = with_sample(authority->text, authority->len), rest = with_sample(path, strlen(path));
	uint8_t len;

	if (memchr(authority->text, '@', authority->len) != NULL)
		return fault(note, "a user name has no place in a redirect");
	if (!redirect_host_parse((struct span){ (uint8_t *)host.bytes, host.len }, authority->name, &len,
				 &authority->port))
		return fault(note, "\"%.*s\" is not HOST or HOST:PORT", (int)authority->len, authority->text);
	if (strpbrk(path, "?#") != NULL)
		return fault(note, "a target is a prefix: path and query of the request follow it, so \"?\" and "
			     "\"#\" cannot stand in it");
	if (!redirect_uri_legal((struct span){ (uint8_t *)rest.bytes, rest.len }))
		return fault(note, "the path \"%s\" has a byte that RFC 3986 does not allow", path);
	return 0;
}

static int cut(const struct text *text, size_t authority_end, struct arena *arena, struct redirect_target *target,
	       struct err_note *note)
{
	struct redirect_target cut = { .weight = target->weight, .id = target->id };
	char *url = arena_copy(arena, text->bytes, text->len + 1);
	const char *from = url, *use;

	while ((use = strstr(from, HOST_VARIABLE)) != NULL) {
		if (cut.host_uses == REDIRECT_HOST_USES_MAX)
			return fault(note, "{host} more than %d times", REDIRECT_HOST_USES_MAX);
		cut.parts[cut.host_uses++] = (struct span){ (const uint8_t *)from, (size_t)(use - from) };
		cut.authority_uses += (size_t)(use - url) < authority_end;
		from = use + HOST_VARIABLE_LEN;
	}
	cut.parts[cut.host_uses] = (struct span){ (const uint8_t *)from, text->len - (size_t)(from - url) };
	cut.url = url;
	cut.https = strncasecmp(url, "https", 5) == 0;
	*target = cut;
	return 0;
}

int redirect_expand(const char *url, const struct redirect_expand_names *names, struct arena *arena,
		    struct redirect_target *target, struct err_note *note)
{
	struct text text = { .len = 0 };
	size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;

	if (scheme == 0)
		return fault(note, "expected http:// or https://");
	int result = substitute(url, names, &text, note);
	if (result != 0)
		return result;

	/* The request's path brings its own "/". */
	while (text.len > scheme && text.bytes[text.len - 1] == '/')
		text.bytes[--text.len] = '\0';
	struct authority authority = {
		.text = text.bytes + scheme, .len = strcspn(text.bytes + scheme, "/?#"),
	};
	result = check_parts(&authority, authority.text + authority.len, note);
	if (result == 0)
		result = cut(&text, scheme + authority.len, arena, target, note);
	if (result != 0)
		return result;
	target->port = authority.port != 0 ? authority.port : target->https ? 443 : 80;
	if (target->authority_uses == 0)
		target->host = arena_copy(arena, authority.name, strlen(authority.name) + 1);
	return 0;
}
