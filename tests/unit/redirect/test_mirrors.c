/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include <unistd.h>

#include "redirect/digests.h"
#include "redirect/mirrors.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A site in words, as in kit.h; "URL=NODE" names the node of a fallback or mirror, "URL=NODE@GEO" also where it is.
 * */
struct made {
	const char *hosts, *targets, *fallback, *mirrors, *digests;
	unsigned links;
	bool fallback_by_path;
};

static char digests_file[] = "/tmp/test_mirrors.XXXXXX";

static char *cut(char *text, char at)
{
	char *found = strrchr(text, at);

	if (found == NULL)
		return NULL;
	*found = '\0';
	return mem_string(found + 1);
}

static struct redirect_sites *make(const struct made *made)
{
	static struct conf_mirror mirrors[64];
	struct conf_target targets[KIT_WORDS], fallback[KIT_WORDS];
	char *hosts[KIT_WORDS], *words[64], file[] = "node.yaml", node[] = "fra1", region[] = "eu", none[] = "";
	struct conf_site site = { .status = 302, .hosts = hosts, .targets = targets, .fallback = fallback,
				  .mirrors = mirrors, .links = made->links,
				  .fallback_balance = made->fallback_by_path ? CONF_BALANCE_PATH : CONF_BALANCE_WEIGHT };
	struct conf conf = { .file = file, .node = { node, region, none }, .sites = &site, .site_count = 1 };
	struct redirect_sites *sites = NULL;
	struct err_list errors = { 0 };

	site.host_count = kit_words(made->hosts, hosts, KIT_WORDS);
	site.target_count = kit_targets(made->targets, 1, targets);
	site.fallback_count = kit_targets(made->fallback, 1, fallback);
	for (size_t i = 0; i < site.fallback_count; i++)
		fallback[i].node = cut(fallback[i].url, '=');
	site.mirror_count = kit_words(made->mirrors, words, 64);
	for (size_t i = 0; i < site.mirror_count; i++) {
		char *geo = cut(words[i], '@'), *owner = cut(words[i], '=');

		mirrors[i] = (struct conf_mirror){ .url = words[i], .node = owner, .geo = geo, .line = 1 };
	}
	if (made->digests != NULL) {
		FILE *list = fopen(digests_file, "w");

		assert_non_null(list);
		fputs(made->digests, list);
		fclose(list);
		site.digests = digests_file;
	}
	assert_int_equal(redirect_sites_new(&conf, &sites, &errors), 0);
	for (size_t i = 0; i < site.host_count; i++)
		mem_free(hosts[i]);
	for (size_t i = 0; i < site.target_count; i++)
		mem_free(targets[i].url);
	for (size_t i = 0; i < site.fallback_count; i++) {
		mem_free(fallback[i].url);
		mem_free(fallback[i].node);
	}
	for (size_t i = 0; i < site.mirror_count; i++) {
		mem_free(mirrors[i].url);
		mem_free(mirrors[i].node);
		mem_free(mirrors[i].geo);
	}
	return sites;
}

/* ---- wishes ---- */

/* "meta4 -a,b /path?rest" */
static const char *wished(const struct redirect_site *site, const char *target)
{
	static char text[4096];
	uint8_t *scratch = mem_alloc(REDIRECT_LINE_MAX), *bytes = mem_copy(target, strlen(target));
	struct redirect_wishes wishes;
	static const char *const names[] = { "file", "meta4", "list" };

	redirect_mirrors_wishes(site, (struct span){ bytes, strlen(target) }, scratch, &wishes);
	char *to = text + sprintf(text, "%s", names[wishes.wish]);
	for (size_t i = 0; i < wishes.avoid_count; i++)
		to += sprintf(to, "%s%.*s", i == 0 ? " -" : ",", (int)wishes.avoid[i].len,
			      (const char *)wishes.avoid[i].at);
	sprintf(to, " %.*s%.*s", (int)wishes.path.len, (const char *)wishes.path.at, (int)wishes.query.len,
		(const char *)wishes.query.at);
	mem_free(scratch);
	mem_free(bytes);
	return text;
}

