/* SPDX-License-Identifier: Apache-2.0 */
/* Who is limited, how much, and who is not, by a clock of the test's own. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/limiter.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct conf_rate_limit settings(unsigned rate, unsigned slip)
{
	return (struct conf_rate_limit){
		.responses_per_second = rate, .slip = slip, .ipv4_prefix_length = 24, .ipv6_prefix_length = 56,
	};
}

static void start(struct limiter *limiter, const struct conf_rate_limit *conf)
{
	limiter_init(limiter, (struct siphash_key){ 0x0706050403020100, 0x0f0e0d0c0b0a0908 });
	limiter_set(limiter, conf, 1);
}

static struct address address(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_of((struct span){ bytes, 4 });
	assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
	return address_of((struct span){ bytes, 16 });
}

/* The address number i of so many /24. */
static struct address forged(uint32_t i)
{
	return (struct address){ 0, UINT64_C(0xffff) << 32 | (i << 8 | 77) };
}

static unsigned passed(struct limiter *limiter, const char *client, enum limiter_class class, uint32_t like,
		       uint64_t now_ns, unsigned times)
{
	unsigned count = 0;

	while (times-- > 0)
		count += limiter_check(limiter, address(client), class, like, now_ns) == LIMITER_PASS;
	return count;
}

static void a_second_at_once_then_the_rate(void **state)
{
	struct conf_rate_limit conf = settings(10, 0);
	struct limiter limiter;
	uint64_t now = 12345 * SECOND;

	(void)state;
	start(&limiter, &conf);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, now, 50), 10);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, now + 99 * MS, 50), 0);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, now + 101 * MS, 50), 1);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, now + 601 * MS, 50), 5);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, now + 60 * SECOND, 50), 10);
	limiter_fini(&limiter);
}

/* Whatever comes, in t seconds no more than rate * (t + 1) goes. */
static void a_flood_gets_the_rate_and_no_more(void **state)
{
	static const struct {
		unsigned rate, workers, expected;	/* of 20 s */
	} cases[] = {
		{ 1, 1, 21 }, { 5, 1, 105 }, { 50, 1, 1050 }, { 1000, 1, 21000 }, { 20, 4, 105 }, { 8, 16, 10 },
		{ 1000000, 1, 200000 },	/* more than comes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf_rate_limit conf = settings(cases[i].rate, 2);
		struct limiter limiter;
		unsigned count = 0;

		start(&limiter, &conf);
		struct conf_rate_limit off = settings(0, 0);
		limiter_set(&limiter, &off, 1);
		limiter_set(&limiter, &conf, cases[i].workers);
		for (uint64_t now = 0; now < 20 * SECOND; now += MS / 10)
			count += limiter_check(&limiter, address("192.0.2.1"), LIMITER_NXDOMAIN, 3, now)
				 == LIMITER_PASS;
		assert_in_range(count, cases[i].expected - cases[i].expected / 100 - 1, cases[i].expected + 1);
		limiter_fini(&limiter);
	}
}

static void only_alike_answers_share(void **state)
{
	struct conf_rate_limit conf = settings(5, 0);
	struct limiter limiter;

	(void)state;
	start(&limiter, &conf);
	for (int class = 0; class < LIMITER_CLASSES; class++) {
		for (uint32_t like = 0; like < 100; like++)
			assert_int_equal(passed(&limiter, "192.0.2.1", (enum limiter_class) class, like, SECOND, 6),
					 5);
	}
	/* One prefix is one client. */
	assert_int_equal(passed(&limiter, "192.0.2.255", LIMITER_ANSWER, 7, SECOND, 6), 0);
	assert_int_equal(passed(&limiter, "192.0.3.1", LIMITER_ANSWER, 7, SECOND, 6), 5);
	assert_int_equal(passed(&limiter, "2001:db8::1", LIMITER_ANSWER, 7, SECOND, 6), 5);
	assert_int_equal(passed(&limiter, "2001:db8:0:ff::1", LIMITER_ANSWER, 7, SECOND, 6), 0);
	assert_int_equal(passed(&limiter, "2001:db8:0:100::1", LIMITER_ANSWER, 7, SECOND, 6), 5);
	assert_int_equal(passed(&limiter, "::192.0.2.1", LIMITER_ANSWER, 7, SECOND, 6), 5);
	limiter_fini(&limiter);
}

static void every_nth_slips(void **state)
{
	(void)state;
	for (unsigned slip = 0; slip <= CONF_SLIP_MAX; slip++) {
		struct conf_rate_limit conf = settings(1, slip);
		struct limiter limiter;
		unsigned slipped = 0;

		start(&limiter, &conf);
		assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 1), 1);
		for (unsigned i = 1; i <= 1000; i++) {
			enum limiter_action action =
				limiter_check(&limiter, address("192.0.2.1"), LIMITER_ANSWER, 1, 0);
			bool due = slip > 0 && i % slip == 0;

			assert_int_equal(action, due ? LIMITER_SLIP : LIMITER_DROP);
			slipped += due;
		}
		assert_int_equal(slipped, slip > 0 ? 1000 / slip : 0);
		limiter_fini(&limiter);
	}
}

