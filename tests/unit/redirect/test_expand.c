/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/expand.h"

/* parts joined by "|", so that what was cut can be seen. */
static const char *joined(const struct redirect_target *target)
{
	static char text[4096];
	size_t len = 0;

	for (unsigned i = 0; i <= target->host_uses; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", i ? "|" : "",
					(int)target->parts[i].len, (const char *)target->parts[i].at);
	return text;
}

static void test_expansions(void **state)
{
	static const struct {
		const char *url, *parts;
		unsigned authority_uses;
	} rows[] = {
		{ "https://a.example", "https://a.example", 0 },
		{ "https://a.example/", "https://a.example", 0 },
		{ "HTTP://a.example///", "HTTP://a.example", 0 },
		{ "https://a.example:8443/p/q/", "https://a.example:8443/p/q", 0 },
		{ "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", 0 },
		{ "https://{node}.{region}.example/{node}", "https://fra1.eu.example/fra1", 0 },
		{ "https://{host}", "https://|", 1 },
		{ "https://{host}/", "https://|", 1 },
		{ "https://x.{host}:80/{host}/y", "https://x.|:80/|/y", 1 },
		{ "https://{host}.{host}/{host}{host}", "https://|.|/||", 2 },
		{ "https://a.example/%7Bx%7d", "https://a.example/%7Bx%7d", 0 },
	};
	const struct redirect_expand_names names = { "fra1", "eu" };

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct arena arena = { 0 };
		struct redirect_target target = { .weight = 3, .id = 9 };
		struct err_note note = { 0 };

		assert_int_equal(redirect_expand(rows[i].url, &names, &arena, &target, &note), 0);
		assert_string_equal(joined(&target), rows[i].parts);
		assert_int_equal(target.authority_uses, rows[i].authority_uses);
		assert_int_equal(target.weight, 3);
		assert_int_equal(target.id, 9);
		arena_fini(&arena);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *url, *words;
	} rows[] = {
		{ "", "expected http://" },
		{ "a.example", "expected http://" },
		{ "//a.example", "expected http://" },
		{ "ftp://a.example", "expected http://" },
		{ "{node}", "expected http://" },
		{ "https://", "is not HOST" },
		{ "https:///a", "is not HOST" },
		{ "https://:80", "is not HOST" },
		{ "https://a b", "is not HOST" },
		{ "https://a.example:x", "is not HOST" },
		{ "https://a..b", "is not HOST" },
		{ "https://2001:db8::1", "is not HOST" },
		{ "https://a\\b", "is not HOST" },
		{ "https://u:p@a.example", "user name" },
		{ "https://a.example/?x", "\"?\"" },
		{ "https://a.example?x", "\"?\"" },
		{ "https://a.example#x", "\"?\"" },
		{ "https://a.example/a b", "RFC 3986" },
		{ "https://a.example/%", "RFC 3986" },
		{ "https://a.example/%0a", "RFC 3986" },
		{ "https://a.example/\xc3\xa9", "RFC 3986" },
		{ "https://{nod}.example", "unknown variable {nod}" },
		{ "https://{}", "unknown variable" },
		{ "https://a{node", "without" },
		{ "https://a}b", "is not HOST" },
		{ "https://{region}.example", "empty" },
		{ "https://{host}.{host}.{host}.{host}.{host}", "more than 4" },
	};
	const struct redirect_expand_names names = { "fra1", "" };

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct arena arena = { 0 };
		struct redirect_target target = { .id = 9 };
		struct err_note note = { 0 };

		assert_int_equal(redirect_expand(rows[i].url, &names, &arena, &target, &note), ERR_INVALID);
		if (strstr(note.text, rows[i].words) == NULL)
			print_error("%s: %s\n", rows[i].url, note.text);
		assert_non_null(strstr(note.text, rows[i].words));
		assert_null(target.url);
		arena_fini(&arena);
	}
}

static void test_length(void **state)
{
	char url[REDIRECT_TARGET_MAX + 2] = "https://a.example/";
	const struct redirect_expand_names names = { "fra1", "eu" };
	struct arena arena = { 0 };
	struct redirect_target target = { 0 };
	struct err_note note = { 0 };

	(void)state;
	memset(url + strlen(url), 'p', sizeof url - 1 - strlen(url));
	assert_int_equal(redirect_expand(url, &names, &arena, &target, &note), ERR_INVALID);
	assert_non_null(strstr(note.text, "longer than 1024 bytes"));
	url[REDIRECT_TARGET_MAX] = '\0';
	assert_int_equal(redirect_expand(url, &names, &arena, &target, &note), 0);
	assert_int_equal(target.parts[0].len, REDIRECT_TARGET_MAX);
	arena_fini(&arena);
}

/* A node name that does not fit into a URL is found when the table is built, not by a client. */
static void test_node_name(void **state)
{
	const struct redirect_expand_names names = { "fra 1", "a{host}" };
	struct arena arena = { 0 };
	struct redirect_target target = { 0 };
	struct err_note note = { 0 };

	(void)state;
	assert_int_equal(redirect_expand("https://{node}.example", &names, &arena, &target, &note), ERR_INVALID);
	assert_int_equal(redirect_expand("https://x.example/{node}", &names, &arena, &target, &note), ERR_INVALID);
	assert_int_equal(redirect_expand("https://{region}.example", &names, &arena, &target, &note), 0);
	assert_int_equal(target.authority_uses, 1);	/* and is refused for "*" like any other */
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expansions), cmocka_unit_test(test_refusals), cmocka_unit_test(test_length),
		cmocka_unit_test(test_node_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
