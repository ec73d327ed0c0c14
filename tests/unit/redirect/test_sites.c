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

/* ---- what only the configuration has words for ---- */

static struct addr address(const char *text, uint16_t port)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, port, &addr), 0);
	return addr;
}

static struct addr addresses[2], listeners[2], tls_listeners[1];

static void fill(struct conf *conf)
{
	static char strip[] = "/pub//", node[] = "ams1", geo[] = "nl", mirror[] = "https://m.example/{host}", path[] = "/ok",
		    digest[] = "00", ca[] = "ca.pem";
	static uint16_t statuses[] = { 200, 204 };
	static struct conf_mirror mirrors[] = { { .url = mirror, .node = node, .geo = geo, .line = 17 } };
	struct conf_site *site = &conf->sites[0];

	addresses[0] = address("192.0.2.1@1", 0);
	addresses[1] = address("2001:db8::1@1", 0);
	site->strip = strip;
	site->max_age_s = 3600;
	site->hsts_max_age_s = UINT32_MAX;
	site->hsts_subdomains = true;
	site->links = 2;
	site->presence = (struct conf_presence){ true, 60000, 1000 };
	site->mirrors = mirrors;
	site->mirror_count = 1;
	site->fallback_balance = CONF_BALANCE_PATH;
	site->targets[0].addresses = (struct conf_addrs){ addresses, 2 };
	site->targets[0].check = (struct conf_check){
		.present = true, .path = path, .statuses = statuses, .status_count = 2, .digest = digest, .ca = ca,
		.interval_ms = 2000, .timeout_ms = 1000, .rise = 2, .fall = 3,
	};
	site->targets[1].family = CONF_FAMILY_IPV6;
	site->fallback[0].node = node;
}

static void test_everything(void **state)
{
	static const struct kit_site row = {
		"a.example",
		"https://{node}.c.example:8443*2 http://six.example http://192.0.2.9 https://[2001:DB8:0::9]/x http://{host}",
		"https://ams.example", "https://w.example", 0,
	};
	static const struct {
		const char *host;
		uint16_t port;
		bool https;
		uint8_t families;
		size_t endpoints;
	} expected[] = {
		{ KIT_NODE ".c.example", 8443, true, REDIRECT_ANY_FAMILY, 2 },
		{ "six.example", 80, false, REDIRECT_IPV6, 1 },
		{ "192.0.2.9", 80, false, REDIRECT_IPV4, 1 },
		{ "[2001:db8::9]", 443, true, REDIRECT_IPV6, 1 },
		{ NULL, 80, false, REDIRECT_ANY_FAMILY, 2 },
	};
	kit_more = fill;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	char text[ADDR_TEXT_MAX];
	size_t endpoints = 0;

	(void)state;
	assert_true(span_equal(site->strip, SPAN_TEXT("/pub")));
	assert_true(span_equal(site->cache_control, SPAN_TEXT("private, max-age=3600")));
	assert_true(span_equal(site->hsts, SPAN_TEXT("max-age=4294967295; includeSubDomains")));
	assert_true(site->presence && site->speaks && site->fallback_by_path && !site->by_path);
	assert_int_equal(site->presence_valid_ms, 60000);
	assert_int_equal(site->mirror_count, 1);
	assert_string_equal(site->mirrors[0].geo, "nl");
	assert_string_equal(site->mirrors[0].target.node, "ams1");
	assert_int_equal(site->mirrors[0].target.host_uses, 1);
	assert_string_equal(site->targets[0].node, KIT_NODE);
	assert_string_equal(site->fallback[0].node, "ams1");
	assert_string_equal(site->writes->node, "");
	for (size_t i = 0; i < KIT_COUNT(expected); i++) {
		const struct redirect_target *target = &site->targets[i];

		if (expected[i].host == NULL)
			assert_null(target->host);
		else
			assert_string_equal(target->host, expected[i].host);
		assert_int_equal(target->port, expected[i].port);
		assert_int_equal(target->https, expected[i].https);
		assert_int_equal(target->families, expected[i].families);
		assert_int_equal(target->endpoint_count, expected[i].endpoints);
		assert_ptr_equal(redirect_sites_target(sites, target->id), target);
		for (size_t j = 0; j < i; j++)
			assert_true(target->seed != site->targets[j].seed);
	}
	for (size_t id = 0; id < redirect_sites_target_count(sites); id++)
		for (size_t i = 0; i < redirect_sites_target(sites, id)->endpoint_count; i++)
			assert_int_equal(redirect_sites_target(sites, id)->endpoints[i].id, endpoints++);
	assert_int_equal(redirect_sites_endpoint_count(sites), endpoints);

	/* The port is the URL's; names have none. */
	assert_string_equal(addr_print(&site->targets[0].endpoints[0].address, text, sizeof text), "192.0.2.1@8443");
	assert_string_equal(addr_print(&site->targets[0].endpoints[1].address, text, sizeof text), "2001:db8::1@8443");
	assert_string_equal(addr_print(&site->targets[2].endpoints[0].address, text, sizeof text), "192.0.2.9@80");
	assert_int_equal(site->targets[1].endpoints[0].address.any.sa_family, AF_UNSPEC);

	const struct conf_check *check = site->targets[0].check;
	assert_string_equal(check->path, "/ok");
	assert_string_equal(check->ca, "ca.pem");
	assert_string_equal(check->digest, "00");
	assert_int_equal(check->statuses[1], 204);
	assert_null(site->targets[1].check);
	redirect_sites_free(sites);
}