static void the_whitelist_is_not_limited_and_not_counted(void **state)
{
	struct conf_rate_limit conf = settings(5, 2);
	struct limiter limiter;
	struct prefix list[2];

	(void)state;
	prefix_parse("192.0.2.7", &list[0]);
	prefix_parse("2001:db8:1::/48", &list[1]);
	prefixes_init(&conf.whitelist, list, 2);
	start(&limiter, &conf);
	assert_int_equal(passed(&limiter, "192.0.2.7", LIMITER_ERROR, 0, SECOND, 1000), 1000);
	assert_int_equal(passed(&limiter, "192.0.2.8", LIMITER_ERROR, 0, SECOND, 1000), 5);
	assert_int_equal(passed(&limiter, "2001:db8:1:2::1", LIMITER_ERROR, 0, SECOND, 1000), 1000);
	assert_int_equal(passed(&limiter, "2001:db8:2::1", LIMITER_ERROR, 0, SECOND, 1000), 5);
	limiter_fini(&limiter);
	prefixes_fini(&conf.whitelist);
}

static void a_dry_run_says_so(void **state)
{
	struct conf_rate_limit conf = settings(5, 1);
	struct limiter limiter;

	(void)state;
	conf.dry_run = true;
	start(&limiter, &conf);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 5), 5);
	for (int i = 0; i < 100; i++)
		assert_int_equal(limiter_check(&limiter, address("192.0.2.1"), LIMITER_ANSWER, 1, 0),
				 LIMITER_DRY_RUN);
	/* In earnest now, of the same bucket. */
	conf.dry_run = false;
	limiter_set(&limiter, &conf, 1);
	assert_int_equal(limiter_check(&limiter, address("192.0.2.1"), LIMITER_ANSWER, 1, 0), LIMITER_SLIP);
	limiter_fini(&limiter);
}

static void settings_change_while_it_runs(void **state)
{
	struct conf_rate_limit conf = settings(5, 0);
	struct limiter limiter;

	(void)state;
	start(&limiter, &conf);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 9), 5);
	limiter_set(&limiter, &conf, 1);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 9), 0);
	conf.ipv4_prefix_length = 32;
	limiter_set(&limiter, &conf, 1);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 9), 5);
	assert_int_equal(passed(&limiter, "192.0.2.2", LIMITER_ANSWER, 1, 0, 9), 5);
	conf.responses_per_second = 7;
	limiter_set(&limiter, &conf, 1);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, 0, 9), 7);
	conf.responses_per_second = 0;
	limiter_set(&limiter, &conf, 1);
	assert_false(limiter_is_on(&limiter));
	limiter_fini(&limiter);
}

/* The moment in a bucket has 40 bits of 64 ns: it begins again after 19 hours. */
static void the_clock_begins_again(void **state)
{
	struct conf_rate_limit conf = settings(10, 0);
	uint64_t turn = UINT64_C(1) << 46;
	struct limiter limiter;

	(void)state;
	start(&limiter, &conf);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, turn - 500 * MS, 50), 10);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, turn + MS, 50), 5);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, turn + 206 * MS, 50), 2);
	assert_int_equal(passed(&limiter, "192.0.2.1", LIMITER_ANSWER, 1, turn + turn / 2, 50), 10);
	limiter_fini(&limiter);
}

/* A million forged prefixes, one of them again and again, and 500 resolvers that each ask ten names over and over, at
 * half of the rate: those are answered, the one is held to the rate, and memory is what it was. */
