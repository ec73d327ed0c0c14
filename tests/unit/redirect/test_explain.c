/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/explain.h"

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
	const struct redirect_view view = { .sites = sites };

	(void)state;
	check(&view, NULL, "http://x.Mirror.example.org:80/a?b#c", 302,
	      "url: a client keeps \"#c\" to itself\n"
	      "request: GET, host x.mirror.example.org, target /a?b, over http\n"
	      "site: \"*.mirror.example.org\" matches (sites entry 1, line 10)\n"
	      "candidate: https://fra1.content.example.org, weight 1\n"
	      "target: https://fra1.content.example.org (of this node)\n"
	      "location: https://fra1.content.example.org/a?b\n"
	      "answer: 302 (sent)\n");
	check(&view, "HEAD", "https://spare.example.org?q", 302,
	      "request: HEAD, host spare.example.org, target /?q, over https\n"
	      "site: \"spare.example.org\" matches (sites entry 5, line 50)\n"
	      "candidate: https://off.example.net, weight 0, out of rotation\n"
	      "fallback: https://ams1.example.net, weight 1\n"
	      "fallback: https://lon1.example.net, weight 1\n"
	      "target: https://ams1.example.net (fallback: no target of this node is healthy)\n"
	      "location: https://ams1.example.net/?q\n"
	      "answer: 302 (sent)\n");
	check(&view, "GET", "http://nobody.example/", 404,
	      "request: GET, host nobody.example, target /, over http\n"
	      "site: none matches the host\n"
	      "answer: 404 (no-site)\n");
	check(&view, "GET", "https://nobody.example/", 421,
	      "request: GET, host nobody.example, target /, over https\n"
	      "site: none matches the host\n"
	      "answer: 421 (misdirected)\n");
	check(&view, "POST", "http://see.example.org", 405,
	      "request: POST, host see.example.org, target /, over http\n"
	      "site: \"see.example.org\" matches (sites entry 3, line 30)\n"
	      "candidate: http://192.0.2.7:8080, weight 1\n"
	      "method: POST is neither GET nor HEAD, and the site names no place for writes\n"
	      "answer: 405 (method)\n");
	check(&view, "DELETE", "http://writes.example.org/x", 307,
	      "request: DELETE, host writes.example.org, target /x, over http\n"
	      "site: \"writes.example.org\" matches (sites entry 6, line 60)\n"
	      "candidate: https://w.example.net, weight 1\n"
	      "target: https://origin.example.org/api (where writes go)\n"
	      "location: https://origin.example.org/api/x\n"
	      "answer: 307 (write-sent)\n");
	redirect_sites_free(sites);
}

static void test_health(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const _Atomic uint8_t health[16] = { 0 };
	const struct redirect_view view = { .sites = sites, .health = health };

	(void)state;
	check(&view, NULL, "http://dl.example.org/", 503,
	      "request: GET, host dl.example.org, target /, over http\n"
	      "site: \"dl.example.org\" matches (sites entry 1, line 10)\n"
	      "candidate: https://fra1.content.example.org, weight 1, down\n"
	      "target: none is healthy\n"
	      "answer: 503 (no-target)\n");
	redirect_sites_free(sites);
}

static void test_refusals(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const struct redirect_view view = { .sites = sites };

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
		cmocka_unit_test(test_steps), cmocka_unit_test(test_health), cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