/* Nothing told: a site of before, to the byte. */
static void test_plain(void **state)
{
	static const struct kit_site row = { "a.example", T, NULL, NULL, 0 };
	struct redirect_sites *sites = kit_made(&row, 1);
	const struct redirect_site *site = redirect_sites_at(sites, 0);

	(void)state;
	assert_true(span_equal(site->cache_control, SPAN_TEXT("no-store")));
	assert_int_equal(site->hsts.len + site->strip.len, 0);
	assert_false(site->presence || site->speaks || site->by_path || site->fallback_by_path);
	assert_null(site->files);
	assert_null(site->digests);
	redirect_sites_free(sites);
}

static void listen_on(struct conf *conf)
{
	static char mirror[] = "https://loop.mirror.example.org/x";
	static struct conf_mirror mirrors[] = { { .url = mirror, .line = 19 } };

	listeners[0] = address("192.0.2.80@80", 0);
	listeners[1] = address("2001:db8::80@8080", 0);
	tls_listeners[0] = address("0.0.0.0@443", 0);
	conf->redirect.listen = (struct conf_addrs){ listeners, 2 };
	conf->redirect.tls.listen = (struct conf_addrs){ tls_listeners, 1 };
	if (strstr(conf->sites[0].hosts[0], "mirrored") != NULL) {
		conf->sites[0].mirrors = mirrors;
		conf->sites[0].mirror_count = 1;
	}
}

static void listen_on_and_name(struct conf *conf)
{
	listen_on(conf);
	conf->sites[1].source = "sites/dl/sites.yaml";
}

/* Sites that came from a master stand in a file of their own: each fault is told of the right one. */
static void test_sources(void **state)
{
	static const struct kit_site rows[] = {
		{ "dl.example.org", "http://dl.example.org", NULL, NULL, 0 },
		{ "a.example", "http://192.0.2.80", NULL, NULL, 308 },
	};
	static const struct {
		const char *file, *words;
		unsigned line;
	} told[] = {
		{ "sites/dl/sites.yaml", "sites.status", 20 },
		{ "node.yaml", "leads back", 11 },
		{ "sites/dl/sites.yaml", "itself listens on 192.0.2.80@80", 21 },
	};
	struct err_list errors = { 0 };
	struct redirect_sites *sites = NULL;

	(void)state;
	kit_more = listen_on_and_name;
	assert_int_equal(kit_build(rows, 2, KIT_NODE, "eu", &sites, &errors), ERR_INVALID);
	kit_more = NULL;
	assert_int_equal(errors.count, KIT_COUNT(told));
	for (size_t i = 0; i < KIT_COUNT(told); i++) {
		assert_string_equal(errors.notes[i].file, told[i].file);
		assert_int_equal(errors.notes[i].line, told[i].line);
		assert_non_null(strstr(errors.notes[i].text, told[i].words));
	}
	err_list_fini(&errors);
}

