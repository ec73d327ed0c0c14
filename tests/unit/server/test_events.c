/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/events.h"

static struct events *fresh(void)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	return events_new();
}

static void test_order(void **state)
{
	struct events *events = fresh();

	(void)state;
	assert_int_equal(events_count(events), 0);
	events_add(events, LOG_LEVEL_INFO, "zone", "zone %s: serial %d", "example.org", 7);
	events_add(events, LOG_LEVEL_WARN, "reload", "reload: refused");
	assert_int_equal(events_count(events), 2);
	assert_string_equal(events_at(events, 0)->text, "zone example.org: serial 7");
	assert_string_equal(events_at(events, 0)->kind, "zone");
	assert_int_equal(events_at(events, 0)->number, 1);
	assert_true(events_at(events, 0)->at > 1600000000);
	assert_int_equal(events_at(events, 1)->level, LOG_LEVEL_WARN);
	events_free(events);
}

static void test_ring(void **state)
{
	struct events *events = fresh();
	char text[20];

	(void)state;
	for (int i = 1; i <= EVENTS_KEPT + 10; i++)
		events_add(events, LOG_LEVEL_INFO, "zone", "event %d", i);
	assert_int_equal(events_count(events), EVENTS_KEPT);
	for (int i = 0; i < EVENTS_KEPT; i++) {
		snprintf(text, sizeof text, "event %d", i + 11);
		assert_string_equal(events_at(events, (size_t)i)->text, text);
		assert_int_equal(events_at(events, (size_t)i)->number, i + 11);
	}
	events_free(events);
}

static void test_long_text_is_cut(void **state)
{
	struct events *events = fresh();
	char text[2 * EVENT_TEXT_MAX];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	events_add(events, LOG_LEVEL_INFO, "a kind that is much longer than there is room for", "%s", text);
	assert_int_equal(strlen(events_at(events, 0)->text), EVENT_TEXT_MAX - 1);
	assert_int_equal(strlen(events_at(events, 0)->kind), sizeof events_at(events, 0)->kind - 1);
	events_free(events);
}

struct watcher {
	struct events *events;
	struct events_follower follower;
	unsigned seen, leave_at;
	uint64_t last;
};

static void watch(void *ctx, const struct event *event)
{
	struct watcher *watcher = ctx;

	watcher->seen++;
	watcher->last = event->number;
	if (watcher->seen == watcher->leave_at)
		events_unfollow(watcher->events, &watcher->follower);
}

/* Each leaves in its own callback, at another time; the others still get all. */
static void test_followers(void **state)
{
	struct events *events = fresh();
	struct watcher watchers[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		watchers[i] = (struct watcher){ .events = events, .leave_at = i + 1 };
		watchers[i].follower = (struct events_follower){ .call = watch, .ctx = &watchers[i] };
		events_follow(events, &watchers[i].follower);
	}
	for (int i = 0; i < 5; i++)
		events_add(events, LOG_LEVEL_INFO, "zone", "event");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(watchers[i].seen, i + 1);
		assert_int_equal(watchers[i].last, i + 1);
	}
	events_unfollow(events, &watchers[0].follower);	/* a second time does nothing */
	events_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_followers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