static void test_wishes(void **state)
{
	static const struct {
		const char *target, *wished;
	} rows[] = {
		{ "", "file " },
		{ "/", "file /" },
		{ "/a", "file /a" },
		{ "/a?", "file /a?" },
		{ "?", "file ?" },
		{ "/a?b=c&d", "file /a?b=c&d" },
		{ "/a?meta4", "meta4 /a" },
		{ "?meta4", "meta4 " },
		{ "/a?mirrorlist", "list /a" },
		{ "/a?avoid=fra1", "file -fra1 /a" },
		{ "/a?avoid=fra1,ams1", "file -fra1,ams1 /a" },
		{ "/a?avoid=fra1&avoid=ams1", "file -fra1,ams1 /a" },
		{ "/a?avoid=,fra1,,ams1,", "file -fra1,ams1 /a" },
		{ "/a?a=1&avoid=fra1&b=2", "file -fra1 /a?a=1&b=2" },
		{ "/a?avoid=fra1&b=2", "file -fra1 /a?b=2" },
		{ "/a?a=1&avoid=fra1", "file -fra1 /a?a=1" },
		{ "/a?a=%41&avoid=fra1&&b=+", "file -fra1 /a?a=%41&&b=+" },
		{ "/a?&avoid=fra1", "file -fra1 /a" },
		{ "/a?&&avoid=fra1", "file -fra1 /a?&" },
		{ "/a?avoid=fra1&", "file -fra1 /a" },
		{ "/a?meta4&avoid=fra1&x", "meta4 -fra1 /a?x" },
		{ "/a?meta4&mirrorlist", "meta4 /a" },
		{ "/a?mirrorlist&meta4", "list /a" },
		{ "/a?meta4&meta4", "meta4 /a" },
		{ "/a?meta4=1", "file /a?meta4=1" },
		{ "/a?Meta4", "file /a?Meta4" },
		{ "/a?xmeta4", "file /a?xmeta4" },
		{ "/a?meta4x", "file /a?meta4x" },
		{ "/a?meta4?", "file /a?meta4?" },
		{ "/a??meta4", "file /a??meta4" },
		{ "/a?meta%34", "file /a?meta%34" },
		{ "/meta4?x", "file /meta4?x" },
		{ "/a?avoid", "file /a?avoid" },
		{ "/a?avoid=", "file /a?avoid=" },
		{ "/a?avoid=,", "file /a?avoid=," },
		{ "/a?avoidx=1", "file /a?avoidx=1" },
		{ "/a?x=avoid=fra1", "file /a?x=avoid=fra1" },
		{ "/a?avoid=a,b,c,d,e,f,g,h,i,j", "file -a,b,c,d,e,f,g,h /a" },
		{ "/a?avoid=%66ra1", "file -%66ra1 /a" },
	};
	static const struct made speaking = { .hosts = "a.example", .targets = "https://t.example",
					      .fallback = "https://f.example" };
	static const struct made silent = { .hosts = "a.example", .targets = "https://t.example" };
	struct redirect_sites *speaks = make(&speaking), *silence = make(&silent);
	char expected[256];

	(void)state;
	assert_true(redirect_mirrors_speaks(redirect_sites_at(speaks, 0)));
	assert_false(redirect_mirrors_speaks(redirect_sites_at(silence, 0)));
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		assert_string_equal(wished(redirect_sites_at(speaks, 0), rows[i].target), rows[i].wished);
		/* Where nothing is to be told, the query is the content's. */
		snprintf(expected, sizeof expected, "file %s", rows[i].target);
		assert_string_equal(wished(redirect_sites_at(silence, 0), rows[i].target), expected);
	}
	redirect_sites_free(speaks);
	redirect_sites_free(silence);
}

