/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange adds to the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/dns_count.h"
#include "server/worker.h"
#include "zone/wire.h"

static void each_exchange_is_counted(void **state)
{
	static const struct {
		struct respond_result result;
		const char *expected;	/* without the queries and dns.responses */
		const char *type;	/* its counter, or NULL: there was no question */
	} rows[] = {
		{ { .len = 12, .outcome = RESPOND_ANSWER }, "dns.rcode.noerror", NULL },
		{ { .len = 12, .outcome = RESPOND_NODATA, .edns = true }, "dns.rcode.noerror dns.nodata dns.edns", NULL },
		{ { .len = 12, .outcome = RESPOND_REFERRAL, .edns = true, .dnssec_ok = true },
		  "dns.rcode.noerror dns.referral dns.edns dns.do", NULL },
		{ { .len = 12, .outcome = RESPOND_CHAOS, .edns = true, .nsid = true },
		  "dns.rcode.noerror dns.edns dns.nsid", NULL },
		{ { .len = 12, .outcome = RESPOND_ANSWER, .truncated = true }, "dns.rcode.noerror dns.truncated", NULL },
		{ { .len = 12, .outcome = RESPOND_FORMERR, .rcode = DNS_FORMERR }, "dns.rcode.formerr", NULL },
		{ { .len = 12, .outcome = RESPOND_SERVFAIL, .rcode = DNS_SERVFAIL }, "dns.rcode.servfail", NULL },
		{ { .len = 12, .outcome = RESPOND_NXDOMAIN, .rcode = DNS_NXDOMAIN }, "dns.rcode.nxdomain", NULL },
		{ { .len = 12, .outcome = RESPOND_NOTIMP, .rcode = DNS_NOTIMP }, "dns.rcode.notimp", NULL },
		{ { .len = 12, .outcome = RESPOND_REFUSED, .rcode = DNS_REFUSED }, "dns.rcode.refused", NULL },
		{ { .len = 12, .outcome = RESPOND_BADVERS, .rcode = DNS_BADVERS, .edns = true },
		  "dns.rcode.badvers dns.edns", NULL },
		{ { .len = 12, .outcome = RESPOND_YXDOMAIN, .rcode = DNS_YXDOMAIN }, "dns.rcode.yxdomain", NULL },
		{ { .len = 12, .rcode = 4095 }, "dns.rcode.other", NULL },
		{ { .len = 12, .rcode = 8 }, "dns.rcode.other", NULL },
		{ { .len = 12, .outcome = RESPOND_NOTAUTH, .rcode = DNS_NOTAUTH }, "dns.rcode.notauth", NULL },
		{ { .len = 12, .outcome = RESPOND_BADCOOKIE, .rcode = DNS_BADCOOKIE, .edns = true, .cookie = true },
		  "dns.rcode.badcookie dns.edns dns.cookie.seen", NULL },
		{ { .len = 12, .type = DNS_A, .edns = true, .cookie = true, .cookie_valid = true },
		  "dns.rcode.noerror dns.edns dns.cookie.seen dns.cookie.valid", "dns.type.a" },
		{ { .len = 12, .type = DNS_CAA }, "dns.rcode.noerror", "dns.type.caa" },
		{ { .len = 12, .type = DNS_HTTPS }, "dns.rcode.noerror", "dns.type.https" },
		{ { .len = 12, .type = DNS_CNAME }, "dns.rcode.noerror", "dns.type.other" },
		{ { .len = 12, .type = 258 }, "dns.rcode.noerror", "dns.type.other" },
		{ { .len = 12, .type = 65535 }, "dns.rcode.noerror", "dns.type.other" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct worker worker = { 0 };
		const struct counters *counters = &worker.counters;
		char text[256], expected[256];
		size_t len = 0;

		dns_count(&worker, &rows[i].result, COUNTER_DNS_TCP6_QUERIES);
		for (int c = 0; c < COUNTER_COUNT; c++) {
			uint64_t value = counters_get(counters, (enum counter)c);

			assert_true(value <= 1);
			if (value == 1)
				len += (size_t)snprintf(text + len, sizeof text - len, " %s",
							counters_name((enum counter)c));
		}
		snprintf(expected, sizeof expected, " dns.queries.tcp6%s%s dns.responses %s",
			 rows[i].type ? " " : "", rows[i].type ? rows[i].type : "", rows[i].expected);
		assert_string_equal(text, expected);
	}
}

static void silence_is_a_query_and_no_response(void **state)
{
	struct worker worker = { 0 };
	const struct counters *counters = &worker.counters;
	uint64_t sum = 0;

	(void)state;
	dns_count(&worker, &(struct respond_result){ .outcome = RESPOND_SILENT, .edns = true },
		  COUNTER_DNS_UDP4_QUERIES);
	for (int c = 0; c < COUNTER_COUNT; c++)
		sum += counters_get(counters, (enum counter)c);
	assert_int_equal(sum, 2);
	assert_int_equal(counters_get(counters, COUNTER_DNS_UDP4_QUERIES), 1);
	assert_int_equal(counters_get(counters, COUNTER_DNS_SILENT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_exchange_is_counted),
		cmocka_unit_test(silence_is_a_query_and_no_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
