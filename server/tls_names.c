/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_names.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

/* '\0': no byte of a host name. */
static char lowered(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= ':') || c == '-' || c == '_' || c == '.' || c == '*')
		return (char)c;
	return '\0';
}

/* Lower case without a last dot into normal. False: too long, empty, or with bytes that host names do not have. */
static bool normalise(const char *text, size_t len, char normal[TLS_NAME_MAX + 1])
{
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > TLS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		normal[i] = lowered((unsigned char)text[i]);
		if (normal[i] == '\0')
			return false;
	}
	normal[len] = '\0';
	return true;
}

static void add(struct tls_names *names, const char *normal, size_t value)
{
	mem_grow((void **)&names->list, &names->capacity, names->count, sizeof *names->list);
	names->list[names->count] = (struct tls_name){ mem_string(normal), names->count, value };
	names->count++;
}

bool tls_names_add(struct tls_names *names, const char *text, size_t len, size_t value)
{
	char normal[TLS_NAME_MAX + 1];

	if (!normalise(text, len, normal) || strchr(normal, ':') != NULL)
		return false;
	/* A wildcard stands alone in the leftmost label, and for one label only. */
	const char *star = strrchr(normal, '*');
	if (star != NULL && (star != normal || normal[1] != '.' || normal[2] == '\0'))
		return false;
	add(names, normal, value);
	return true;
}

bool tls_names_add_address(struct tls_names *names, const uint8_t *bytes, size_t len, size_t value)
{
	char text[INET6_ADDRSTRLEN];

	if (len != sizeof(struct in_addr) && len != sizeof(struct in6_addr))
		return false;
	inet_ntop(len == sizeof(struct in_addr) ? AF_INET : AF_INET6, bytes, text, sizeof text);
	add(names, text, value);
	return true;
}

static int by_text(const void *a, const void *b)
{
	const struct tls_name *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

void tls_names_sort(struct tls_names *names)
{
	size_t kept = 0;

	if (names->count == 0)
		return;
	qsort(names->list, names->count, sizeof *names->list, by_text);
	for (size_t i = 1; i < names->count; i++) {
		if (strcmp(names->list[i].text, names->list[kept].text) == 0)
			mem_free(names->list[i].text);
		else
			names->list[++kept] = names->list[i];
	}
	names->count = kept + 1;
}

static int by_key(const void *key, const void *name)
{
	return strcmp(key, ((const struct tls_name *)name)->text);
}

static bool find(const struct tls_names *names, const char *text, size_t *ret_value)
{
	const struct tls_name *found = names->count == 0 ? NULL : bsearch(text, names->list, names->count,
									   sizeof *names->list, by_key);

	if (found != NULL)
		*ret_value = found->value;
	return found != NULL;
}

bool tls_names_find(const struct tls_names *names, const char *host, size_t len, size_t *ret_value)
{
	char normal[TLS_NAME_MAX + 1];

	if (!normalise(host, len, normal) || strchr(normal, '*') != NULL)
		return false;
	if (find(names, normal, ret_value))
		return true;

	char *dot = strchr(normal, '.');
	if (dot == NULL || dot == normal)
		return false;
	*--dot = '*';
	return find(names, dot, ret_value);
}

void tls_names_copy(struct tls_names *ret_copy, const struct tls_names *names)
{
	*ret_copy = (struct tls_names){ .count = names->count, .capacity = names->count };
	if (names->count == 0)
		return;
	ret_copy->list = mem_array(names->count, sizeof *ret_copy->list);
	for (size_t i = 0; i < names->count; i++) {
		ret_copy->list[i] = names->list[i];
		ret_copy->list[i].text = mem_string(names->list[i].text);
	}
}

void tls_names_fini(struct tls_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->list[i].text);
	mem_free(names->list);
	*names = (struct tls_names){ 0 };
}
