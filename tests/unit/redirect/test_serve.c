/* SPDX-License-Identifier: Apache-2.0 */
/* What a response says beside its Location: by site, listener, method, and what the node is about. */
#include <unistd.h>

#include "tests/unit/redirect/kit.h"

static char folder[] = "/tmp/test_serve.XXXXXX", robots_file[64];

static void fill(struct conf *conf)
{
	static char robots[] = "/robots.txt", below[] = "/.well-known/*";
	static struct conf_static_file files[] = {
		{ .path = robots, .file = robots_file, .max_age_s = 60 }, { .path = below, .file = folder },
	};

	conf->sites[0].max_age_s = 30;
	conf->sites[0].hsts_max_age_s = 31536000;
	conf->sites[0].links = 4;
	conf->sites[1].files = files;
	conf->sites[1].file_count = 2;
	conf->sites[1].hsts_max_age_s = 600;
	conf->sites[1].hsts_subdomains = true;
}

static const struct kit_site site_rows[] = {
	{ "a.example", "https://one.example", "https://two.example", NULL, 303 },
	{ "b.example", "https://one.example", NULL, "https://w.example", 307 },
	{ "c.example", "https://off.example*0", NULL, NULL, 0 },
};
static struct redirect_sites *sites;
static struct redirect_env env;
static struct redirect_scratch scratch;

static int setup(void **state)
{
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(robots_file, sizeof robots_file, "%s/robots.txt", folder);
	file = fopen(robots_file, "w");
	assert_non_null(file);
	fputs("0123456789", file);
	fclose(file);
	kit_more = fill;
	sites = kit_made(site_rows, KIT_COUNT(site_rows));
	kit_more = NULL;
	env = (struct redirect_env){ .sites = sites };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redirect_sites_free(sites);
	unlink(robots_file);
	rmdir(folder);
	return 0;
}

static struct redirect_request request_of(enum redirect_method method, const char *host, const char *target)
{
	struct redirect_request request = { .method = method, .persist = true, .target = span_string(target) };

	strcpy(request.host, host);
	request.host_len = (uint8_t)strlen(host);
	return request;
}

static struct redirect_response served(bool tls, const struct redirect_request *request)
{
	const struct redirect_client client = { .family = REDIRECT_IPV6, .tls = tls };
	struct redirect_response response;

	memset(&response, 0xa5, sizeof response);	/* nothing of it may be left as it was */
	assert_true(redirect_serve(&env, &client, request, &scratch, &response));
	assert_string_equal(response.date, env.date);
	assert_int_equal(response.node.len, strlen(KIT_NODE));
	return response;
}

#define assert_text(span, text) \
	do { \
		char got_[REDIRECT_LINKS_MAX + 1]; \
		snprintf(got_, sizeof got_, "%.*s", (int)(span).len, (span).len ? (const char *)(span).at : ""); \
		assert_string_equal(got_, (text)); \
	} while (0)

