/* SPDX-License-Identifier: Apache-2.0 */
/* From an answer to whether it may be sent: which answers are alike, what a slip says, who is exempt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/base/mem.h"
#include "server/dns_limit.h"
#include "server/worker.h"
#include "tests/unit/support/zone_fixture.h"

static const char *const zones[] = {
	"example",
	"@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\nn 60 TXT x\nm 60 A 192.0.2.2\n*.w 60 A 192.0.2.3\n"
	"kid 60 NS ns.kid\nns.kid 60 A 192.0.2.2\nd 60 DNAME w.example.\nother 60 NS ns.other.test.\nalias 60 CNAME "
	"n\n"
	"*.to 60 CNAME n\n",
	"example.net", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n.example.\n",
	"broken.test", "",
	NULL,
};

enum { RATE = 3 };

struct kit {
	struct fixture *fixture;
	struct worker *worker;
	struct conf_rate_limit conf;
	struct addr peer;
};

static int open_kit(void **state)
{
	struct kit *kit = mem_alloc(sizeof *kit);

	kit->fixture = fixture_new(zones);
	kit->worker = mem_alloc(sizeof *kit->worker);
	kit->conf = (struct conf_rate_limit){
		.responses_per_second = RATE, .slip = 2, .ipv4_prefix_length = 24, .ipv6_prefix_length = 56,
	};
	limiter_init(&kit->worker->limiter, (struct siphash_key){ 1, 2 });
	limiter_set(&kit->worker->limiter, &kit->conf, 1);
	assert_int_equal(addr_parse("192.0.2.77@5353", 0, &kit->peer), 0);
	*state = kit;
	return 0;
}

static int close_kit(void **state)
{
	struct kit *kit = *state;

	limiter_fini(&kit->worker->limiter);
	fixture_free(kit->fixture);
	mem_free(kit->worker);
	mem_free(kit);
	return 0;
}

/* Asks once; whether the answer may be sent. It is in fixture->response then. */
static bool ask(struct kit *kit, const struct fixture_query *query)
{
	struct fixture *fixture = kit->fixture;

	fixture_ask(fixture, query);
	return dns_limit(kit->worker, &kit->peer, fixture->response, &fixture->result, 1000);
}

static unsigned passed(struct kit *kit, const char *name, const char *type, unsigned times)
{
	struct fixture_query query = { .name = name, .type = type };
	unsigned count = 0;

	while (times-- > 0)
		count += ask(kit, &query) && !kit->fixture->result.truncated
			&& !(dns_get_u16(kit->fixture->response + 2) & DNS_TC);
	return count;
}

