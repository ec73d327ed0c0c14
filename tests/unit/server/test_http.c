/* SPDX-License-Identifier: Apache-2.0 */
/* The glue between a connection and redirect/http: dataset, date, counters, what counts as one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/base/mem.h"
#include "server/stream.h"
#include "server/access_log.h"
#include "server/worker.h"

struct kit {
	struct dataset dataset;
	struct worker worker;
	struct addr peer;
	struct stream_call call;
	struct access_log *log;
	struct site_counters *counters;
	uint8_t *out;
};

#define GET "GET /a?b HTTP/1.1\r\nHost: dl.example.org\r\n\r\n"

static struct redirect_sites *sites_to(char *url)
{
	char host[] = "dl.example.org", *hosts[] = { host };
	struct conf_target target = { .url = url, .weight = 1, .line = 2 };
	struct conf_site site = {
		.hosts = hosts, .host_count = 1, .status = 302, .targets = &target, .target_count = 1, .line = 1,
	};
	char file[] = "node.yaml", name[] = "fra1", region[] = "eu";
	struct conf conf = {
		.file = file, .node = { .name = name, .region = region }, .sites = &site, .site_count = 1,
	};
	struct redirect_sites *sites = NULL;
	struct err_list errors = { 0 };

	if (redirect_sites_new(&conf, &sites, &errors) != 0)
		fail_msg("%s", errors.notes[0].text);
	err_list_fini(&errors);
	return sites;
}

static int setup(void **ret_state)
{
	struct kit *kit = calloc(1, sizeof *kit);

	kit->dataset.sites = sites_to((char[]){ "https://c1.example.net" });
	kit->counters = site_counters_take(redirect_sites_at(kit->dataset.sites, 0), 4, NULL, NULL);
	kit->dataset.site_counters = &kit->counters;
	kit->log = access_log_new(1);
	kit->worker.access = access_log_ring(kit->log, 0);
	kit->dataset.http = (struct dataset_http){
		.max_clients = 10000, .max_per_client = 1000, .ipv4_prefix_length = 32, .ipv6_prefix_length = 56,
		.idle_ms = 5000, .request_ms = 7000,
	};
	kit->worker.dataset = &kit->dataset;
	kit->worker.of = 4;
	kit->peer.any.sa_family = AF_INET;
	kit->call = (struct stream_call){
		.worker = &kit->worker, .shared = calloc(1, http_protocol.shared_bytes),
		.state = calloc(1, http_protocol.state_bytes), .peer = &kit->peer,
	};
	kit->out = malloc(http_protocol.out_bytes + 1);
	http_protocol.init(&kit->worker, kit->call.shared);
	*ret_state = kit;
	return 0;
}

static int teardown(void **state)
{
	struct kit *kit = *state;

	http_protocol.fini(kit->call.state);
	redirect_sites_free(kit->dataset.sites);
	site_counters_release(kit->counters);
	access_log_free(kit->log);
	free(kit->call.state);
	free(kit->call.shared);
	free(kit->out);
	free(kit);
	return 0;
}

static struct stream_feed feed(struct kit *kit, const char *text)
{
	struct stream_feed feed = http_protocol.feed(&kit->call, span_string(text), false, kit->out,
						     http_protocol.out_bytes);

	kit->out[feed.produced] = '\0';
	return feed;
}

static bool says(const struct kit *kit, const char *part)
{
	return strstr((const char *)kit->out, part) != NULL;
}

static uint64_t counter(const struct kit *kit, enum counter counter)
{
	return counters_get(&kit->worker.counters, counter);
}

static void a_request_is_a_message(void **state)
{
	struct kit *kit = *state;
	struct stream_feed fed = feed(kit, GET);

	assert_int_equal(fed.consumed, strlen(GET));
	assert_int_equal(fed.messages, 1);
	assert_false(fed.busy || fed.close || fed.again || fed.fault);
	assert_true(says(kit, "HTTP/1.1 302 "));
	assert_true(says(kit, "\r\nLocation: https://c1.example.net/a?b\r\n"));
	assert_true(says(kit, "\r\nX-Node: fra1\r\n"));
	assert_true(says(kit, "\r\nDate: "));
	assert_true(says(kit, " GMT\r\n"));

	fed = feed(kit, GET "GET / HT");
	assert_int_equal(fed.messages, 1);
	assert_true(fed.busy);
	fed = feed(kit, "TP/1.1\r\n");
	assert_int_equal(fed.messages, 0);
	assert_int_equal(fed.produced, 0);
	assert_true(fed.busy);
	fed = feed(kit, "Host: other.example\r\n\r\n");
	assert_int_equal(fed.messages, 1);
	assert_false(fed.busy);
	assert_int_equal(counter(kit, COUNTER_HTTP_REQUESTS), 3);
	assert_int_equal(counter(kit, COUNTER_HTTP_302), 2);
	assert_int_equal(site_counters_sum(kit->counters, SITE_COUNTER_302), 2);
	assert_int_equal(site_counters_sum(kit->counters, SITE_COUNTER_404), 0);
	assert_int_equal(site_counters_sum(kit->counters, SITE_COUNTER_GET), 2);
	assert_int_equal(site_counters_sum(kit->counters, SITE_COUNTER_HTTP_1_1), 2);
	assert_int_equal(site_counters_target(kit->counters, redirect_sites_at(kit->dataset.sites, 0),
					      redirect_sites_at(kit->dataset.sites, 0)->targets), 2);
	assert_int_equal(counter(kit, COUNTER_HTTP_404) + counter(kit, COUNTER_HTTP_421), 1);
}

/* Own checks tell nothing of clients; a client is seen whatever it calls itself, and so is what runs here under another name. */
static void own_checks_are_no_clients(void **state)
{
	struct kit *kit = *state;
	struct prefix address = { .bits = 128 };
	struct conf_service service = { .addresses = &address, .address_count = 1 };
	const struct conf_anycast anycast = { .services = &service, .service_count = 1 };
	static const struct {
		const char *agent, *peer;
		unsigned counted;
	} rows[] = {
		{ "catchmentd-check", "192.0.2.80@9", 0 },	{ "catchmentd-check", "192.0.2.81@9", 1 },
		{ "catchmentd-check2", "192.0.2.80@9", 1 },	{ "curl", "192.0.2.80@9", 1 },
		{ "catchmentd-check", "[::ffff:192.0.2.80]@9", 0 }, { "catchmentd-check", "[2001:db8::80]@9", 1 },
	};
	struct addr own;
	uint64_t before = 0;

	assert_int_equal(addr_parse("192.0.2.80@80", 80, &own), 0);
	address.first = address_of(addr_bytes(&own));
	kit->worker.anycast = &anycast;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[200];

		assert_int_equal(addr_parse(rows[i].peer, 9, &kit->peer), 0);
		snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: dl.example.org\r\nUser-Agent: %s\r\n\r\n", rows[i].agent);
		feed(kit, text);
		assert_true(says(kit, "HTTP/1.1 302 "));
		uint64_t now = site_counters_sum(kit->counters, SITE_COUNTER_302);
		if (now - before != rows[i].counted)
			fail_msg("row %zu: counted %u times", i, (unsigned)(now - before));
		before = now;
	}
	assert_int_equal(counter(kit, COUNTER_HTTP_REQUESTS), sizeof rows / sizeof rows[0]);
	kit->worker.anycast = NULL;
}

