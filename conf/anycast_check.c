/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a service's checks: "dns", "tcp:192.0.2.1@22", "exec:/usr/local/bin/check". See conf/build.h. */
#include "conf/build.h"

#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/text.h"

enum { DNS_PORT = 53, HTTP_PORT = 80, ADDRESS_ROOM = 64, CHECK_TYPE_MAX = 15 };

static const struct {
	const char *word;
	enum conf_service_check_kind kind;
} words[] = {
	{ "dns", CONF_CHECK_DNS },	     { "zones", CONF_CHECK_ZONES },	{ "http", CONF_CHECK_HTTP },
	{ "redirect", CONF_CHECK_REDIRECT }, { "workers", CONF_CHECK_WORKERS },
};

/* text up to len as an address and port. */
static bool parse_at(const char *text, size_t len, uint16_t port, struct addr *ret)
{
	char copy[ADDRESS_ROOM];

	if (len == 0 || len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return addr_parse(copy, port, ret) == 0 && addr_port(ret) != 0;
}

static const char *parse_tcp(const char *text, struct conf_service_check *ret)
{
	ret->kind = CONF_CHECK_TCP_AT;
	return parse_at(text, strlen(text), 0, &ret->addr) ? NULL : "behind tcp: stands ADDRESS@PORT";
}

/* ADDRESS@PORT/NAME/TYPE; name and type are cut out of text, which is the caller's to keep. */
static const char *parse_dns(char *text, struct conf_service_check *ret)
{
	static const char expected[] = "behind dns: stands ADDRESS@PORT/NAME/TYPE";
	char *name = strchr(text, '/'), *type = name ? strrchr(name + 1, '/') : NULL;
	uint8_t wire[CONF_WIRE_MAX];
	size_t len;

	ret->kind = CONF_CHECK_DNS_AT;
	if (type == NULL || !parse_at(text, (size_t)(name - text), DNS_PORT, &ret->addr))
		return expected;
	*type++ = '\0';
	name++;
	if (conf_text_name(name, wire, &len) != 0)
		return "the name to ask for is no domain name";
	if (type[0] == '\0' || strlen(type) > CHECK_TYPE_MAX
	    || strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != strlen(type))
		return expected;
	ret->name = name;
	ret->type = type;
	return NULL;
}

/* Only an address, no name: a check must not wait for a resolver that is down as well. */
static const char *parse_http(const char *text, struct conf_service_check *ret)
{
	static const char expected[] = "behind http:// stands an address, [:PORT] and /PATH; names are not looked up";
	size_t len = strcspn(text, "/"), host = len;
	unsigned long port = HTTP_PORT;
	const char *colon = text[0] == '[' ? strchr(text, ']') : text;

	ret->kind = CONF_CHECK_HTTP_AT;
	colon = colon != NULL ? strchr(colon, ':') : NULL;
	if (colon != NULL && colon < text + len) {
		char *end;

		host = (size_t)(colon - text);
		port = strtoul(colon + 1, &end, 10);
		if (end != text + len || end == colon + 1 || port == 0 || port > UINT16_MAX)
			return expected;
	}
	if (!parse_at(text, host, (uint16_t)port, &ret->addr) || memchr(text, '@', host) != NULL)
		return expected;
	ret->path = text[len] == '/' ? text + len : "/";
	return strchr(ret->path, ' ') == NULL ? NULL : "a blank cannot stand in a path";
}

const char *conf_service_check_parse(char *text, struct conf_service_check *ret)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(text, words[i].word) == 0) {
			ret->kind = words[i].kind;
			return NULL;
		}
	}
	if (strncmp(text, "tcp:", 4) == 0)
		return parse_tcp(text + 4, ret);
	if (strncmp(text, "dns:", 4) == 0)
		return parse_dns(text + 4, ret);
	if (strncmp(text, "http://", 7) == 0)
		return parse_http(text + 7, ret);
	if (strncmp(text, "exec:", 5) == 0) {
		ret->kind = CONF_CHECK_EXEC;
		ret->path = text + 5;
		return ret->path[0] == '/' ? NULL : "behind exec: stands the whole path of a program";
	}
	return "no such check; there are dns, zones, http, redirect, workers, tcp:ADDRESS@PORT,"
	       " dns:ADDRESS@PORT/NAME/TYPE, http://ADDRESS[:PORT]/PATH and exec:PATH";
}
