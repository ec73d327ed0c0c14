/* SPDX-License-Identifier: Apache-2.0 */
/* When ticket keys are renewed, and which of them are kept. What they open is in test_tls_stream.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server/tls_inner.h"

#define HOUR_NS (TLS_TICKET_HOURS * UINT64_C(3600000000000))

enum { START_NS = 12345 };

static bool same(const struct tls_ticket_key *a, const struct tls_ticket_key *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void keys_are_renewed_and_kept(void **state)
{
	struct tls_tickets *tickets = tls_tickets_new(START_NS);
	struct tls_ticket_key before[TLS_TICKET_OWN_KEYS];

	(void)state;
	assert_non_null(tickets);
	memcpy(before, tickets->keys, sizeof before);
	for (int i = 1; i < TLS_TICKET_OWN_KEYS; i++)
		assert_false(same(&before[0], &before[i]));
	tls_tickets_rotate(tickets, START_NS + HOUR_NS - 1);
	tls_tickets_rotate(tickets, 0);		/* a clock that steps back changes nothing */
	assert_memory_equal(before, tickets->keys, sizeof before);

	tls_tickets_rotate(tickets, START_NS + HOUR_NS);
	assert_false(same(&tickets->keys[0], &before[0]));
	assert_true(same(&tickets->keys[1], &before[0]));
	assert_true(same(&tickets->keys[2], &before[1]));
	tls_tickets_rotate(tickets, START_NS + HOUR_NS + 1);
	assert_true(same(&tickets->keys[1], &before[0]));

	/* Two hours without a client are two keys. */
	tls_tickets_rotate(tickets, START_NS + 3 * HOUR_NS + 5);
	assert_int_equal(tickets->made_ns, START_NS + 3 * HOUR_NS);
	for (int i = 0; i < TLS_TICKET_OWN_KEYS; i++)
		assert_false(same(&tickets->keys[i], &before[0]));
	assert_false(same(&tickets->keys[0], &tickets->keys[1]));

	/* A year without one costs no more than a new list. */
	memcpy(before, tickets->keys, sizeof before);
	tls_tickets_rotate(tickets, START_NS + UINT64_C(9000) * HOUR_NS);
	for (int i = 0; i < TLS_TICKET_OWN_KEYS; i++) {
		for (int j = 0; j < TLS_TICKET_OWN_KEYS; j++)
			assert_false(same(&tickets->keys[i], &before[j]));
	}
	assert_true(tls_tickets_retain(tickets) == tickets);
	tls_tickets_release(tickets);
	tls_tickets_release(tickets);
	tls_tickets_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_renewed_and_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
