/* SPDX-License-Identifier: Apache-2.0 */
/* The machine by tables of what happens and what must follow, and by a walk at random that must keep its rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/anycast/machine.h"

/* What happens at a time (ms), and the state and level behind it. */
struct step {
	uint64_t at;
	enum { GOOD, BAD, SOFT, MIDDLING, DRAIN, UNDRAIN, WITHDRAW, FORCE, STOP, UNSTOP, DEAD, ALIVE, STALE_LOW, STALE_OUT, EMPTY, FRESH, EBBED,
	       TIME } what;
	enum machine_state state;
	enum route_level level;
};

static const struct machine_settings plain = {
	.hold_down_ms = 100, .hold_down_max_ms = 800, .minimum_up_ms = 1000, .drain_ms = 50, .deprefer_ms = 20, .can_lower = true,
};

static void happen(struct machine *m, int what)
{
	switch (what) {
	case GOOD:
		m->in.health = MACHINE_GOOD;
		m->in.ready = true;
		break;
	case BAD:
	case SOFT:
		m->in.health = MACHINE_BAD;
		m->in.soft = what == SOFT;
		break;
	case MIDDLING: m->in.health = MACHINE_MIDDLING; break;
	case DRAIN: m->in.order = MACHINE_DRAIN; break;
	case UNDRAIN:
		m->in.order = MACHINE_NO_ORDER;
		machine_forgive(m);
		break;
	case WITHDRAW: m->in.order = MACHINE_WITHDRAW; break;
	case FORCE: m->in.order = MACHINE_FORCE; break;
	case STOP: m->in.stop_file = true; break;
	case UNSTOP: m->in.stop_file = false; break;
	case DEAD: m->in.alive = false; break;
	case ALIVE: m->in.alive = true; break;
	case STALE_LOW: m->in.stale = MACHINE_STALE_DEPREFER; break;
	case STALE_OUT: m->in.stale = MACHINE_STALE_WITHDRAW; break;
	case EMPTY: m->in.stale = MACHINE_EMPTY; break;
	case FRESH: m->in.stale = MACHINE_FRESH; break;
	case EBBED: m->in.ebbed = true; break;
	default: break;
	}
}

static struct machine new_machine(const struct machine_settings *settings, uint64_t jitter)
{
	struct machine m;

	machine_init(&m, settings, 0, jitter);
	m.in.alive = true;
	m.in.health = MACHINE_MIDDLING;
	return m;
}

static void expect_steps(const char *name, const struct machine_settings *settings, uint64_t jitter,
			 const struct step *steps, size_t count)
{
	struct machine m = new_machine(settings, jitter);

	for (size_t i = 0; i < count; i++) {
		happen(&m, steps[i].what);
		machine_step(&m, steps[i].at);
		if (m.state != steps[i].state || machine_level(&m) != steps[i].level)
			fail_msg("%s, step %zu at %llu: %s level %d, expected %s level %d", name, i,
				 (unsigned long long)steps[i].at, machine_state_name(m.state), machine_level(&m),
				 machine_state_name(steps[i].state), steps[i].level);
	}
}

#define EXPECT(name, settings, jitter, ...) \
	expect_steps(name, settings, jitter, (const struct step[]){ __VA_ARGS__ }, \
		     sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step))

static void test_up_and_down(void **state)
{
	(void)state;
	EXPECT("rises", &plain, 0, { 0, TIME, MACHINE_RISING, ROUTE_NONE }, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 2, MIDDLING, MACHINE_UP, ROUTE_FULL });
	EXPECT("bad first", &plain, 0, { 0, BAD, MACHINE_DOWN, ROUTE_NONE }, { 5, GOOD, MACHINE_UP, ROUTE_FULL });
	EXPECT("start-up wait", &plain, 30, { 1, GOOD, MACHINE_RISING, ROUTE_NONE }, { 29, TIME, MACHINE_RISING, ROUTE_NONE },
	       { 30, TIME, MACHINE_UP, ROUTE_FULL });
	EXPECT("falls, holds, rises", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, BAD, MACHINE_DOWN, ROUTE_NONE },
	       { 20, GOOD, MACHINE_HOLD, ROUTE_NONE }, { 50, BAD, MACHINE_DOWN, ROUTE_NONE },
	       { 60, GOOD, MACHINE_HOLD, ROUTE_NONE }, { 109, TIME, MACHINE_HOLD, ROUTE_NONE },
	       { 110, TIME, MACHINE_UP, ROUTE_FULL });
	EXPECT("holds while it falls long", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, BAD, MACHINE_DOWN, ROUTE_NONE },
	       { 500, GOOD, MACHINE_UP, ROUTE_FULL });
	EXPECT("loops hang", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, DEAD, MACHINE_DOWN, ROUTE_NONE },
	       { 20, ALIVE, MACHINE_HOLD, ROUTE_NONE }, { 110, TIME, MACHINE_UP, ROUTE_FULL });
}