static void test_fields(void **state)
{
	static const struct {
		enum redirect_method method;
		const char *host, *target;
		bool tls, closing;
		unsigned status;
		const char *cache_control, *hsts, *allow, *link;
	} rows[] = {
		{ REDIRECT_GET, "a.example", "/x", false, false, 303, "private, max-age=30", "", "",
		  "<https://two.example/x>; rel=duplicate; pri=1" },
		{ REDIRECT_GET, "a.example", "/x", true, false, 303, "private, max-age=30", "max-age=31536000", "",
		  "<https://two.example/x>; rel=duplicate; pri=1" },
		{ REDIRECT_HEAD, "a.example", "/x", true, true, 303, "no-store", "max-age=31536000", "",
		  "<https://two.example/x>; rel=duplicate; pri=1" },
		{ REDIRECT_GET, "b.example", "/x", true, false, 307, "no-store", "max-age=600; includeSubDomains", "", "" },
		{ REDIRECT_OTHER, "b.example", "/x", false, false, 307, "no-store", "", "", "" },
		{ REDIRECT_OTHER, "a.example", "/x", true, false, 405, "no-store", "max-age=31536000",
		  "GET, HEAD, OPTIONS", "" },
		{ REDIRECT_TRACE, "b.example", "/x", false, false, 405, "no-store", "",
		  "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE", "" },
		{ REDIRECT_OPTIONS_METHOD, "a.example", "/x", false, false, 204, "no-store", "", "GET, HEAD, OPTIONS", "" },
		{ REDIRECT_OPTIONS_METHOD, "b.example", "/x", false, false, 204, "no-store", "",
		  "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE", "" },
		{ REDIRECT_OPTIONS_METHOD, "b.example", "/robots.txt", false, false, 204, "no-store", "",
		  "GET, HEAD, OPTIONS", "" },
		{ REDIRECT_OTHER, "b.example", "/robots.txt", false, false, 405, "no-store", "", "GET, HEAD, OPTIONS", "" },
		{ REDIRECT_OTHER, "b.example", "/.well-known/none", false, false, 405, "no-store", "",
		  "GET, HEAD, OPTIONS", "" },
		{ REDIRECT_GET, "b.example", "/.well-known/none", false, false, 404, "no-store", "", "", "" },
		{ REDIRECT_GET, "b.example", "/.well-known/robots.txt?x", false, true, 200, "no-cache", "", "", "" },
		{ REDIRECT_GET, "b.example", "/robots.txt", true, false, 200, "max-age=60", "max-age=600; includeSubDomains",
		  "", "" },
		{ REDIRECT_GET, "c.example", "/x", true, false, 503, "no-store", "", "", "" },
		{ REDIRECT_GET, "nobody.example", "/x", true, false, 421, "no-store", "", "", "" },
		{ REDIRECT_GET, "nobody.example", "/x", false, false, 404, "no-store", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const struct redirect_request request = request_of(rows[i].method, rows[i].host, rows[i].target);

		env.closing = rows[i].closing;
		struct redirect_response response = served(rows[i].tls, &request);
		assert_int_equal(response.status, rows[i].status);
		assert_int_equal(response.head, rows[i].method == REDIRECT_HEAD);
		if (strncmp(rows[i].cache_control, "max-age", 7) == 0)	/* the file's own words: tests of redirect/files */
			assert_non_null(memmem(response.cache_control.at, response.cache_control.len, "max-age=60", 10));
		else
			assert_text(response.cache_control, rows[i].cache_control);
		assert_text(response.hsts, rows[i].hsts);
		assert_text(redirect_response_allow(&response), rows[i].allow);
		assert_text(response.link, rows[i].link);
		assert_int_equal(response.retry_after_s != 0, rows[i].status == 503);
		assert_int_equal(response.location.len != 0, rows[i].status / 100 == 3);
	}
	env.closing = false;
}

static void test_files(void **state)
{
	struct redirect_request request = request_of(REDIRECT_GET, "b.example", "/robots.txt");
	struct redirect_response response = served(false, &request);
	char etag[REDIRECT_ETAG_MAX + 1];

	(void)state;
	assert_int_equal(response.outcome, REDIRECT_FILE);
	assert_text(response.body, "0123456789");
	assert_text(response.type, "text/plain; charset=utf-8");
	assert_text(response.content_range, "");
	assert_true(response.ranges);
	snprintf(etag, sizeof etag, "%.*s", (int)response.etag.len, (const char *)response.etag.at);

	request.range = SPAN_TEXT("bytes=2-5");
	response = served(false, &request);
	assert_int_equal(response.status, 206);
	assert_text(response.body, "2345");
	assert_text(response.content_range, "bytes 2-5/10");
	assert_text(response.etag, etag);

	request.range = SPAN_TEXT("bytes=10-");
	response = served(false, &request);
	assert_int_equal(response.status, 416);
	assert_text(response.content_range, "bytes */10");
	assert_int_equal(response.body.len, 0);

	request.range.len = 0;
	request.if_none_match = span_string(etag);
	response = served(false, &request);
	assert_int_equal(response.status, 304);
	assert_text(response.etag, etag);
	assert_int_equal(response.body.len + response.type.len, 0);
	assert_int_equal(redirect_response_content(&response), REDIRECT_CONTENT_NONE);
}

static void test_documents(void **state)
{
	struct redirect_request request = request_of(REDIRECT_GET, "a.example", "/f?meta4");
	struct redirect_response response = served(false, &request);
	char etag[REDIRECT_ETAG_MAX + 1];

	(void)state;
	assert_int_equal(response.outcome, REDIRECT_DOCUMENT);
	assert_int_equal(response.status, 200);
	assert_text(response.type, "application/metalink4+xml");
	assert_text(response.cache_control, "private, max-age=30");
	assert_false(response.ranges);
	assert_non_null(memmem(response.body.at, response.body.len, "https://two.example/f", 21));
	snprintf(etag, sizeof etag, "%.*s", (int)response.etag.len, (const char *)response.etag.at);

	/* Made for this request: a part of it is of no use, but who has it need not get it again. */
	request.range = SPAN_TEXT("bytes=0-1");
	assert_int_equal(served(false, &request).status, 200);
	request.if_none_match = span_string(etag);
	response = served(false, &request);
	assert_int_equal(response.status, 304);
	assert_int_equal(response.body.len, 0);

	request = request_of(REDIRECT_GET, "a.example", "/f?mirrorlist");
	response = served(false, &request);
	assert_int_equal(response.status, 200);
	assert_text(response.type, "text/html; charset=utf-8");

	/* A site that has no alternatives leaves the query to its content servers. */
	request = request_of(REDIRECT_GET, "b.example", "/f?meta4");
	response = served(false, &request);
	assert_int_equal(response.status, 307);
	assert_text(response.location, "https://one.example/f?meta4");
}

static struct redirect_answer last_answer;

static void keep_answer(void *ctx, const struct redirect_answer *answer)
{
	assert_ptr_equal(ctx, &last_answer);
	last_answer = *answer;
}

static void test_answered(void **state)
{
	const struct redirect_client client = { .family = REDIRECT_IPV4 };
	const struct redirect_request request = request_of(REDIRECT_HEAD, "a.example", "/f");
	struct redirect_response response;

	(void)state;
	env.answered = keep_answer;
	env.ctx = &last_answer;
	assert_true(redirect_serve(&env, &client, &request, &scratch, &response));
	redirect_serve_answered(&env, &client, &request, &scratch, &response, 77, 20);
	assert_int_equal(last_answer.outcome, REDIRECT_SENT);
	assert_int_equal(last_answer.status, 303);
	assert_int_equal(last_answer.method, REDIRECT_HEAD);
	assert_ptr_equal(last_answer.site, redirect_sites_at(sites, 0));
	assert_ptr_equal(last_answer.target, &redirect_sites_at(sites, 0)->targets[0]);
	assert_ptr_equal(last_answer.request, &request);
	assert_int_equal(last_answer.bytes, 77);
	assert_int_equal(last_answer.version, 20);

	redirect_serve_fault(&env, REDIRECT_BAD_REQUEST, &response);
	redirect_serve_answered(&env, NULL, NULL, NULL, &response, 5, 11);
	assert_int_equal(last_answer.status, 400);
	assert_null(last_answer.site);
	assert_null(last_answer.client);
	assert_int_equal(last_answer.method, REDIRECT_OTHER);
	env.answered = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields), cmocka_unit_test(test_files), cmocka_unit_test(test_documents),
		cmocka_unit_test(test_answered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
