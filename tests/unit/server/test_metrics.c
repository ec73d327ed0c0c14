/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics and pages of a node without sockets. tests/system/150-admin reads the format strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/admin_answer.h"
#include "server/metrics.h"
#include "tests/unit/server/fake_node.h"

struct kit {
	uv_loop_t loop;
	struct node node;
	struct textbuf out;
	struct admin_view views[ADMIN_VIEWS];
};

static int open_kit(void **state)
{
	struct kit *kit = mem_alloc(sizeof *kit);

	uv_loop_init(&kit->loop);
	fake_init(&kit->node, &kit->loop, 0);
	*state = kit;
	return 0;
}

static int close_kit(void **state)
{
	struct kit *kit = *state;

	textbuf_fini(&kit->out);
	fake_fini(&kit->node);
	uv_run(&kit->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&kit->loop), 0);
	mem_free(kit);
	return 0;
}

/* The text as a string, until the next call. */
static const char *text_of(struct kit *kit)
{
	textbuf_append(&kit->out, "", 1);
	kit->out.len = 0;
	return kit->out.at;
}

static void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s\nis not in\n%s", part, text);
}

static void metrics(void **state)
{
	static const char *const lines[] = {
		"# HELP catchment_dns_queries_total DNS messages received.\n# TYPE catchment_dns_queries_total "
		"counter\n"
		"catchment_dns_queries_total{transport=\"udp\",family=\"ipv4\"} 41\n",
		"\ncatchment_http_requests_total 0\n",
		"\ncatchment_dns_rate_limit_total{action=\"slipped\",class=\"nxdomain\"} 0\n",
		"\ncatchment_dns_rate_limit_prefix_total{prefix=\"192.0.2.0/24\",action=\"dropped\"} 6\n",
		"\ncatchment_dns_udp_answer_seconds_bucket{le=\"0.000002\"} 0\n"
		"catchment_dns_udp_answer_seconds_bucket{le=\"0.000004\"} 90\n",
		"\ncatchment_dns_udp_answer_seconds_bucket{le=\"0.000064\"} 100\n",
		"\ncatchment_dns_udp_answer_seconds_bucket{le=\"+Inf\"} 100\n"
		"catchment_dns_udp_answer_seconds_sum 0.000770000\ncatchment_dns_udp_answer_seconds_count 100\n",
		"\ncatchment_info{node=\"fake1\",region=\"eu\",version=\"" CATCHMENT_VERSION "\"} 1\n",
		"\ncatchment_generation 5\n",
		"\ncatchment_dns_connections_open 3\n",
		"\ncatchment_http_connections_open 4\n",
		"\ncatchment_zones{state=\"current\"} 1\n",
		"\ncatchment_zones{state=\"not-loaded\"} 1\n",
		"\ncatchment_zone_serial{zone=\"example.org\"} 7\n",
		"\ncatchment_zone_loaded_timestamp_seconds{zone=\"example.org\"} 1700000000\n",
		"\nprocess_start_time_seconds 1700000000\n",
	};
	struct kit *kit = *state;

	metrics_print(&kit->node, &kit->out);
	const char *text = text_of(kit);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		expect(text, lines[i]);
	assert_null(strstr(text, "zone=\"broken.test\""));
	assert_null(strstr(text, "zone_queries_total"));
	assert_null(strstr(text, "dns_responses_total 0"));	/* the sum of others is none */
}

static void zone_counters(void **state)
{
	struct kit *kit = *state;
	struct dataset *dataset = kit->node.dataset;

	dataset->zone_statistics = true;
	for (size_t i = 0; i < 2; i++)
		dataset->zone_infos[i].counters = zone_counters_new(2);
	zone_counters_bump(dataset->zone_infos[0].counters, 0, ZONE_COUNTER_QUERIES);
	zone_counters_bump(dataset->zone_infos[0].counters, 1, ZONE_COUNTER_QUERIES);
	zone_counters_bump(dataset->zone_infos[0].counters, 1, ZONE_COUNTER_NXDOMAIN);
	metrics_print(&kit->node, &kit->out);
	const char *text = text_of(kit);
	expect(text, "\ncatchment_zone_queries_total{zone=\"example.org\"} 2\n"
		     "catchment_zone_queries_total{zone=\"broken.test\"} 0\n");
	expect(text, "\ncatchment_zone_responses_total{zone=\"example.org\",kind=\"nxdomain\"} 1\n");
	expect(text, "\ncatchment_zone_truncated_responses_total{zone=\"broken.test\"} 0\n");
}