static void test_keep_up(void **state)
{
	struct machine_settings keep = plain, last;
	struct machine m;
	char buf[300];

	(void)state;
	keep.keep_up_ms = 500;
	EXPECT("others' fault: not before keep-up is over", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 10, SOFT, MACHINE_UP, ROUTE_FULL }, { 500, TIME, MACHINE_UP, ROUTE_FULL }, { 501, TIME, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("it is mended before", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 400, GOOD, MACHINE_UP, ROUTE_FULL }, { 900, SOFT, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("ours: at once", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, BAD, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("ours beside others'", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 20, BAD, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("the lease", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 20, DEAD, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("stale content that must go", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 20, STALE_OUT, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("orders", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 20, WITHDRAW, MACHINE_WITHDRAWN, ROUTE_NONE }, { 30, UNDRAIN, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("a drain", &keep, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_UP, ROUTE_FULL },
	       { 20, DRAIN, MACHINE_EBB, ROUTE_NONE });
	EXPECT("it does not announce", &keep, 0, { 1, SOFT, MACHINE_DOWN, ROUTE_NONE }, { 2, GOOD, MACHINE_UP, ROUTE_FULL });
	EXPECT("none by default", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 2, SOFT, MACHINE_DOWN, ROUTE_NONE });
	/* Nothing is withdrawn by lower preference, and it is an honest one. */
	last = keep;
	last.last_resort = true;
	EXPECT("last resort", &last, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, SOFT, MACHINE_LAST, ROUTE_LOW });
	m = new_machine(&keep, 0);
	happen(&m, GOOD);
	machine_step(&m, 1);
	snprintf(m.in.cause, sizeof m.in.cause, "check exec:x: it burns");
	happen(&m, SOFT);
	machine_step(&m, 100);
	assert_int_equal(machine_due(&m), 501);
	assert_string_equal(machine_reason(&m, 100, buf, sizeof buf), "kept up for 1 s more: check exec:x: it burns");
	/* It stood for less than minimum-up: a flap, the second time. */
	for (unsigned flaps = 0; flaps < 3; flaps++) {
		uint64_t now = m.up_since + 500;

		machine_step(&m, now);
		assert_int_equal(m.state, MACHINE_DOWN);
		assert_int_equal(m.flaps, flaps);
		happen(&m, GOOD);
		machine_step(&m, m.hold_until);
		assert_int_equal(m.state, MACHINE_UP);
		happen(&m, SOFT);
		assert_false(machine_step(&m, m.up_since + 1));
	}
}

static void test_never_before_ready(void **state)
{
	struct machine m = new_machine(&plain, 0);

	(void)state;
	m.in.health = MACHINE_GOOD;
	machine_step(&m, 1);
	assert_int_equal(m.state, MACHINE_RISING);
	assert_int_equal(machine_level(&m), ROUTE_NONE);
	m.in.ready = true;
	machine_step(&m, 2);
	assert_int_equal(m.state, MACHINE_UP);
}

static void test_hold_down_doubles(void **state)
{
	struct machine m = new_machine(&plain, 0);
	uint64_t now = 0, expected[] = { 100, 200, 400, 800, 800, 800 };

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		happen(&m, GOOD);
		machine_step(&m, now);
		assert_int_equal(m.state, MACHINE_UP);
		now += 10;
		happen(&m, BAD);
		machine_step(&m, now);
		assert_int_equal(m.hold_until - now, expected[i]);
		now = m.hold_until;
	}
	/* It stands for three times minimum-up: three doublings back. */
	happen(&m, GOOD);
	machine_step(&m, now);
	happen(&m, BAD);
	machine_step(&m, now += 3000);
	assert_int_equal(m.hold_until - now, 400);
	/* And for long: as at first. */
	now = m.hold_until;
	happen(&m, GOOD);
	machine_step(&m, now);
	happen(&m, BAD);
	machine_step(&m, now += 100000);
	assert_int_equal(m.hold_until - now, 100);
}

static void test_stuck(void **state)
{
	struct machine_settings settings = plain;
	struct machine m;

	(void)state;
	settings.max_flaps = 2;
	m = new_machine(&settings, 0);
	for (uint64_t i = 0; i < 3; i++) {
		happen(&m, GOOD);
		machine_step(&m, i * 10000);
		assert_int_equal(m.state, MACHINE_UP);
		happen(&m, BAD);
		machine_step(&m, i * 10000 + 1);
	}
	happen(&m, GOOD);
	machine_step(&m, 1000000);
	assert_int_equal(m.state, MACHINE_STUCK);
	assert_string_equal(machine_public_name(m.state), "hold-down");
	happen(&m, UNDRAIN);
	machine_step(&m, 1000001);
	assert_int_equal(m.state, MACHINE_UP);
}

static void test_orders(void **state)
{
	struct machine_settings quick = plain;

	(void)state;
	EXPECT("drain: lower, withdraw, answer on, done", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 10, DRAIN, MACHINE_LOWERED, ROUTE_LOW }, { 29, TIME, MACHINE_LOWERED, ROUTE_LOW },
	       { 30, TIME, MACHINE_EBB, ROUTE_NONE }, { 79, TIME, MACHINE_EBB, ROUTE_NONE },
	       { 80, TIME, MACHINE_DRAINED, ROUTE_NONE }, { 81, BAD, MACHINE_DRAINED, ROUTE_NONE },
	       { 82, GOOD, MACHINE_DRAINED, ROUTE_NONE }, { 90, UNDRAIN, MACHINE_UP, ROUTE_FULL });
	EXPECT("the traffic has gone", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, DRAIN, MACHINE_LOWERED, ROUTE_LOW },
	       { 30, TIME, MACHINE_EBB, ROUTE_NONE }, { 31, EBBED, MACHINE_DRAINED, ROUTE_NONE });
	EXPECT("the next drain waits for its own traffic", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 10, DRAIN, MACHINE_LOWERED, ROUTE_LOW }, { 30, TIME, MACHINE_EBB, ROUTE_NONE }, { 31, EBBED, MACHINE_DRAINED, ROUTE_NONE },
	       { 32, UNDRAIN, MACHINE_UP, ROUTE_FULL }, { 33, DRAIN, MACHINE_LOWERED, ROUTE_LOW }, { 53, TIME, MACHINE_EBB, ROUTE_NONE },
	       { 54, TIME, MACHINE_EBB, ROUTE_NONE });
	EXPECT("undrain in the middle", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, DRAIN, MACHINE_LOWERED, ROUTE_LOW },
	       { 15, UNDRAIN, MACHINE_UP, ROUTE_FULL }, { 16, DRAIN, MACHINE_LOWERED, ROUTE_LOW },
	       { 36, TIME, MACHINE_EBB, ROUTE_NONE }, { 40, UNDRAIN, MACHINE_UP, ROUTE_FULL });
	EXPECT("a check falls while lowered", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 10, DRAIN, MACHINE_LOWERED, ROUTE_LOW }, { 11, BAD, MACHINE_EBB, ROUTE_NONE });
	EXPECT("drain of what is down", &plain, 0, { 1, BAD, MACHINE_DOWN, ROUTE_NONE }, { 2, DRAIN, MACHINE_DRAINED, ROUTE_NONE },
	       { 3, GOOD, MACHINE_DRAINED, ROUTE_NONE }, { 4, UNDRAIN, MACHINE_UP, ROUTE_FULL });
	EXPECT("withdraw at once", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 2, WITHDRAW, MACHINE_WITHDRAWN, ROUTE_NONE },
	       { 3, FORCE, MACHINE_FORCED, ROUTE_FULL }, { 4, BAD, MACHINE_FORCED, ROUTE_FULL },
	       { 5, DEAD, MACHINE_DOWN, ROUTE_NONE }, { 6, ALIVE, MACHINE_FORCED, ROUTE_FULL },
	       { 7, UNDRAIN, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("the stop file wins over force", &plain, 0, { 1, FORCE, MACHINE_FORCED, ROUTE_FULL },
	       { 2, STOP, MACHINE_WITHDRAWN, ROUTE_NONE }, { 3, UNSTOP, MACHINE_FORCED, ROUTE_FULL });
	EXPECT("the stop file is no fault", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 2, STOP, MACHINE_WITHDRAWN, ROUTE_NONE },
	       { 3, UNSTOP, MACHINE_UP, ROUTE_FULL });
	quick.can_lower = false;
	EXPECT("no second carrier", &quick, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 10, DRAIN, MACHINE_EBB, ROUTE_NONE });
	EXPECT("force of a drained one", &plain, 0, { 1, DRAIN, MACHINE_DRAINED, ROUTE_NONE }, { 2, FORCE, MACHINE_FORCED, ROUTE_FULL });
}