static void a_million_forged_prefixes_harm_nobody(void **state)
{
	enum { FORGED = 1000000, A_RESOLVER_EVERY = 10, VICTIM_EVERY = 5, RESOLVERS = 500, NAMES = 10, RATE = 20 };
	struct conf_rate_limit conf = settings(RATE, 2);
	struct limiter limiter;
	unsigned asked = 0, answered = 0, victims = 0;
	uint64_t now = 0;

	(void)state;
	start(&limiter, &conf);
	const uint64_t *table = limiter.table;
	/* 20 s of 500,000 packets a second. 50,000 more are the resolvers': ten to a name of each, half of RATE. */
	for (uint32_t i = 0; i < 10000000; i++, now += 2000) {
		limiter_check(&limiter, forged(0x100000 + i * 7 % FORGED), LIMITER_ANSWER, i % 3, now);
		if (i % VICTIM_EVERY == 0)
			victims += limiter_check(&limiter, address("203.0.113.9"), LIMITER_ANSWER, 1, now)
				   == LIMITER_PASS;
		if (i % A_RESOLVER_EVERY == 0) {
			uint32_t turn = i / A_RESOLVER_EVERY;

			asked++;
			answered += limiter_check(&limiter, forged(turn % RESOLVERS), LIMITER_ANSWER,
						  100 + turn / RESOLVERS % NAMES, now) == LIMITER_PASS;
		}
	}
	assert_int_equal(asked, 1000000);
	assert_true((uint64_t)answered * 1000 >= (uint64_t)asked * 999);
	/* 20 s: 420; its bucket is full, so that it is never the one that makes room. */
	assert_in_range(victims, 400, 440);
	assert_ptr_equal(table, limiter.table);
	limiter_fini(&limiter);
}

/* With most buckets in use by prefixes that are limited, others are answered: 34 bits would have to agree. */
static void a_full_table_forgets_rather_than_confuses(void **state)
{
	enum { ATTACKED = 110000, RATE = 2 };
	struct conf_rate_limit conf = settings(RATE, 0);
	struct limiter limiter;
	unsigned limited = 0, answered = 0;

	(void)state;
	start(&limiter, &conf);
	for (int round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < ATTACKED; i++)
			limited += limiter_check(&limiter, forged(i), LIMITER_ERROR, 0, SECOND + i) != LIMITER_PASS;
	}
	assert_true(limited > ATTACKED);
	for (uint32_t i = 0; i < 100000; i++)
		answered += limiter_check(&limiter, forged(500000 + i), LIMITER_ANSWER, i, 2 * SECOND - 1)
			    == LIMITER_PASS;
	assert_true(answered >= 99990);
	limiter_fini(&limiter);
}

static void the_busiest_are_known(void **state)
{
	struct conf_rate_limit conf = settings(1, 2);
	struct limiter one, two;
	const struct limiter *both[] = { &one, &two };
	struct limiter_report reports[10];
	struct prefix prefix;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	start(&one, &conf);
	start(&two, &conf);
	assert_int_equal(limiter_busiest(both, 2, reports, COUNT(reports)), 0);

	/* News once, and again after a quiet minute. */
	assert_true(limiter_note(&one, address("192.0.2.1"), LIMITER_NXDOMAIN, LIMITER_DROP, SECOND, 100, &prefix));
	assert_string_equal(prefix_print(&prefix, text), "192.0.2.0/24");
	assert_false(limiter_note(&one, address("192.0.2.9"), LIMITER_NXDOMAIN, LIMITER_SLIP, SECOND, 130, &prefix));
	assert_true(limiter_note(&one, address("192.0.2.9"), LIMITER_ERROR, LIMITER_DROP, SECOND, 191, &prefix));
	assert_true(limiter_note(&two, address("192.0.2.9"), LIMITER_ANSWER, LIMITER_DROP, SECOND, 90, &prefix));
	assert_true(limiter_note(&two, address("2001:db8:1:2:3::"), LIMITER_ANSWER, LIMITER_DRY_RUN, SECOND, 95,
				 &prefix));
	assert_string_equal(prefix_print(&prefix, text), "2001:db8:1::/56");

	assert_int_equal(limiter_busiest(both, 2, reports, COUNT(reports)), 2);
	assert_string_equal(prefix_print(&reports[0].prefix, text), "192.0.2.0/24");
	assert_int_equal(reports[0].actions[LIMITER_DROP], 3);
	assert_int_equal(reports[0].actions[LIMITER_SLIP], 1);
	assert_int_equal(reports[0].actions[LIMITER_DRY_RUN], 0);
	assert_int_equal(reports[0].since, 90);
	assert_int_equal(reports[0].last, 191);
	assert_int_equal(reports[0].class, LIMITER_ERROR);
	assert_int_equal(reports[1].actions[LIMITER_DRY_RUN], 1);
	assert_int_equal(limiter_busiest(both, 2, reports, 1), 1);
	assert_string_equal(prefix_print(&reports[0].prefix, text), "192.0.2.0/24");
	limiter_fini(&one);
	limiter_fini(&two);
}

