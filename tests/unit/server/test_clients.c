/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of connections by client, against a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/clients.h"

static struct address client(unsigned number)
{
	return (struct address){ UINT64_C(0x20010db8) << 32 | number, 0 };
}

static void a_client_has_at_most_so_many(void **state)
{
	struct clients clients = { .key = { 1, 2 } };

	(void)state;
	assert_false(clients_enter(&clients, client(1), 0));
	for (unsigned i = 0; i < 3; i++)
		assert_true(clients_enter(&clients, client(1), 3));
	assert_false(clients_enter(&clients, client(1), 3));
	assert_true(clients_enter(&clients, client(2), 3));
	assert_true(clients_enter(&clients, (struct address){ 0, 0 }, 1));
	assert_false(clients_enter(&clients, (struct address){ 0, 0 }, 1));
	/* A limit that was lowered holds for the next. */
	clients_leave(&clients, client(1));
	assert_false(clients_enter(&clients, client(1), 1));
	assert_true(clients_enter(&clients, client(1), 3));
	for (unsigned i = 0; i < 3; i++)
		clients_leave(&clients, client(1));
	clients_leave(&clients, client(2));
	clients_leave(&clients, (struct address){ 0, 0 });
	assert_int_equal(clients.used, 0);
	clients_fini(&clients);
}

/* Coming and going at random; each client's count must be that of the model, however slots move. */
static void as_a_model_counts(void **state)
{
	enum { CLIENTS = 300, STEPS = 200000, MOST = 5 };
	struct clients clients = { .key = { 7, 11 } };
	unsigned model[CLIENTS] = { 0 }, busy = 0;
	uint32_t random = 1;

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		unsigned who = (random >> 8) % CLIENTS;

		if (random >> 31 || model[who] == 0) {
			assert_int_equal(clients_enter(&clients, client(who), MOST), model[who] < MOST);
			busy += model[who] == 0;
			model[who] += model[who] < MOST;
		} else {
			clients_leave(&clients, client(who));
			model[who]--;
			busy -= model[who] == 0;
		}
		assert_int_equal(clients.used, busy);
	}
	assert_true(clients.room <= 1024);
	for (unsigned who = 0; who < CLIENTS; who++) {
		for (; model[who] > 0; model[who]--)
			clients_leave(&clients, client(who));
	}
	assert_int_equal(clients.used, 0);
	clients_fini(&clients);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_has_at_most_so_many),
		cmocka_unit_test(as_a_model_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