/* A target that leads to a site of this node, over a scheme and a port that it listens on, would send clients round. */
static void test_loops(void **state)
{
	static const struct {
		const char *hosts, *target, *fallback, *writes, *words;	/* NULL: no loop */
		unsigned line;
	} rows[] = {
		{ "a.example", "http://a.example", NULL, NULL, "falls under the host \"a.example\" of the same site", 21 },
		{ "a.example", "http://A.Example:80/x", NULL, NULL, "the same site (line 20)", 21 },
		{ "a.example", "http://a.example.:8080", NULL, NULL, "listens on port 8080", 21 },
		{ "a.example", "https://a.example", NULL, NULL, "port 443", 21 },
		{ "a.example", "https://a.example:8443", NULL, NULL, NULL, 0 },
		{ "a.example", "http://a.example:443", NULL, NULL, NULL, 0 },
		{ "a.example", "http://b.example", NULL, NULL, NULL, 0 },
		{ "a.example", "https://dl.example.org", NULL, NULL, "\"dl.example.org\" of a site of ours (line 10)", 21 },
		{ "a.example", "https://x.y.mirror.example.org/", NULL, NULL, "\"*.mirror.example.org\"", 21 },
		{ "a.example", "https://mirror.example.org/", NULL, NULL, NULL, 0 },
		{ "a.example", "https://{node}.mirror.example.org", NULL, NULL, "\"*.mirror.example.org\"", 21 },
		{ "a.example", "https://c.example", "https://c.example http://a.example", NULL, "sites.fallback.url", 26 },
		{ "a.example", "https://c.example", NULL, "https://a.example/w", "sites.writes.url", 20 },
		{ "*.a.example", "https://{host}", NULL, NULL, "\"*.a.example\"", 21 },
		{ "*.a.example", "https://{host}.mirror.example.org", NULL, NULL, "\"*.mirror.example.org\"", 21 },
		{ "*.a.example", "https://{host}.cdn.example/{host}", NULL, NULL, NULL, 0 },
		{ "b.example *.a.example", "https://x.{host}", NULL, NULL, "\"*.a.example\"", 21 },
		{ "*.a.example", "https://{host}:8443", NULL, NULL, NULL, 0 },
		{ "*", "https://c.example", NULL, NULL, NULL, 0 },
		{ "*", "https://dl.example.org", NULL, NULL, "\"dl.example.org\"", 21 },
		{ "[2001:db8::5]", "http://[2001:db8:0::5]", NULL, NULL, "\"[2001:db8::5]\"", 21 },
		{ "a.example", "http://192.0.2.80", NULL, NULL, "itself listens on 192.0.2.80@80", 21 },
		{ "a.example", "http://[2001:db8::80]:8080", NULL, NULL, "itself listens on 2001:db8::80@8080", 21 },
		{ "a.example", "http://[2001:db8::80]:80", NULL, NULL, NULL, 0 },
		{ "a.example", "http://192.0.2.81", NULL, NULL, NULL, 0 },
		{ "mirrored.example", "https://c.example", NULL, NULL, "sites.mirrors.url", 19 },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const struct kit_site sites_rows[] = {
			{ "dl.example.org *.mirror.example.org", "https://content.example.org", NULL, NULL, 0 },
			{ rows[i].hosts, rows[i].target, rows[i].fallback, rows[i].writes, 0 },
		};
		const struct kit_site mirrored[] = { sites_rows[1], sites_rows[0] };
		bool swap = strstr(rows[i].hosts, "mirrored") != NULL;
		struct err_list errors = { 0 };
		struct redirect_sites *sites = NULL;

		kit_more = listen_on;
		int result = kit_build(swap ? mirrored : sites_rows, 2, KIT_NODE, "eu", &sites, &errors);
		kit_more = NULL;
		if (rows[i].words == NULL) {
			assert_int_equal(result, 0);
		} else {
			assert_int_equal(result, ERR_INVALID);
			assert_int_equal(errors.count, 1);
			assert_non_null(strstr(errors.notes[0].text, "leads back to this node"));
			assert_non_null(strstr(errors.notes[0].text, rows[i].words));
			assert_int_equal(errors.notes[0].line, rows[i].line);
			assert_string_equal(errors.notes[0].file, "node.yaml");
		}
		err_list_fini(&errors);
		redirect_sites_free(sites);
	}
}

static void bad_strip(struct conf *conf)
{
	static char strip[] = "pub";

	conf->sites[0].strip = strip;
}

static void bad_digests(struct conf *conf)
{
	static char digests[] = "/nowhere/SHA256SUMS";

	conf->sites[0].digests = digests;
}

static void bad_files(struct conf *conf)
{
	static char path[] = "/x", file[] = "/nowhere/x";
	static struct conf_static_file files[] = { { .path = path, .file = file, .line = 12 } };

	conf->sites[0].files = files;
	conf->sites[0].file_count = 1;
}

static void test_more_faults(void **state)
{
	static const struct kit_site row = { "a.example", T, NULL, NULL, 0 };
	static const struct {
		void (*more)(struct conf *);
		const char *words;
	} rows[] = {
		{ bad_strip, "sites.strip-prefix: \"pub\"" },
		{ bad_digests, "/nowhere/SHA256SUMS" },
		{ bad_files, "/nowhere/x" },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct err_list errors = { 0 };
		struct redirect_sites *sites = NULL;

		kit_more = rows[i].more;
		assert_int_equal(kit_build(&row, 1, KIT_NODE, "eu", &sites, &errors), ERR_INVALID);
		kit_more = NULL;
		assert_int_equal(errors.count, 1);
		assert_non_null(strstr(errors.notes[0].text, rows[i].words));
		assert_in_range(errors.notes[0].line, 10, 12);
		err_list_fini(&errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),          cmocka_unit_test(test_any),
		cmocka_unit_test(test_lookup_property), cmocka_unit_test(test_targets),
		cmocka_unit_test(test_faults),          cmocka_unit_test(test_all_faults_are_told),
		cmocka_unit_test(test_everything),      cmocka_unit_test(test_plain),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_sources),           cmocka_unit_test(test_more_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
