/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include <unistd.h>

#include "redirect/explain.h"
#include "redirect/serve.h"

static const struct redirect_client any = { .family = REDIRECT_ANY_FAMILY };

struct told {
	char text[8192];
	size_t len;
};

static void keep(void *ctx, const char *line)
{
	struct told *told = ctx;

	assert_null(strchr(line, '\n'));
	told->len += (size_t)snprintf(told->text + told->len, sizeof told->text - told->len, "%s\n", line);
}

static void check(const struct redirect_view *view, const char *method, const char *url, int result, const char *text)
{
	struct told told = { .len = 0 };

	assert_int_equal(redirect_explain(view, method, url, 0, keep, &told), result);
	assert_string_equal(told.text, text);
}

static void test_steps(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const struct redirect_view view = { .sites = sites, .client = &any };

	(void)state;
	check(&view, NULL, "http://x.Mirror.example.org:80/a?b#c", 302,
	      "url: a client keeps \"#c\" to itself\n"
	      "request: GET, host x.mirror.example.org, target /a?b, over http\n"
	      "site: \"*.mirror.example.org\" matches (sites entry 1, line 10)\n"
	      "candidate: https://fra1.content.example.org, weight 1\n"
	      "target: https://fra1.content.example.org (of this node)\n"
	      "location: https://fra1.content.example.org/a?b\n"
	      "cache-control: no-store\n"
	      "answer: 302 (sent)\n");
	check(&view, "HEAD", "https://spare.example.org?q", 302,
	      "request: HEAD, host spare.example.org, target /?q, over https\n"
	      "site: \"spare.example.org\" matches (sites entry 5, line 50)\n"
	      "candidate: https://off.example.net, weight 0, out of rotation\n"
	      "fallback: https://ams1.example.net, weight 1\n"
	      "fallback: https://lon1.example.net, weight 1\n"
	      "target: https://ams1.example.net (fallback: no target of this node can be used)\n"
	      "location: https://ams1.example.net/?q\n"
	      "cache-control: no-store\n"
	      "answer: 302 (sent)\n");
	check(&view, "GET", "http://nobody.example/", 404,
	      "request: GET, host nobody.example, target /, over http\n"
	      "site: none matches the host\n"
	      "cache-control: no-store\n"
	      "answer: 404 (no-site)\n");
	check(&view, "GET", "https://nobody.example/", 421,
	      "request: GET, host nobody.example, target /, over https\n"
	      "site: none matches the host\n"
	      "cache-control: no-store\n"
	      "answer: 421 (misdirected)\n");
	check(&view, "POST", "http://see.example.org", 405,
	      "request: POST, host see.example.org, target /, over http\n"
	      "site: \"see.example.org\" matches (sites entry 3, line 30)\n"
	      "method: POST is neither GET nor HEAD, and the site names no place for writes\n"
	      "cache-control: no-store\n"
	      "answer: 405 (method)\n");
	check(&view, "OPTIONS", "http://see.example.org", 204,
	      "request: OPTIONS, host see.example.org, target /, over http\n"
	      "site: \"see.example.org\" matches (sites entry 3, line 30)\n"
	      "method: OPTIONS is answered here\n"
	      "answer: 204 (options)\n");
	check(&view, "DELETE", "http://writes.example.org/x", 307,
	      "request: DELETE, host writes.example.org, target /x, over http\n"
	      "site: \"writes.example.org\" matches (sites entry 6, line 60)\n"
	      "target: https://origin.example.org/api (where writes go)\n"
	      "location: https://origin.example.org/api/x\n"
	      "cache-control: no-store\n"
	      "answer: 307 (write-sent)\n");
	redirect_sites_free(sites);
}

static void test_health(void **state)
{
	struct redirect_sites *sites = kit_sites();
	struct redirect_health *health = kit_all_down(sites);
	const struct redirect_view view = { .sites = sites, .health = health, .client = &any };
	const struct redirect_target *target = &redirect_sites_at(sites, 0)->targets[0];

	(void)state;
	check(&view, NULL, "http://dl.example.org/", 503,
	      "request: GET, host dl.example.org, target /, over http\n"
	      "site: \"dl.example.org\" matches (sites entry 1, line 10)\n"
	      "candidate: https://fra1.content.example.org, weight 1, down\n"
	      "target: none can be used\n"
	      "cache-control: no-store\n"
	      "answer: 503 (no-target)\n");
	redirect_health_set(health, target, &target->endpoints[1], true);
	check(&view, NULL, "http://dl.example.org/", 503,
	      "request: GET, host dl.example.org, target /, over http\n"
	      "site: \"dl.example.org\" matches (sites entry 1, line 10)\n"
	      "candidate: https://fra1.content.example.org, weight 1, up over IPv6 only\n"
	      "target over IPv4: none can be used\n"
	      "cache-control over IPv4: no-store\n"
	      "answer over IPv4: 503 (no-target)\n"
	      "target over IPv6: https://fra1.content.example.org (of this node)\n"
	      "location over IPv6: https://fra1.content.example.org/\n"
	      "cache-control over IPv6: no-store\n"
	      "answer over IPv6: 302 (sent)\n");
	redirect_health_free(health);
	redirect_sites_free(sites);
}

