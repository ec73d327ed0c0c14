/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#define T "https://t.example"

static void test_lookup(void **state)
{
	static const struct kit_site rows[] = {
		{ "dl.Example.org. *.example.org", T, NULL, NULL, 0 },
		{ "*.mirror.example.org mirror.example.org", T, NULL, NULL, 0 },
		{ "deep.a.mirror.example.org 192.0.2.1 [2001:db8::1]", T, NULL, NULL, 0 },
		{ "*.org", T, NULL, NULL, 0 },
	};
	static const struct {
		const char *host, *pattern;
		int site;
	} asked[] = {
		{ "dl.example.org", "dl.example.org", 0 },
		{ "x.example.org", "*.example.org", 0 },
		{ "x.dl.example.org", "*.example.org", 0 },
		{ "mirror.example.org", "mirror.example.org", 1 },
		{ "a.mirror.example.org", "*.mirror.example.org", 1 },
		{ "c.b.a.mirror.example.org", "*.mirror.example.org", 1 },
		{ "deep.a.mirror.example.org", "deep.a.mirror.example.org", 2 },
		{ "192.0.2.1", "192.0.2.1", 2 },
		{ "[2001:db8::1]", "[2001:db8::1]", 2 },
		{ "example.org", "*.org", 3 },
		{ "xmirror.example.org", "*.example.org", 0 },
		{ "org", NULL, -1 },
		{ "example.net", NULL, -1 },
		{ "", NULL, -1 },
		{ "192.0.2.2", NULL, -1 },
		{ "example.orgx", NULL, -1 },
	};
	struct redirect_sites *sites = kit_made(rows, KIT_COUNT(rows));

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(asked); i++) {
		const char *pattern = NULL;
		const struct redirect_site *site =
			redirect_sites_find(sites, asked[i].host, strlen(asked[i].host), &pattern);

		assert_int_equal(site != NULL ? (int)site->index : -1, asked[i].site);
		if (site != NULL)
			assert_string_equal(pattern, asked[i].pattern);
		assert_ptr_equal(redirect_sites_find(sites, asked[i].host, strlen(asked[i].host), NULL), site);
	}
	assert_string_equal(redirect_sites_at(sites, 0)->hosts[0], "dl.example.org");
	redirect_sites_free(sites);
}

static void test_any(void **state)
{
	static const struct kit_site rows[] = { { "a.example *", T, NULL, NULL, 0 },
						{ "*.b.example", T, NULL, NULL, 0 } };
	static const struct kit_site only = { "*", T, NULL, NULL, 0 };
	struct redirect_sites *sites = kit_made(rows, 2);
	const char *pattern = NULL;

	(void)state;
	assert_int_equal(redirect_sites_find(sites, "x.b.example", 11, &pattern)->index, 1);
	assert_int_equal(redirect_sites_find(sites, "b.example", 9, &pattern)->index, 0);
	assert_string_equal(pattern, "*");
	assert_int_equal(redirect_sites_find(sites, "", 0, &pattern)->index, 0);
	redirect_sites_free(sites);

	sites = kit_made(&only, 1);
	assert_non_null(redirect_sites_find(sites, "any.example", 11, NULL));
	redirect_sites_free(sites);

	sites = kit_made(NULL, 0);
	assert_int_equal(redirect_sites_count(sites), 0);
	assert_null(redirect_sites_find(sites, "any.example", 11, NULL));
	redirect_sites_free(sites);
	redirect_sites_free(NULL);
}

/* Against the plain reading of the rule, with hosts of few labels so that hits are frequent. */
static void test_lookup_property(void **state)
{
	static const char *const labels[] = { "a", "b", "ab", "c" };
	unsigned random = 1;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		char patterns[KIT_SITES][64];
		struct kit_site rows[KIT_SITES];
		size_t count = 0;

		for (unsigned i = 0; i < KIT_SITES; i++) {
			char *to = patterns[count];

			random = random * 1103515245u + 12345u;
			*to = '\0';
			strcat(to, random >> 16 & 1 ? "*." : "");
			for (unsigned j = 0; j <= (random >> 17) % 3; j++)
				snprintf(to + strlen(to), 16, "%s%s", j ? "." : "",
					 labels[(random >> (19 + 2 * j)) % 4]);
			rows[count] = (struct kit_site){ to, T, NULL, NULL, 0 };
			bool twice = false;
			for (size_t j = 0; j < count; j++)
				twice |= strcmp(patterns[j], to) == 0;
			count += !twice;
		}
		struct redirect_sites *sites = kit_made(rows, count);
		for (unsigned i = 0; i < 60; i++) {
			char host[64] = "";
			int best = -1;

			random = random * 1103515245u + 12345u;
			for (unsigned j = 0; j <= (random >> 16) % 4; j++)
				snprintf(host + strlen(host), 16, "%s%s", j ? "." : "",
					 labels[(random >> (18 + 2 * j)) % 4]);
			for (size_t j = 0; j < count; j++) {
				const char *pattern = patterns[j], *tail;
				bool hit = strcmp(pattern, host) == 0;

				if (*pattern == '*' && strlen(host) >= strlen(pattern)) {
					tail = host + strlen(host) - strlen(pattern + 1);
					hit = strcmp(tail, pattern + 1) == 0;
				}
				if (hit
				    && (best < 0 || strcmp(pattern, host) == 0
					|| (strcmp(patterns[best], host) != 0
					    && strlen(pattern) > strlen(patterns[best]))))
					best = (int)j;
			}
			const struct redirect_site *site = redirect_sites_find(sites, host, strlen(host), NULL);
			assert_int_equal(site ? (int)site->index : -1, best);
		}
		redirect_sites_free(sites);
	}
}