static void the_newest_dataset_answers(void **state)
{
	struct kit *kit = *state;

	feed(kit, GET);
	redirect_sites_free(kit->dataset.sites);
	kit->dataset.sites = sites_to((char[]){ "https://c2.example.net" });
	feed(kit, GET);
	assert_true(says(kit, "Location: https://c2.example.net/a?b\r\n"));
}

static void without_a_table_it_closes(void **state)
{
	struct kit *kit = *state;

	redirect_sites_free(kit->dataset.sites);
	kit->dataset.sites = NULL;
	struct stream_feed fed = feed(kit, GET);
	assert_true(fed.close);
	assert_int_equal(fed.produced, 0);
	assert_int_equal(http_protocol.timed_out(&kit->call, kit->out, http_protocol.out_bytes), 0);
	assert_int_equal(http_protocol.refused(&kit->call, kit->out, http_protocol.out_bytes), 0);
}

static void a_stopping_node_says_close(void **state)
{
	struct kit *kit = *state;

	kit->worker.stopping = true;
	assert_true(feed(kit, GET).close);
	assert_true(says(kit, "\r\nConnection: close\r\n"));
}

static void more_answers_than_room(void **state)
{
	struct kit *kit = *state;
	enum { REQUESTS = 500 };
	size_t len = strlen(GET) * REQUESTS, at = 0, messages = 0, calls = 0;
	char *in = malloc(len);
	struct stream_feed fed;

	for (size_t i = 0; i < REQUESTS; i++)
		memcpy(in + i * strlen(GET), GET, strlen(GET));
	do {
		fed = http_protocol.feed(&kit->call, (struct span){ (uint8_t *)in + at, len - at }, false, kit->out,
					 http_protocol.out_bytes);
		assert_true(fed.produced > 0 && fed.produced <= http_protocol.out_bytes);
		at += fed.consumed;
		messages += fed.messages;
		calls++;
	} while (fed.again);
	assert_int_equal(at, len);
	assert_int_equal(messages, REQUESTS);
	assert_true(calls > 1);
	free(in);
}

