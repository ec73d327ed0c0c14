/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/err.h"

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned port = 0;

	if (*text == '\0')
		return ERR_SYNTAX;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || (port = port * 10 + (unsigned)(*text - '0')) > UINT16_MAX)
			return ERR_SYNTAX;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

/* A link-local address is only an address together with its interface: fe80::1%eth0. */
static int parse_v6(char *host, uint16_t port, struct addr *ret)
{
	struct addr addr = { .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
	char *scope = strchr(host, '%');

	if (scope != NULL) {
		*scope++ = '\0';
		addr.v6.sin6_scope_id = if_nametoindex(scope);
		if (addr.v6.sin6_scope_id == 0)
			return ERR_SYNTAX;
	}
	if (inet_pton(AF_INET6, host, &addr.v6.sin6_addr) != 1)
		return ERR_SYNTAX;
	*ret = addr;
	return 0;
}

int addr_parse(const char *text, uint16_t default_port, struct addr *ret)
{
	char host[ADDR_TEXT_MAX];
	uint16_t port = default_port;
	const char *at = strrchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (len == 0 || len >= sizeof host)
		return ERR_SYNTAX;
	if (at != NULL ? parse_port(at + 1, &port) != 0 : default_port == 0)
		return ERR_SYNTAX;
	memcpy(host, text, len);
	host[len] = '\0';

	char *bare = host;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		bare = host + 1;
		if (strchr(bare, ':') == NULL)
			return ERR_SYNTAX;
	}
	if (strchr(bare, ':') != NULL)
		return parse_v6(bare, port, ret);

	struct addr addr = { .v4 = { .sin_family = AF_INET, .sin_port = htons(port) } };
	if (inet_pton(AF_INET, bare, &addr.v4.sin_addr) != 1)
		return ERR_SYNTAX;
	*ret = addr;
	return 0;
}

const char *addr_print_host(const struct addr *addr, char *buf, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	char scope[IF_NAMESIZE + 1] = "";

	if (addr->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &addr->v4.sin_addr, host, sizeof host);
	else if (addr->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &addr->v6.sin6_addr, host, sizeof host);
	if (addr->any.sa_family == AF_INET6 && addr->v6.sin6_scope_id != 0) {
		scope[0] = '%';
		if (if_indextoname(addr->v6.sin6_scope_id, scope + 1) == NULL)
			snprintf(scope + 1, sizeof scope - 1, "%u", addr->v6.sin6_scope_id);
	}
	snprintf(buf, size, "%s%s", host, scope);
	return buf;
}

const char *addr_print(const struct addr *addr, char *buf, size_t size)
{
	char host[ADDR_TEXT_MAX];

	snprintf(buf, size, "%s@%u", addr_print_host(addr, host, sizeof host), addr_port(addr));
	return buf;
}

uint16_t addr_port(const struct addr *addr)
{
	return ntohs(addr->any.sa_family == AF_INET6 ? addr->v6.sin6_port : addr->v4.sin_port);
}

socklen_t addr_len(const struct addr *addr)
{
	return addr->any.sa_family == AF_INET6 ? sizeof addr->v6 : sizeof addr->v4;
}

struct span addr_bytes(const struct addr *addr)
{
	if (addr->any.sa_family == AF_INET6)
		return (struct span){ addr->v6.sin6_addr.s6_addr, sizeof addr->v6.sin6_addr };
	return (struct span){ (const uint8_t *)&addr->v4.sin_addr, sizeof addr->v4.sin_addr };
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET6)
		return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id
			&& memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
	return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

bool addr_is_wildcard(const struct addr *addr)
{
	if (addr->any.sa_family == AF_INET6)
		return memcmp(&addr->v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
	return addr->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}
