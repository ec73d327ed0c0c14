/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/location.h"

static const char *location(const struct redirect_site *site, const char *host, const char *path)
{
	static uint8_t out[REDIRECT_LOCATION_MAX + 1];
	size_t len = redirect_location_write(&site->targets[0], span_string(host), span_string(path), out);

	assert_true(len <= REDIRECT_LOCATION_MAX);
	out[len] = '\0';
	return (const char *)out;
}

static void test_table(void **state)
{
	static const struct {
		const char *target, *host, *path, *location;
	} rows[] = {
		{ "https://t.example", "a.example", "/x", "https://t.example/x" },
		{ "https://t.example", "a.example", "", "https://t.example/" },
		{ "https://t.example", "a.example", "?q", "https://t.example/?q" },
		{ "https://t.example/", "a.example", "//evil.example", "https://t.example/evil.example" },
		{ "https://t.example/p/", "a.example", "///", "https://t.example/p/" },
		{ "https://t.example/p", "a.example", "/a//b/../c?d=//e", "https://t.example/p/a//b/../c?d=//e" },
		{ "https://{host}:81", "a.example", "/x", "https://a.example:81/x" },
		{ "https://t.example/{host}", "[2001:db8::1]", "/x", "https://t.example/2001:db8::1/x" },
		{ "https://t.example/{host}/{host}", "a.b", "/x", "https://t.example/a.b/a.b/x" },
		{ "https://t.example/{host}", "", "/x", "" },
		{ "https://t.example", "", "/x", "https://t.example/x" },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const struct kit_site site = { "a.example", rows[i].target, NULL, NULL, 0 };
		struct redirect_sites *sites = kit_made(&site, 1);

		assert_string_equal(location(redirect_sites_at(sites, 0), rows[i].host, rows[i].path),
				    rows[i].location);
		redirect_sites_free(sites);
	}
}

/* The longest of everything. */
static void test_bound(void **state)
{
	char target[REDIRECT_TARGET_MAX + 1] = "https://t.example/{host}{host}{host}{host}/",
					  host[REDIRECT_HOST_MAX + 1];
	char *path = mem_alloc(REDIRECT_LINE_MAX + 1);
	struct kit_site site = { "a.example", target, NULL, NULL, 0 };

	(void)state;
	memset(target + strlen(target), 'p', sizeof target - 1 - strlen(target));
	memset(host, 'h', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	memset(path, 'q', REDIRECT_LINE_MAX);
	path[0] = '?';
	struct redirect_sites *sites = kit_made(&site, 1);
	size_t expected = REDIRECT_TARGET_MAX + 4 * (REDIRECT_HOST_MAX - strlen("{host}")) + 1 + REDIRECT_LINE_MAX;
	assert_int_equal(strlen(location(redirect_sites_at(sites, 0), host, path)), expected);
	assert_true(expected <= REDIRECT_LOCATION_MAX);
	redirect_sites_free(sites);
	mem_free(path);
}

/* ---- a request line of random bytes against a plain model of what the rules say ---- */

static unsigned next(unsigned *random, unsigned below)
{
	*random = *random * 1103515245u + 12345u;
	return *random / 65536u % below;
}

static bool model_legal(const char *text)
{
	bool query = false;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			char digits[3] = { 0 };
			char *end;

			if (text[1] == '\0' || text[2] == '\0')
				return false;
			memcpy(digits, text + 1, 2);
			unsigned long byte = strtoul(digits, &end, 16);
			if (end != digits + 2 || strpbrk(digits, "+- ") != NULL)
				return false;
			if (!query && (byte < 32 || byte == 127))
				return false;
			text += 2;
		} else if (*text == '?') {
			query = true;
		} else if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/",
				  *text)
			   == NULL) {
			if (!query || strchr("[]{}|^`", *text) == NULL)
				return false;
		}
	}
	return true;
}

/* "" for 400. */
static void model(const char *path, char *ret)
{
	*ret = '\0';
	if (path[0] != '/' || !model_legal(path))
		return;
	while (path[0] == '/' && path[1] == '/')
		path++;
	sprintf(ret, "https://fra1.content.example.org%s", path);
}

static void random_path(unsigned *random, char *path)
{
	static const char *const pieces[] = {
		"/",       "//",     "a",         "Z9",   ".",   "..",     "%20",
		"%2F",     "%0d%0a", "%7f",       "%",    "%g1", "?",      "?",
		"&b=c",    "'",      "@",         ":",    ";,",  "#",      "\\",
		"<",       "\"",     "[",         "|",    "^`",  "{host}", "evil.example",
		"http://", "~",      "!$()*+=-_", "\x80", "%1F", "%fF",
	};
	unsigned count = next(random, 12);

	strcpy(path, next(random, 20) == 0 ? "" : "/");
	for (unsigned i = 0; i < count; i++)
		/* Mostly what is legal, or hardly a path would be. */
		strcat(path,
		       next(random, 3) == 0 ? pieces[next(random, KIT_COUNT(pieces))] : pieces[next(random, 8)]);
}

static void test_property(void **state)
{
	static struct kit kit;
	struct redirect_sites *sites = kit_sites();
	unsigned random = 7, redirected = 0;
	char path[512], expected[1024], request[1024], said[1100];

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		random_path(&random, path);
		if (path[0] == '\0' || path[0] == 'h')	/* no origin-form: test_http.c has the other forms */
			continue;
		model(path, expected);
		redirected += expected[0] != '\0';
		snprintf(said, sizeof said, expected[0] ? "302 %s, open" : "400%s, close", expected);
		snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: dl.example.org\r\n\r\n", path);
		kit_open(&kit, sites);
		kit_feed(&kit, request, strlen(request));
		assert_string_equal(kit_said(&kit), said);
		kit_close(&kit);
	}
	assert_in_range(redirected, 3000, 17000);
	mem_free(kit.all);
	redirect_sites_free(sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_bound), cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