static void the_slow_and_the_surplus_are_told(void **state)
{
	struct kit *kit = *state;

	feed(kit, "GET / ");
	size_t len = http_protocol.timed_out(&kit->call, kit->out, http_protocol.out_bytes);
	kit->out[len] = '\0';
	assert_true(says(kit, "HTTP/1.1 408 "));
	assert_int_equal(counter(kit, COUNTER_HTTP_408), 1);

	struct stream_call call = { .worker = &kit->worker, .shared = kit->call.shared, .peer = &kit->peer };
	len = http_protocol.refused(&call, kit->out, http_protocol.out_bytes);
	kit->out[len] = '\0';
	assert_true(says(kit, "HTTP/1.1 503 "));
	assert_int_equal(counter(kit, COUNTER_HTTP_503), 1);
	assert_int_equal(counter(kit, COUNTER_HTTP_REQUESTS), 1);
}

/* The client said that it was its last: nothing has to be waited for. Not so when a body may still come. */
static void a_clients_last_request_is_known(void **state)
{
	struct kit *kit = *state;
	static const struct {
		const char *text;
		bool close, done;
	} rows[] = {
		{ GET, false, false },
		{ "GET / HTTP/1.1\r\nHost: dl.example.org\r\nConnection: close\r\n\r\n", true, true },
		{ "GET / HTTP/1.0\r\n\r\n", true, true },
		{ "POST / HTTP/1.1\r\nHost: dl.example.org\r\nConnection: close\r\nContent-Length: 9\r\n\r\n", true, false },
		{ "POST / HTTP/1.1\r\nHost: dl.example.org\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", true,
		  false },
		{ "GET / HTTP/1.1\r\n\r\n", true, false },
		{ "nonsense\r\n\r\n", true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		http_protocol.fini(kit->call.state);
		memset(kit->call.state, 0, http_protocol.state_bytes);
		struct stream_feed feed = http_protocol.feed(&kit->call, span_string(rows[i].text), false, kit->out,
							     http_protocol.out_bytes);

		if (feed.close != rows[i].close || feed.done != rows[i].done)
			fail_msg("row %zu: close %d, done %d", i, feed.close, feed.done);
	}
}

static void limits_are_the_datasets(void **state)
{
	struct kit *kit = *state;
	const struct addr ipv4 = { .any.sa_family = AF_INET }, ipv6 = { .any.sa_family = AF_INET6 };

	assert_int_equal(http_protocol.max_clients(&kit->worker), 2500);
	assert_int_equal(http_protocol.client_limit(&kit->worker, &ipv4).most, 250);
	assert_int_equal(http_protocol.client_limit(&kit->worker, &ipv4).bits, 96 + 32);
	assert_int_equal(http_protocol.client_limit(&kit->worker, &ipv6).bits, 56);
	assert_int_equal(http_protocol.idle_ms(&kit->worker), 5000);
	assert_int_equal(http_protocol.io_ms(&kit->worker), 7000);
	assert_ptr_equal(http_protocol.proxies(&kit->worker), &kit->dataset.http.proxies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_is_a_message, setup, teardown),
		cmocka_unit_test_setup_teardown(own_checks_are_no_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_dataset_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_table_it_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stopping_node_says_close, setup, teardown),
		cmocka_unit_test_setup_teardown(more_answers_than_room, setup, teardown),
		cmocka_unit_test_setup_teardown(the_slow_and_the_surplus_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_clients_last_request_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_are_the_datasets, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