static void test_avoided(void **state)
{
	static const struct {
		const char *target, *node;
		bool avoided;
	} rows[] = {
		{ "/?avoid=fra1", "fra1", true },     { "/?avoid=%66%72a1", "fra1", true },
		{ "/?avoid=FRA1", "fra1", false },    { "/?avoid=fra", "fra1", false },
		{ "/?avoid=fra11", "fra1", false },   { "/?avoid=ams1,fra1", "fra1", true },
		{ "/?avoid=ams1", "fra1", false },    { "/?avoid=fra1", "", false },
		{ "/?avoid=a%2Cb", "a,b", true },     { "/", "fra1", false },
		{ "/?avoid=a%2", "a%2", true },
	};
	static const struct made speaking = { .hosts = "a.example", .targets = "https://t.example",
					      .fallback = "https://f.example" };
	struct redirect_sites *sites = make(&speaking);
	static uint8_t scratch[REDIRECT_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const struct redirect_target target = { .node = rows[i].node };
		struct redirect_wishes wishes;

		redirect_mirrors_wishes(redirect_sites_at(sites, 0), span_string(rows[i].target), scratch, &wishes);
		if (redirect_mirrors_avoided(&wishes, &target) != rows[i].avoided)
			fail_msg("%s and %s", rows[i].target, rows[i].node);
	}
	assert_false(redirect_mirrors_avoided(NULL, &redirect_sites_at(sites, 0)->targets[0]));
	redirect_sites_free(sites);
}

/* ---- links ---- */

/* chosen: index among the targets, -1 none. */
static struct redirect_mirrors_of of_site(const struct redirect_sites *sites, int chosen, const char *target,
					  struct redirect_wishes *wishes)
{
	static uint8_t scratch[REDIRECT_LINE_MAX];
	const struct redirect_site *site = redirect_sites_at(sites, 0);

	redirect_mirrors_wishes(site, span_string(target), scratch, wishes);
	return (struct redirect_mirrors_of){
		.site = site,
		.wishes = wishes,
		.chosen = chosen >= 0 ? &site->targets[chosen] : NULL,
		.host = SPAN_TEXT("a.example"),
		.family = REDIRECT_ANY_FAMILY,
	};
}

/* Exact-size heap memory for what is at most so long; text ended by NUL. */
static char *links_of(const struct redirect_mirrors_of *of)
{
	uint8_t *out = mem_alloc(REDIRECT_LINKS_MAX);
	size_t len = redirect_mirrors_links(of, out);

	assert_true(len <= REDIRECT_LINKS_MAX);
	out = mem_resize(out, len + 1, 1);
	out[len] = '\0';
	return (char *)out;
}

static void check_links(const struct made *made, int chosen, const char *target, const char *expected)
{
	struct redirect_sites *sites = make(made);
	struct redirect_wishes wishes;
	const struct redirect_mirrors_of of = of_site(sites, chosen, target, &wishes);
	char *links = links_of(&of);

	assert_string_equal(links, expected);
	mem_free(links);
	redirect_sites_free(sites);
}

#define DESCRIBED "rel=describedby; type=\"application/metalink4+xml\""

static void test_links(void **state)
{
	struct made made = { .hosts = "a.example", .targets = "https://t.example", .links = 4 };

	(void)state;
	check_links(&made, 0, "/x", "");
	made.fallback = "https://ams1.example/p=ams1 https://lon1.example=lon1";
	check_links(&made, 0, "/x?y=1",
		    "<https://ams1.example/p/x?y=1>; rel=duplicate; pri=1, "
		    "<https://lon1.example/x?y=1>; rel=duplicate; pri=2");
	check_links(&made, 0, "/x?avoid=ams1", "<https://lon1.example/x>; rel=duplicate; pri=1");
	made.mirrors = "https://m.example/{host}=m@de https://ams1.example/p=other http://n.example";
	check_links(&made, 0, "/x",
		    "<https://ams1.example/p/x>; rel=duplicate; pri=1, <https://lon1.example/x>; rel=duplicate; pri=2, "
		    "<https://m.example/a.example/x>; rel=duplicate; pri=3; geo=de, "
		    "<http://n.example/x>; rel=duplicate; pri=4");
	made.links = 2;
	check_links(&made, 0, "/x",
		    "<https://ams1.example/p/x>; rel=duplicate; pri=1, <https://lon1.example/x>; rel=duplicate; pri=2");
	made.links = 0;
	made.digests = A64 "  x\n";
	check_links(&made, 0, "/x", "");
	made.links = 1;
	check_links(&made, 0, "/x", "<https://ams1.example/p/x>; rel=duplicate; pri=1, <?meta4>; " DESCRIBED);
	check_links(&made, 0, "/y", "<https://ams1.example/p/y>; rel=duplicate; pri=1");
	check_links(&made, 0, "/x?a=1",
		    "<https://ams1.example/p/x?a=1>; rel=duplicate; pri=1, <?a=1&meta4>; " DESCRIBED);
	check_links(&made, 0, "/x?", "<https://ams1.example/p/x?>; rel=duplicate; pri=1, <?meta4>; " DESCRIBED);
	made.fallback = made.mirrors = NULL;
	check_links(&made, 0, "//x", "<?meta4>; " DESCRIBED);
}