static void test_targets(void **state)
{
	static const struct kit_site rows[] = {
		{ "a.example", "https://x.example*2 http://y.example/*0 https://z.example*3", T " " T,
		  "https://w.example", 303 },
		{ "b.example", T, NULL, NULL, 0 },
	};
	struct redirect_sites *sites = kit_made(rows, KIT_COUNT(rows));
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	bool seen[7] = { false };

	(void)state;
	assert_int_equal(redirect_sites_count(sites), 2);
	assert_int_equal(redirect_sites_target_count(sites), 7);
	assert_int_equal(site->status, 303);
	assert_int_equal(site->line, 10);
	assert_int_equal(site->weight, 5);
	assert_string_equal(site->targets[1].url, "http://y.example");
	assert_string_equal(site->writes->url, "https://w.example");
	for (size_t i = 0; i < 3; i++)
		seen[site->targets[i].id] = true;
	seen[site->fallback[0].id] = seen[site->fallback[1].id] = seen[site->writes->id] = true;
	seen[redirect_sites_at(sites, 1)->targets[0].id] = true;
	for (size_t i = 0; i < 7; i++)
		assert_true(seen[i]);
	assert_null(redirect_sites_at(sites, 1)->writes);
	assert_int_equal(redirect_sites_node(sites).len, 4);
	redirect_sites_free(sites);
}

static void test_faults(void **state)
{
	static const struct {
		struct kit_site site;
		unsigned line;
		const char *words;	/* of the sentence */
	} rows[] = {
		{ { "*", "https://{host}", NULL, NULL, 0 }, 11, "open redirect" },
		{ { "*", "https://x.{host}/a", NULL, NULL, 0 }, 11, "open redirect" },
		{ { "a.example *", T, NULL, "https://{host}", 0 }, 10, "sites.writes.url" },
		{ { "*", T, "https://{host}", NULL, 0 }, 15, "sites.fallback.url" },
		{ { "[::1]", "https://{host}", NULL, NULL, 0 }, 11, "IPv6" },
		{ { "a.example A.Example.", T, NULL, NULL, 0 }, 10, "already a host of this site" },
		{ { "a.example:80", T, NULL, NULL, 0 }, 10, "without a port" },
		{ { "[::1]:80", T, NULL, NULL, 0 }, 10, "without a port" },
		{ { "::1", T, NULL, NULL, 0 }, 10, "brackets" },
		{ { "a..example", T, NULL, NULL, 0 }, 10, "expected a host name" },
		{ { "*.*.example", T, NULL, NULL, 0 }, 10, "expected a host name" },
		{ { "*example", T, NULL, NULL, 0 }, 10, "expected a host name" },
		{ { "*.", T, NULL, NULL, 0 }, 10, "expected a host name" },
		{ { "*.[::1]", T, NULL, NULL, 0 }, 10, "expected a host name" },
		{ { "", T, NULL, NULL, 0 }, 10, "without a host" },
		{ { "a.example", "", NULL, NULL, 0 }, 10, "needs a target" },
		{ { "a.example", T, NULL, NULL, 301 }, 10, "pin a client" },
		{ { "a.example", T, NULL, NULL, 308 }, 10, "pin a client" },
		{ { "a.example", T " ftp://x.example", NULL, NULL, 0 }, 12, "expected http:// or https://" },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct err_list errors = { 0 };
		struct redirect_sites *sites = NULL;

		assert_int_equal(kit_build(&rows[i].site, 1, KIT_NODE, "eu", &sites, &errors), ERR_INVALID);
		assert_null(sites);
		assert_int_equal(errors.count, 1);
		assert_string_equal(errors.notes[0].file, "node.yaml");
		assert_int_equal(errors.notes[0].line, rows[i].line);
		assert_non_null(strstr(errors.notes[0].text, rows[i].words));
		err_list_fini(&errors);
	}
}

static void test_all_faults_are_told(void **state)
{
	static const struct kit_site rows[] = {
		{ "a.example", "gopher://x", NULL, NULL, 0 },
		{ "a.example b..c", T, "https://u@x", "x", 301 },
		{ "*", T, NULL, NULL, 0 },
		{ "*", T, NULL, NULL, 0 },
	};
	struct err_list errors = { 0 };
	struct redirect_sites *sites = NULL;

	(void)state;
	assert_int_equal(kit_build(rows, KIT_COUNT(rows), "bad\nname", "eu", &sites, &errors), ERR_INVALID);
	assert_int_equal(errors.count, 8);
	assert_non_null(strstr(errors.notes[0].text, "node.name"));
	assert_non_null(strstr(errors.notes[3].text, "\"a.example\" is already a host of another site"));
	assert_int_equal(errors.notes[7].line, 40);
	err_list_fini(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),          cmocka_unit_test(test_any),
		cmocka_unit_test(test_lookup_property), cmocka_unit_test(test_targets),
		cmocka_unit_test(test_faults),          cmocka_unit_test(test_all_faults_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