/* The second question meets the first one's bucket, or one of its own. */
static void what_is_alike(void **state)
{
	static const struct {
		const char *one, *one_type, *other, *other_type;
		bool alike;
	} rows[] = {
		{ "n.example", "A", "n.example", "A", true },
		{ "n.example", "A", "N.EXAMPLE", "A", true },
		{ "n.example", "A", "m.example", "A", false },
		{ "n.example", "A", "n.example", "TXT", false },
		{ "n.example", "A", "alias.example", "A", false },
		/* NODATA: the name, whatever the type */
		{ "n.example", "MX", "n.example", "SRV", true },
		{ "n.example", "MX", "m.example", "MX", false },
		{ "n.example", "MX", "n.example", "A", false },
		/* NXDOMAIN: the zone */
		{ "x.example", "A", "y.z.example", "MX", true },
		{ "x.example", "A", "x.example.net", "A", false },
		/* A wildcard is one answer, and one NODATA */
		{ "x.w.example", "A", "y.z.w.example", "A", true },
		{ "x.w.example", "MX", "y.w.example", "SRV", true },
		{ "x.w.example", "A", "n.example", "A", false },
		{ "x.to.example", "A", "y.to.example", "A", true },
		/* and what a DNAME makes is one */
		{ "x.d.example", "A", "y.d.example", "A", true },
		/* A referral: the cut */
		{ "x.kid.example", "A", "y.kid.example", "MX", true },
		{ "kid.example", "NS", "y.kid.example", "MX", true },
		{ "x.kid.example", "A", "x.other.example", "A", false },
		/* Errors: all */
		{ "not.ours", "A", "x.broken.test", "MX", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		void *own;
		struct kit *kit;

		(void)state;
		open_kit(&own);
		kit = own;
		kit->conf.slip = 0;
		limiter_set(&kit->worker->limiter, &kit->conf, 1);
		print_message("%s %s, %s %s\n", rows[i].one, rows[i].one_type, rows[i].other, rows[i].other_type);
		assert_int_equal(passed(kit, rows[i].one, rows[i].one_type, 10), RATE);
		assert_int_equal(passed(kit, rows[i].other, rows[i].other_type, 10), rows[i].alike ? 0 : RATE);
		close_kit(&own);
	}
}

/* What a slip looks like: header, question and EDNS of the answer, TC, nothing else. */
static void what_a_slip_says(void **state)
{
	static const struct {
		struct fixture_query query;
		const char *expected;
	} rows[] = {
		{ { .name = "n.example", .type = "A" }, "NOERROR aa tc\n" },
		{ { .name = "n.example", .type = "A", .flags = DNS_RD }, "NOERROR aa tc rd\n" },
		{ { .name = "n.example", .type = "A", .edns = true, .nsid = true, .dnssec_ok = true },
		  "NOERROR aa tc\nar . OPT 1232 do nsid=6e31\n" },
		{ { .name = "x.example", .type = "A", .edns = true }, "NXDOMAIN aa tc\nar . OPT 1232\n" },
		{ { .name = "x.kid.example", .type = "A" }, "NOERROR tc\n" },
		{ { .name = "n.example", .type = "MX" }, "NOERROR aa tc\n" },
		/* An error as it is */
		{ { .name = "not.ours", .type = "A" }, "REFUSED\n" },
		{ { .name = "not.ours", .type = "A", .edns = true, .nsid = true },
		  "REFUSED\nar . OPT 1232 nsid=6e31 ede=20\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		void *own;
		char *text = mem_alloc(FIXTURE_TEXT_MAX);
		struct kit *kit;

		(void)state;
		open_kit(&own);
		kit = own;
		for (int n = 0; n < RATE; n++)
			assert_true(ask(kit, &rows[i].query));
		assert_false(ask(kit, &rows[i].query));
		assert_true(ask(kit, &rows[i].query));
		fixture_print(kit->fixture->response, kit->fixture->result.len, text);
		assert_string_equal(text, rows[i].expected);
		assert_false(ask(kit, &rows[i].query));
		close_kit(&own);
		mem_free(text);
	}
}

static void counters(void **state)
{
	struct kit *kit = *state;
	const struct counters *counters = &kit->worker->counters;

	passed(kit, "x.example", "A", RATE + 10);
	assert_int_equal(counters_get(counters, COUNTER_DNS_LIMIT_DROP_NXDOMAIN), 5);
	assert_int_equal(counters_get(counters, COUNTER_DNS_LIMIT_SLIP_NXDOMAIN), 5);
	kit->conf.dry_run = true;
	limiter_set(&kit->worker->limiter, &kit->conf, 1);
	assert_int_equal(passed(kit, "x.example", "A", 10), 10);
	assert_int_equal(counters_get(counters, COUNTER_DNS_LIMIT_DRY_NXDOMAIN), 10);
	passed(kit, "not.ours", "A", RATE + 4);
	assert_int_equal(counters_get(counters, COUNTER_DNS_LIMIT_DRY_ERROR), 4);
	assert_string_equal(counters_name(COUNTER_DNS_LIMIT_DROP_NXDOMAIN), "dns.rate-limit.dropped.nxdomain");
	assert_string_equal(counters_name(COUNTER_DNS_LIMIT_DRY_ERROR), "dns.rate-limit.dry-run.error");
}

static void exempt(void **state)
{
	struct kit *kit = *state;
	struct fixture_query query = { .name = "n.example", .type = "A" };

	/* A valid cookie */
	for (int i = 0; i < 100; i++) {
		fixture_ask(kit->fixture, &query);
		kit->fixture->result.cookie_valid = true;
		assert_true(dns_limit(kit->worker, &kit->peer, kit->fixture->response, &kit->fixture->result, 1000));
	}
	assert_int_equal(passed(kit, "n.example", "A", 10), RATE);
	/* No limit at all */
	kit->conf.responses_per_second = 0;
	limiter_set(&kit->worker->limiter, &kit->conf, 1);
	assert_int_equal(passed(kit, "n.example", "A", 100), 100);
}

static void ports(void **state)
{
	struct kit *kit = *state;
	unsigned count = 0;

	for (unsigned port = 0; port <= UINT16_MAX; port++)
		count += dns_limit_reflects((uint16_t)port);
	assert_int_equal(count, 5);
	assert_true(dns_limit_reflects(0) && dns_limit_reflects(7) && dns_limit_reflects(13) && dns_limit_reflects(19)
		    && dns_limit_reflects(37));

	kit->peer.v4.sin_port = htons(464);
	kit->conf.responses_per_second = 0;
	limiter_set(&kit->worker->limiter, &kit->conf, 1);
	assert_int_equal(passed(kit, "n.example", "A", 10), 10);
	assert_int_equal(passed(kit, "x.example", "A", 10), 10);
	assert_int_equal(passed(kit, "not.ours", "A", 10), 0);
	assert_int_equal(counters_get(&kit->worker->counters, COUNTER_DNS_REFLECTION), 10);
}

#define kit_test(function) cmocka_unit_test_setup_teardown(function, open_kit, close_kit)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_alike),
		cmocka_unit_test(what_a_slip_says),
		kit_test(counters),
		kit_test(exempt),
		kit_test(ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