/* Many targets of our own leave half of the room to others. */
static void test_links_own(void **state)
{
	struct made made = { .hosts = "a.example", .links = 4,
			     .targets = "https://t1.example https://t2.example https://t3.example https://t4.example "
					"https://t5.example https://t6.example" };
	static const char *const fallbacks[] = { "https://f1.example", "https://f1.example https://f2.example",
						 "https://f1.example https://f2.example https://f3.example" };

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(fallbacks); i++) {
		made.fallback = fallbacks[i];
		struct redirect_sites *sites = make(&made);
		struct redirect_wishes wishes;
		const struct redirect_mirrors_of of = of_site(sites, 2, "/x", &wishes);
		char *links = links_of(&of), *again = links_of(&of);
		size_t own = 0, others = 0;

		for (const char *at = links; (at = strstr(at, "https://t")) != NULL; at++)
			own++;
		for (const char *at = links; (at = strstr(at, "https://f")) != NULL; at++)
			others++;
		assert_int_equal(own, i == 0 ? 3 : 2);
		assert_int_equal(others, i == 0 ? 1 : 2);
		assert_null(strstr(links, "https://t3"));	/* the chosen one */
		assert_string_equal(links, again);
		mem_free(links);
		mem_free(again);
		redirect_sites_free(sites);
	}
}

/* Health, family, scheme. */
static void test_links_reachable(void **state)
{
	static const struct made made = { .hosts = "a.example", .targets = "https://t.example https://u.example",
					  .fallback = "https://192.0.2.1 https://[2001:db8::1] http://plain.example",
					  .links = 8 };
	struct redirect_sites *sites = make(&made);
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	struct redirect_health *health = redirect_health_new(sites);
	struct redirect_wishes wishes;
	struct redirect_mirrors_of of = of_site(sites, 0, "/x", &wishes);
	char *links;

	(void)state;
	of.family = REDIRECT_IPV4;
	of.health = health;
	links = links_of(&of);
	assert_string_equal(links, "<https://u.example/x>; rel=duplicate; pri=1, "
				   "<https://192.0.2.1/x>; rel=duplicate; pri=2, "
				   "<http://plain.example/x>; rel=duplicate; pri=3");
	mem_free(links);

	of.family = REDIRECT_IPV6;
	of.tls = true;	/* no downgrade */
	links = links_of(&of);
	assert_string_equal(links, "<https://u.example/x>; rel=duplicate; pri=1, "
				   "<https://[2001:db8::1]/x>; rel=duplicate; pri=2");
	mem_free(links);

	for (size_t i = 0; i < site->targets[1].endpoint_count; i++)
		redirect_health_set(health, &site->targets[1], &site->targets[1].endpoints[i], false);
	links = links_of(&of);
	assert_string_equal(links, "<https://[2001:db8::1]/x>; rel=duplicate; pri=1");
	mem_free(links);
	redirect_health_free(health);
	redirect_sites_free(sites);
}

/* A site that is plain itself may tell plain alternatives to who came over TLS. */
static void test_links_plain_site(void **state)
{
	static const struct made made = { .hosts = "a.example", .targets = "http://t.example",
					  .fallback = "http://f.example", .links = 8 };
	struct redirect_sites *sites = make(&made);
	struct redirect_wishes wishes;
	struct redirect_mirrors_of of = of_site(sites, 0, "/x", &wishes);

	(void)state;
	of.tls = true;
	char *links = links_of(&of);
	assert_string_equal(links, "<http://f.example/x>; rel=duplicate; pri=1");
	mem_free(links);
	redirect_sites_free(sites);
}