/* Three that cause a tenth each are found among half a million others that come once. */
static void the_busiest_are_found_in_a_crowd(void **state)
{
	static const char *const busy[] = { "198.51.100.1", "203.0.113.1", "2001:db8::1" };
	struct conf_rate_limit conf = settings(1, 2);
	const struct limiter *list[1];
	struct limiter limiter;
	struct limiter_report reports[LIMITER_ROWS];
	struct prefix prefix;

	(void)state;
	start(&limiter, &conf);
	list[0] = &limiter;
	for (uint32_t i = 0; i < 500000; i++) {
		limiter_note(&limiter, i % 10 < 3 ? address(busy[i % 10]) : forged(i), LIMITER_ANSWER, LIMITER_DROP,
			     SECOND, 1000, &prefix);
	}
	assert_int_equal(limiter_busiest(list, 1, reports, COUNT(reports)), LIMITER_ROWS);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(prefix.bits != 0);
		assert_int_equal(reports[i].actions[LIMITER_DROP], 50000);
	}

	/* Two hours later they are forgotten for others that come ten times. */
	for (uint32_t i = 0; i < 10 * LIMITER_ROWS; i++)
		limiter_note(&limiter, forged(1000000 + i % LIMITER_ROWS), LIMITER_ANSWER, LIMITER_DROP,
			     7200 * SECOND, 8200, &prefix);
	limiter_busiest(list, 1, reports, COUNT(reports));
	assert_int_equal(reports[0].actions[LIMITER_DROP], 10);
	assert_int_equal(reports[LIMITER_ROWS - 1].actions[LIMITER_DROP], 10);
	limiter_fini(&limiter);
}

/* Prefixes that follow each other spread evenly, and otherwise under another key. */
static void the_hash_spreads(void **state)
{
	enum { SETS = 1 << 14, KEYS = SETS * 8 };
	static uint8_t load[2][SETS];
	struct siphash_key keys[] = { { 1, 2 }, { 1, 3 } };
	unsigned most = 0, same = 0;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint64_t one = siphash(keys[0], 0, i, 0), other = siphash(keys[1], 0, i, 0);

		same += one % SETS == other % SETS;
		load[0][one % SETS]++;
		load[1][other >> 50]++;
	}
	for (unsigned i = 0; i < SETS; i++) {
		most = load[0][i] > most ? load[0][i] : most;
		most = load[1][i] > most ? load[1][i] : most;
	}
	assert_in_range(most, 15, 30);	/* 8 on average */
	assert_true(same < 40);		/* 8 by chance */
	assert_int_not_equal(siphash(keys[0], 1, 0, 0), siphash(keys[0], 0, 1, 0));
	assert_int_not_equal(siphash(keys[0], 0, 0, 1), siphash(keys[0], 0, 1, 0));
	struct siphash_key made = siphash_key_new(), again = siphash_key_new();
	assert_true(made.a != again.a || made.b != again.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_at_once_then_the_rate),
		cmocka_unit_test(a_flood_gets_the_rate_and_no_more),
		cmocka_unit_test(only_alike_answers_share),
		cmocka_unit_test(every_nth_slips),
		cmocka_unit_test(the_whitelist_is_not_limited_and_not_counted),
		cmocka_unit_test(a_dry_run_says_so),
		cmocka_unit_test(settings_change_while_it_runs),
		cmocka_unit_test(the_clock_begins_again),
		cmocka_unit_test(a_million_forged_prefixes_harm_nobody),
		cmocka_unit_test(a_full_table_forgets_rather_than_confuses),
		cmocka_unit_test(the_busiest_are_known),
		cmocka_unit_test(the_busiest_are_found_in_a_crowd),
		cmocka_unit_test(the_hash_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
