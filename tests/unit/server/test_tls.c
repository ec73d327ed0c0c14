/* SPDX-License-Identifier: Apache-2.0 */
/* Records as they are seen before OpenSSL sees them; the rest of server/tls.c is in test_tls_stream.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/tls.h"

static void records_are_counted_whole(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, whole;
		bool broken;
	} cases[] = {
		{ "", 0, 0, false },
		{ "\x16", 1, 0, false },
		{ "\x16\x03\x01\x00", 4, 0, false },
		{ "\x16\x03\x01\x00\x02", 5, 0, false },
		{ "\x16\x03\x01\x00\x02" "a", 6, 0, false },
		{ "\x16\x03\x01\x00\x02" "ab", 7, 7, false },
		{ "\x14\x03\x03\x00\x01" "a" "\x17\x03\x03\x00\x02" "ab" "\x15", 14, 13, false },
		{ "\x17\x03\x04\x00\x00", 5, 5, false },
		/* What cannot begin a record is seen as soon as its header is there, behind good ones as well. */
		{ "GET /", 5, 0, true },
		{ "GET", 3, 0, false },
		{ "\x13\x03\x01\x00\x01" "a", 6, 0, true },
		{ "\x18\x03\x01\x00\x01" "a", 6, 0, true },
		{ "\x16\x02\x01\x00\x01" "a", 6, 0, true },
		{ "\x16\x03\x01\x00\x01" "a" "\x80\x2e\x01\x03\x01", 11, 6, true },
		{ "\x16\x03\x01\x48\x00", 5, 0, false },
		{ "\x16\x03\x01\x48\x01", 5, 0, true },
		{ "\x16\x03\x01\xff\xff", 5, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		/* An exact copy, for the address sanitizer. */
		uint8_t *copy = malloc(cases[i].len + (cases[i].len == 0));
		bool broken;

		memcpy(copy, cases[i].bytes, cases[i].len);
		size_t whole = tls_records((struct span){ copy, cases[i].len }, &broken);
		if (whole != cases[i].whole || broken != cases[i].broken)
			fail_msg("case %zu: %zu whole, broken %d", i, whole, broken);
		free(copy);
	}
}

/* What tls_stream asks for before it seals. */
static void sealing_has_room(void **state)
{
	(void)state;
	assert_int_equal(TLS_SEALED_MAX(0), TLS_RECORD_COST);
	assert_int_equal(TLS_SEALED_MAX(1), 1 + TLS_RECORD_COST);
	assert_true(TLS_SEALED_MAX(TLS_RECORD_PLAIN_MAX + 1) >= TLS_RECORD_PLAIN_MAX + 1 + 2 * 29);
}

static void a_closed_one_may_be_closed(void **state)
{
	struct tls tls = { 0 };

	(void)state;
	tls_close(&tls);
	tls_certs_release(NULL);
	assert_null(tls.ssl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_counted_whole),
		cmocka_unit_test(sealing_has_room),
		cmocka_unit_test(a_closed_one_may_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