/* Whatever the length of the path: within the budget, whole links, each a line. */
static void test_links_budget(void **state)
{
	static const struct made made = {
		.hosts = "a.example", .targets = "https://t.example", .links = 64, .digests = A64 "  other\n",
		.fallback = "https://f1.example=f1 https://f2.example/a/longer/prefix=f2 https://f3.example=f3",
		.mirrors = "https://m1.example=m1@de https://m2.example=m2@fr https://m3.example=m3",
	};
	char target[REDIRECT_LINE_MAX];

	(void)state;
	for (size_t len = 1; len < 2200; len += len < 250 ? 1 : 37) {
		char list[REDIRECT_LINE_MAX + 80];
		struct made with = made;
		struct redirect_wishes wishes;

		memset(target, 'a', len);
		target[0] = '/';
		target[len] = '\0';
		snprintf(list, sizeof list, A64 "  %s\n", len > 1 ? target + 1 : "index");
		with.digests = list;
		struct redirect_sites *sites = make(&with);
		const struct redirect_mirrors_of of = of_site(sites, 0, target, &wishes);
		char *links = links_of(&of), priority[32];
		struct span rest = span_string(links);
		size_t total = 0, count = 0;

		while (rest.len != 0) {
			struct span link = redirect_mirrors_next_link(&rest);

			count++;
			total += link.len + (count > 1 ? 2 : 0);
			assert_true(link.len > 10 && link.at[0] == '<' && memchr(link.at, '<', link.len) == link.at);
			snprintf(priority, sizeof priority, "; pri=%zu", count);
			bool described = memmem(link.at, link.len, "describedby", 11) != NULL;
			assert_int_equal(described, len > 1 && rest.len == 0);
			if (!described)
				assert_non_null(memmem(link.at, link.len, priority, strlen(priority)));
		}
		assert_int_equal(total, strlen(links));
		assert_true(len > 1 || count == 6);
		assert_true(len != 100 || count == 7);
		assert_true(len != 1800 || count == 2);
		assert_true(len < 2100 || count == 1);	/* rel=describedby does not repeat the path */
		mem_free(links);
		redirect_sites_free(sites);
	}
}

/* Rendezvous hashing, when asked for, spreads what comes first over the paths. */
static void test_links_spread(void **state)
{
	static const struct made made = { .hosts = "a.example", .targets = "https://t.example", .links = 2,
					  .fallback = "https://f1.example https://f2.example https://f3.example",
					  .fallback_by_path = true };
	struct redirect_sites *sites = make(&made);
	unsigned first[4] = { 0 };
	char target[32];

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		struct redirect_wishes wishes;

		snprintf(target, sizeof target, "/file-%u", i);
		const struct redirect_mirrors_of of = of_site(sites, 0, target, &wishes);
		char *links = links_of(&of);
		unsigned which;

		assert_int_equal(sscanf(links, "<https://f%u.", &which), 1);
		assert_in_range(which, 1, 3);
		first[which]++;
		mem_free(links);
	}
	for (unsigned i = 1; i <= 3; i++)
		assert_in_range(first[i], 150, 250);
	redirect_sites_free(sites);
}

/* ---- documents ---- */

static char *document_of(const struct redirect_mirrors_of *of, bool list)
{
	uint8_t *out = mem_alloc(REDIRECT_DOCUMENT_MAX);
	size_t len = list ? redirect_mirrors_list(of, out) : redirect_mirrors_meta4(of, out);

	assert_true(len <= REDIRECT_DOCUMENT_MAX);
	out = mem_resize(out, len + 1, 1);
	out[len] = '\0';
	return (char *)out;
}

static char *document(const struct made *made, const char *target, bool list)
{
	struct redirect_sites *sites = make(made);
	struct redirect_wishes wishes;
	const struct redirect_mirrors_of of = of_site(sites, -1, target, &wishes);
	char *text = document_of(&of, list);

	redirect_sites_free(sites);
	return text;
}

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n" \
	    "  <generator>Catchment</generator>\n"
#define XML_END "  </file>\n</metalink>\n"

