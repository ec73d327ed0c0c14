/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_names.h"

#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

/* Lower case without a last dot into normal. False: too long, empty, or with bytes that host names do not have. */
static bool normalise(const char *text, size_t len, char normal[TLS_NAME_MAX + 1])
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.*";

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > TLS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];

		if (c == '\0' || strchr(fit, c) == NULL)
			return false;
		normal[i] = c;
	}
	normal[len] = '\0';
	return true;
}

bool tls_names_add(struct tls_names *names, const char *text, size_t len, size_t value)
{
	char normal[TLS_NAME_MAX + 1];

	if (!normalise(text, len, normal))
		return false;
	/* A wildcard stands alone in the leftmost label, and for one label only. */
	const char *star = strrchr(normal, '*');
	if (star != NULL && (star != normal || normal[1] != '.' || normal[2] == '\0'))
		return false;
	mem_grow((void **)&names->list, &names->capacity, names->count, sizeof *names->list);
	names->list[names->count] = (struct tls_name){ mem_string(normal), names->count, value };
	names->count++;
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

bool tls_names_find(const struct tls_names *names, const char *host, size_t *ret_value)
{
	char normal[TLS_NAME_MAX + 1];

	if (!normalise(host, strnlen(host, TLS_NAME_MAX + 2), normal) || strchr(normal, '*') != NULL)
		return false;
	if (find(names, normal, ret_value))
		return true;

	char *dot = strchr(normal, '.');
	if (dot == NULL || dot == normal)
		return false;
	*--dot = '*';
	return find(names, dot, ret_value);
}

void tls_names_fini(struct tls_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->list[i].text);
	mem_free(names->list);
	*names = (struct tls_names){ 0 };
}