/* Everything a site can have. */
static void fill(struct conf *conf)
{
	static char strip[] = "/pub", robots[] = "/robots.txt", security[] = "/.well-known/*", node[] = "ams1";
	static struct conf_static_file files[] = { { .path = robots }, { .path = security } };

	conf->sites[0].strip = strip;
	conf->sites[0].balance = CONF_BALANCE_PATH;
	conf->sites[0].max_age_s = 30;
	conf->sites[0].hsts_max_age_s = 600;
	conf->sites[0].hsts_subdomains = true;
	conf->sites[0].presence.present = true;
	conf->sites[0].links = 1;
	conf->sites[0].fallback[0].node = node;
	files[0].file = (char *)(uintptr_t)getenv("KIT_FILE");
	files[1].file = (char *)(uintptr_t)getenv("KIT_FOLDER");
	conf->sites[0].files = files;
	conf->sites[0].file_count = 2;
}

#define HEAD_OF(path) \
	"request: GET, host a.example, target " path ", over https\n" \
	"site: \"a.example\" matches (sites entry 1, line 10)\n"
#define CANDIDATES \
	"balance: by path, so that one path always meets the same candidate that works\n" \
	"candidate: https://one.example, weight 1%s\n" \
	"candidate: https://192.0.2.9, weight 1, reached over IPv4 only%s\n" \
	"fallback: https://ams.example, weight 1\n"
#define END "strict-transport-security: max-age=600; includeSubDomains\n"

static void test_all_rules(void **state)
{
	static const struct kit_site row = {
		"a.example", "https://one.example https://192.0.2.9", "https://ams.example", NULL, 0,
	};
	char folder[] = "/tmp/test_explain.XXXXXX", file[64], expected[2048];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/robots.txt", folder);
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fputs("hello", out);
	fclose(out);
	setenv("KIT_FILE", file, 1);
	setenv("KIT_FOLDER", folder, 1);
	kit_more = fill;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;
	const struct redirect_view view = { .sites = sites, .client = &any };

	check(&view, NULL, "https://a.example/public", 404,
	      HEAD_OF("/public") "strip-prefix: the path is not below \"/pub\", and nothing else is served\n"
	      "cache-control: no-store\n" END "answer: 404 (no-file)\n");
	check(&view, NULL, "https://a.example/.well-known/x", 404,
	      HEAD_OF("/.well-known/x") "file: the path belongs to the site's files, and none is there\n"
	      "cache-control: no-store\n" END "answer: 404 (no-file)\n");
	check(&view, "PUT", "https://a.example/robots.txt", 405,
	      "request: PUT, host a.example, target /robots.txt, over https\n"
	      "site: \"a.example\" matches (sites entry 1, line 10)\n"
	      "method: PUT is neither GET nor HEAD, and the site's files are read-only\n"
	      "file: the path belongs to the site's files\n"
	      "cache-control: no-store\n" END "answer: 405 (method)\n");
	snprintf(expected, sizeof expected,
		 HEAD_OF("/robots.txt") "file: %s, 5 bytes, text/plain; charset=utf-8, ETag %s\n"
		 "cache-control: no-cache\n" END "answer: 200 (file)\n",
		 file, "\"46fb7408d4f285228f4af516ea25851b\"");
	check(&view, NULL, "https://a.example/robots.txt", 200, expected);
	snprintf(expected, sizeof expected,
		 HEAD_OF("/pub/x?avoid=fra1&y") "wish: not to node fra1 (?avoid)\n"
		 "strip-prefix: \"/pub\" is taken off\n" CANDIDATES
		 "presence: a candidate is asked for the file before the first redirect to it; not asked now\n"
		 "target: https://ams.example (fallback: no target of this node can be used)\n"
		 "location: https://ams.example/x?y\n"
		 "cache-control: private, max-age=30\n" END "answer: 302 (sent)\n",
		 ", to be avoided", ", to be avoided");
	check(&view, NULL, "https://a.example/pub/x?avoid=fra1&y", 302, expected);
	snprintf(expected, sizeof expected,
		 HEAD_OF("/pub/y?meta4") "wish: a Metalink (?meta4) instead of the file\n"
		 "strip-prefix: \"/pub\" is taken off\n" CANDIDATES
		 "presence: a candidate is asked for the file before the first redirect to it; not asked now\n"
		 "cache-control: private, max-age=30\n" END "answer: 200 (document)\n", "", "");
	check(&view, NULL, "https://a.example/pub/y?meta4", 200, expected);
	redirect_sites_free(sites);
	unlink(file);
	rmdir(folder);
}

static void test_refusals(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const struct redirect_view view = { .sites = sites, .client = &any };

	(void)state;
	check(&view, NULL, "dl.example.org", ERR_SYNTAX, "url: expected http:// or https://\n");
	check(&view, NULL, "http://dl.example.org/a\r\nX: y", ERR_SYNTAX,
	      "url: a blank or control character cannot stand in a URL\n");
	check(&view, "G T", "http://dl.example.org/", ERR_SYNTAX, "method: \"G T\" is no method name\n");
	check(&view, "", "http://dl.example.org/", ERR_SYNTAX, "method: \"\" is no method name\n");
	check(&view, NULL, "http://dl.example.org/<", 400,
	      "request: refused before any site is looked at\nanswer: 400 (bad-request)\n");
	check(&view, NULL, "http://u@dl.example.org/", 400,
	      "request: refused before any site is looked at\nanswer: 400 (bad-request)\n");
	check(&view, "BREW", "http://dl.example.org/", 501,
	      "request: refused before any site is looked at\nanswer: 501 (not-implemented)\n");

	char *url = mem_alloc(9001);
	struct told told = { .len = 0 };
	memset(url, 'a', 9000);
	memcpy(url, "http://dl.example.org/", 22);
	assert_int_equal(redirect_explain(&view, NULL, url, 0, keep, &told), 414);
	mem_free(url);
	redirect_sites_free(sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps), cmocka_unit_test(test_health), cmocka_unit_test(test_all_rules),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