static void test_meta4(void **state)
{
	struct made made = { .hosts = "a.example", .targets = "https://t.example", .fallback = "https://f.example=f",
			     .mirrors = "https://m.example=m@de", .digests = A64 "  p/x&y's.iso\nSIZE (p/x&y's.iso) = 12\n" };
	char *text = document(&made, "/p/x&y's.iso?meta4", false);

	(void)state;
	assert_string_equal(text, XML "  <file name=\"x&amp;y&#39;s.iso\">\n    <size>12</size>\n"
				      "    <hash type=\"sha-256\">" A64 "</hash>\n"
				      "    <url priority=\"1\">https://t.example/p/x&amp;y&#39;s.iso</url>\n"
				      "    <url priority=\"2\">https://f.example/p/x&amp;y&#39;s.iso</url>\n"
				      "    <url location=\"de\" priority=\"3\">https://m.example/p/x&amp;y&#39;s.iso</url>\n"
				      XML_END);
	mem_free(text);
	text = document(&made, "/none?meta4&avoid=fra1,m&q=%3C", false);
	assert_string_equal(text, XML "  <file name=\"none\">\n"
				      "    <url priority=\"1\">https://f.example/none?q=%3C</url>\n" XML_END);
	mem_free(text);
	text = document(&made, "/p/x&y's.iso?meta4&avoid=fra1,m,f", false);
	assert_string_equal(text, "");	/* a digest without a place is no Metalink (RFC 5854, 4.1.2) */
	mem_free(text);
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "/a.iso", "a.iso" },
		{ "/d/a%20b", "a b" },
		{ "/%3C%26%22", "&lt;&amp;&quot;" },
		{ "/%C3%A4", "\xc3\xa4" },
		{ "/%F0%9F%98%80", "\xf0\x9f\x98\x80" },
		{ "/", "index.html" },
		{ "", "index.html" },
		{ "/d/", "index.html" },
		{ "/..", "index.html" },
		{ "/%2e%2e", "index.html" },
		{ "/.", "index.html" },
		{ "/..%2f..%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd" },
		{ "/%2Fetc", "%2Fetc" },
		{ "/a%5Cb", "a%5Cb" },
		{ "/a%C3", "a%C3" },
		{ "/a%C0%AF", "a%C0%AF" },
		{ "/a%ED%A0%80", "a%ED%A0%80" },
		{ "/a%EF%BF%BF", "a%EF%BF%BF" },
		{ "/a%F5%80%80%80", "a%F5%80%80%80" },
		{ "/a%C2%85", "a%C2%85" },
	};
	static const struct made made = { .hosts = "a.example", .targets = "https://t.example",
					  .fallback = "https://f.example" };
	char expected[256], target[4096];

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		snprintf(target, sizeof target, "%s?meta4", rows[i].path);
		snprintf(expected, sizeof expected, "<file name=\"%s\">", rows[i].name);
		char *text = document(&made, target, false);
		if (strstr(text, expected) == NULL)
			fail_msg("%s: %s", rows[i].path, text);
		mem_free(text);
	}
	target[0] = '/';
	memset(target + 1, 'a', 3000);
	strcpy(target + 3001, "?meta4");
	char *text = document(&made, target, false);
	assert_int_equal(strspn(strstr(text, "name=\"") + 6, "a"), 255);
	mem_free(text);
}

static void test_list(void **state)
{
	struct made made = { .hosts = "a.example", .targets = "https://t.example", .fallback = "https://f.example=f<1>",
			     .mirrors = "https://m.example=@de", .digests = A64 "  x\nSIZE (x) = 12\n" };
	char *text = document(&made, "/x?mirrorlist&a=1&b='", true);

	(void)state;
	assert_non_null(strstr(text, "<html lang=\"en\">"));
	assert_non_null(strstr(text, "<h1>x</h1>"));
	assert_non_null(strstr(text, "<dt>Size</dt><dd>12 bytes</dd>"));
	assert_non_null(strstr(text, "<code>" A64 "</code>"));
	assert_non_null(strstr(text, "<a href=\"?a=1&amp;b=&#39;&amp;meta4\">Metalink</a>"));
	assert_non_null(strstr(text, "<li><a href=\"https://t.example/x?a=1&amp;b=&#39;\">"
				     "https://t.example/x?a=1&amp;b=&#39;</a> (node fra1)</li>\n"));
	assert_non_null(strstr(text, "</a> (node f&lt;1&gt;)</li>\n"));
	assert_non_null(strstr(text, "</a> [de]</li>\n"));
	assert_non_null(strstr(text, "</html>\n"));
	mem_free(text);

	text = document(&made, "/%3Cscript%3E?mirrorlist", true);
	assert_null(strstr(text, "<script>"));
	assert_non_null(strstr(text, "<h1>&lt;script&gt;</h1>"));
	mem_free(text);

	made.mirrors = NULL;
	text = document(&made, "/y?mirrorlist&avoid=fra1,f%3C1%3E", true);
	assert_string_equal(text, "");
	mem_free(text);
	text = document(&made, "/x?mirrorlist&avoid=fra1,f%3C1%3E", true);	/* the digest is worth a page */
	assert_non_null(strstr(text, "No server"));
	mem_free(text);
}