static void test_fleet(void **state)
{
	struct machine_settings last = plain;

	(void)state;
	EXPECT("stale: serve on, lower, withdraw", &plain, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 2, STALE_LOW, MACHINE_UP, ROUTE_LOW }, { 3, FRESH, MACHINE_UP, ROUTE_FULL },
	       { 4, STALE_OUT, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("nothing of the master", &plain, 0, { 1, EMPTY, MACHINE_DOWN, ROUTE_NONE }, { 2, GOOD, MACHINE_DOWN, ROUTE_NONE },
	       { 3, FRESH, MACHINE_UP, ROUTE_FULL }, { 4, EMPTY, MACHINE_DOWN, ROUTE_NONE });
	last.last_resort = true;
	EXPECT("nothing of the master, at last", &last, 0, { 1, GOOD, MACHINE_UP, ROUTE_FULL }, { 2, BAD, MACHINE_LAST, ROUTE_LOW },
	       { 3, EMPTY, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("last resort", &last, 0, { 1, BAD, MACHINE_DOWN, ROUTE_NONE }, { 2, GOOD, MACHINE_UP, ROUTE_FULL },
	       { 3, BAD, MACHINE_LAST, ROUTE_LOW }, { 4, GOOD, MACHINE_LAST, ROUTE_LOW }, { 103, TIME, MACHINE_UP, ROUTE_FULL },
	       { 104, BAD, MACHINE_LAST, ROUTE_LOW }, { 105, DEAD, MACHINE_DOWN, ROUTE_NONE });
	EXPECT("last resort obeys", &last, 0, { 2, GOOD, MACHINE_UP, ROUTE_FULL }, { 3, BAD, MACHINE_LAST, ROUTE_LOW },
	       { 4, DRAIN, MACHINE_EBB, ROUTE_NONE });
}

static void test_reasons(void **state)
{
	struct machine m = new_machine(&plain, 0);
	char buf[300];

	(void)state;
	machine_step(&m, 0);
	assert_string_equal(machine_reason(&m, 0, buf, sizeof buf), "rising: good checks are counted");
	snprintf(m.in.cause, sizeof m.in.cause, "check dns: no answer");
	happen(&m, BAD);
	machine_step(&m, 1);
	assert_string_equal(machine_reason(&m, 1, buf, sizeof buf), "check dns: no answer");
	happen(&m, GOOD);
	machine_step(&m, 2);
	assert_string_equal(machine_reason(&m, 2, buf, sizeof buf), "checks hold");
	happen(&m, BAD);
	machine_step(&m, 3);
	happen(&m, GOOD);
	machine_step(&m, 4);
	assert_string_equal(machine_reason(&m, 4, buf, sizeof buf), "checks hold; hold-down: 1 s left, 0 flaps");
	happen(&m, STOP);
	machine_step(&m, 5);
	assert_string_equal(machine_reason(&m, 5, buf, sizeof buf), "the stop file exists");
}

/* ---- A walk at random ---- */

static uint64_t random_state;

static unsigned draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static struct machine_settings random_settings(void)
{
	return (struct machine_settings){
		.hold_down_ms = draw(3) * 50, .hold_down_max_ms = 400, .minimum_up_ms = draw(2) * 300, .keep_up_ms = draw(2) * 200, .deprefer_ms = draw(2) * 20,
		.drain_ms = draw(60), .max_flaps = draw(2) * 3, .last_resort = draw(2), .can_lower = draw(2),
	};
}

/* What must hold whatever has happened. */
static void expect_rules(const struct machine *m, uint64_t now, uint64_t fell_at, bool was_forgiven)
{
	enum route_level level = machine_level(m);
	bool forced = m->in.order == MACHINE_FORCE;

	if (level == ROUTE_NONE)
		return;
	assert_true(m->in.alive);
	assert_false(m->in.stop_file);
	assert_int_not_equal(m->in.order, MACHINE_WITHDRAW);
	assert_true(m->in.ready || forced);
	if (level == ROUTE_FULL && !forced) {
		assert_true(m->in.health != MACHINE_BAD || (m->in.soft && now < m->up_since + m->settings.keep_up_ms));
		assert_true(m->in.stale == MACHINE_FRESH || m->in.stale == MACHINE_STALE_DEPREFER);
	}
	if (level == ROUTE_LOW)
		assert_true(m->settings.can_lower);
	if (m->in.order == MACHINE_DRAIN)
		assert_int_equal(m->state, MACHINE_LOWERED);
	if (m->state == MACHINE_UP && !forced && !was_forgiven && fell_at != 0 && m->up_since > fell_at)
		assert_true(now - fell_at >= m->settings.hold_down_ms);
}

static void walk(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15u + 1;
	struct machine_settings settings = random_settings();
	struct machine m;
	uint64_t now = 1, fell_at = 0;
	unsigned falls = 0;
	bool forgiven = false;

	machine_init(&m, &settings, now, draw(50));
	for (unsigned i = 0; i < 2000; i++) {
		now += draw(40);
		unsigned what = draw(TIME + 1);
		happen(&m, (int)what);
		forgiven = forgiven || what == UNDRAIN || what == FORCE;
		m.in.ebbed = m.in.ebbed && draw(2);
		machine_step(&m, now);
		if (m.falls != falls) {
			falls = m.falls;
			fell_at = now;
			forgiven = false;
		}
		expect_rules(&m, now, fell_at, forgiven);
		/* It has come to rest, and says when time would move it. */
		assert_false(machine_step(&m, now));
		uint64_t due = machine_due(&m);
		assert_true(due > now);	/* else it would be asked without end */
		if (due != UINT64_MAX) {
			struct machine later = m;
			assert_false(machine_step(&later, due - 1));
		}
		char buf[300];
		assert_true(machine_reason(&m, now, buf, sizeof buf)[0] != '\0');
	}
}

static void test_random_walk(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++)
		walk(seed);
}

/* A service that flaps as fast as it can changes its route ever more rarely: in a time T not more often than twice for
 * each doubling until the longest hold-down, and then twice in each of those. */
static void test_flapping_is_bounded(void **state)
{
	struct machine m = new_machine(&(struct machine_settings){ .hold_down_ms = 1000, .hold_down_max_ms = 64000,
								    .minimum_up_ms = 600000, .drain_ms = 1 }, 0);
	unsigned changes = 0;
	uint64_t end = 3600000;

	(void)state;
	for (uint64_t now = 0; now < end; now += 100) {
		enum route_level before = machine_level(&m);

		happen(&m, now / 100 % 2 ? BAD : GOOD);
		machine_step(&m, now);
		changes += machine_level(&m) != before;
	}
	assert_true(changes <= 2 * (7 + end / 64000 + 1));
	assert_true(changes >= 2 * (end / 64100) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down), cmocka_unit_test(test_keep_up), cmocka_unit_test(test_never_before_ready),
		cmocka_unit_test(test_hold_down_doubles), cmocka_unit_test(test_stuck), cmocka_unit_test(test_orders),
		cmocka_unit_test(test_fleet), cmocka_unit_test(test_reasons), cmocka_unit_test(test_random_walk),
		cmocka_unit_test(test_flapping_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