static const char *answer(struct kit *kit, enum redirect_method method, const char *target)
{
	struct redirect_request request = { .method = method, .target = span_string(target) };

	assert_true(admin_answer(&kit->node, kit->views, REDIRECT_PARSED, &request, &kit->out));
	return text_of(kit);
}

static void pages(void **state)
{
	struct kit *kit = *state;
	struct redirect_request health = { .method = REDIRECT_GET, .target = SPAN_TEXT("/healthz") };

	expect(answer(kit, REDIRECT_GET, "/metrics"), "HTTP/1.1 200 OK\r\n");
	expect(answer(kit, REDIRECT_GET, "/metrics?x"),
	       "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	expect(answer(kit, REDIRECT_GET, "/readyz"), "HTTP/1.1 503 Service Unavailable\r\n");
	expect(answer(kit, REDIRECT_GET, "/readyz"),
	       "\r\n\r\nnot ready\nzone broken.test: not loaded: /nowhere/broken.test.zone:3");
	expect(answer(kit, REDIRECT_GET, "/"), "<td>broken.test</td>");
	expect(answer(kit, REDIRECT_GET, ""), "<td>*.mirror.example.org");
	expect(answer(kit, REDIRECT_GET, "/x"), "HTTP/1.1 404 Not Found\r\n");
	expect(answer(kit, REDIRECT_GET, "//metrics"), "HTTP/1.1 404 Not Found\r\n");
	expect(answer(kit, REDIRECT_OTHER, "/"), "HTTP/1.1 405 Method Not Allowed\r\n");
	expect(answer(kit, REDIRECT_OTHER, "/"), "\r\nAllow: GET, HEAD\r\n");
	const char *head = answer(kit, REDIRECT_HEAD, "/x");
	expect(head, "\r\nContent-Length: 10\r\n");
	assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
	assert_false(admin_answer(&kit->node, kit->views, REDIRECT_PARSED, &health, &kit->out));
	assert_int_equal(kit->out.len, 0);
	admin_answer_health(&kit->node, false, 0, &kit->out);
	expect(text_of(kit), "\r\n\r\nhealthy\n");
	admin_answer_health(&kit->node, false, 1, &kit->out);
	expect(text_of(kit), "HTTP/1.1 503 Service Unavailable\r\n");
}

static void faults(void **state)
{
	static const struct {
		enum redirect_parsed parsed;
		const char *line;
	} rows[] = {
		{ REDIRECT_PARSED_BAD, "HTTP/1.1 400 Bad Request\r\n" },
		{ REDIRECT_PARSED_LONG_TARGET, "HTTP/1.1 414 URI Too Long\r\n" },
		{ REDIRECT_PARSED_LARGE_HEAD, "HTTP/1.1 431 Request Header Fields Too Large\r\n" },
		{ REDIRECT_PARSED_UNKNOWN, "HTTP/1.1 501 Not Implemented\r\n" },
		{ REDIRECT_PARSED_EXPECTATION, "HTTP/1.1 417 Expectation Failed\r\n" },
		{ REDIRECT_PARSED_VERSION, "HTTP/1.1 505 HTTP Version Not Supported\r\n" },
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(admin_answer(&kit->node, kit->views, rows[i].parsed, NULL, &kit->out));
		assert_ptr_equal(strstr(kit->out.at, rows[i].line), kit->out.at);
		kit->out.len = 0;
	}
}

static void escapes(void **state)
{
	struct kit *kit = *state;

	textbuf_label(&kit->out, "a\"b\\c\nd");
	assert_string_equal(text_of(kit), "a\\\"b\\\\c\\nd");
	textbuf_html(&kit->out, "<a href='x'>&\"\x01\xc3\xa9\x7f");
	assert_string_equal(text_of(kit), "&lt;a href=&#39;x&#39;&gt;&amp;&quot; \xc3\xa9 ");
	for (int i = 0; i < 10000; i++)
		textbuf_add(&kit->out, "%d%s", i % 10, i % 100 == 0 ? "a longer piece of text" : "");
	assert_int_equal(kit->out.len, 10000 + 100 * strlen("a longer piece of text"));
}

#define kit_test(function) cmocka_unit_test_setup_teardown(function, open_kit, close_kit)

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(metrics), kit_test(zone_counters), kit_test(pages), kit_test(faults), kit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