/* Nothing works: all are told. Something works: that alone. */
static void test_documents_health(void **state)
{
	static const struct made made = { .hosts = "a.example", .targets = "https://192.0.2.1",
					  .fallback = "https://192.0.2.2" };
	struct redirect_sites *sites = make(&made);
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	struct redirect_health *health = redirect_health_new(sites);
	struct redirect_wishes wishes;
	struct redirect_mirrors_of of = of_site(sites, -1, "/x?meta4", &wishes);
	char *text;

	(void)state;
	of.health = health;
	redirect_health_set(health, &site->targets[0], &site->targets[0].endpoints[0], false);
	text = document_of(&of, false);
	assert_null(strstr(text, "192.0.2.1"));
	assert_non_null(strstr(text, "192.0.2.2"));
	mem_free(text);
	redirect_health_set(health, &site->fallback[0], &site->fallback[0].endpoints[0], false);
	text = document_of(&of, false);
	assert_non_null(strstr(text, "192.0.2.1"));
	assert_non_null(strstr(text, "192.0.2.2"));
	mem_free(text);
	redirect_health_free(health);
	redirect_sites_free(sites);
}

/* More than fits: whole elements and a proper end, whatever the length. */
static void test_documents_bound(void **state)
{
	static char mirrors[64 * 32];
	struct made made = { .hosts = "a.example", .targets = "https://t.example", .mirrors = mirrors };
	char *target = mem_alloc(REDIRECT_LINE_MAX + 1);

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		sprintf(mirrors + strlen(mirrors), "https://m%u.example ", i);
	struct redirect_sites *sites = make(&made);
	for (size_t len = 16; len < REDIRECT_LINE_MAX; len += 331) {
		struct redirect_wishes wishes;

		for (unsigned query = 0; query < 2; query++) {
			memset(target, query ? '\'' : 'a', len);
			memcpy(target, "/x?meta4&", query ? 9 : 1);
			target[len] = '\0';
			const struct redirect_mirrors_of of = of_site(sites, -1, target, &wishes);
			char *text = document_of(&of, false), *list = document_of(&of, true);
			size_t opened = 0, closed = 0;

			for (const char *at = text; (at = strstr(at, "<url ")) != NULL; at++)
				opened++;
			for (const char *at = text; (at = strstr(at, "</url>")) != NULL; at++)
				closed++;
			assert_int_equal(opened, closed);
			assert_true(len > 300 || opened == 61);
			assert_string_equal(text + strlen(text) - (opened ? strlen(XML_END) : 0), opened ? XML_END : "");
			assert_true(opened != 0 || len > 6000);
			assert_string_equal(list + strlen(list) - 8, "</html>\n");
			mem_free(text);
			mem_free(list);
		}
	}
	redirect_sites_free(sites);
	mem_free(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wishes),	      cmocka_unit_test(test_avoided),
		cmocka_unit_test(test_links),	      cmocka_unit_test(test_links_own),
		cmocka_unit_test(test_links_reachable), cmocka_unit_test(test_links_plain_site),
		cmocka_unit_test(test_links_budget),  cmocka_unit_test(test_links_spread),
		cmocka_unit_test(test_meta4),	      cmocka_unit_test(test_names),
		cmocka_unit_test(test_list),	      cmocka_unit_test(test_documents_health),
		cmocka_unit_test(test_documents_bound),
	};
	int fd = mkstemp(digests_file);

	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(digests_file);
	return failed;
}
