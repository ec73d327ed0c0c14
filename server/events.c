/* SPDX-License-Identifier: Apache-2.0 */
#include "server/events.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"

/* A ring: event number n stands at (n - 1) % EVENTS_KEPT. */
struct events {
	uint64_t last;	/* number of the newest, 0: none yet */
	struct events_follower *followers;
	struct event kept[EVENTS_KEPT];
};

struct events *events_new(void)
{
	return mem_alloc(sizeof(struct events));
}

void events_free(struct events *events)
{
	mem_free(events);
}

static void tell(struct events *events, const struct event *event)
{
	/* A follower may leave in its callback, and only itself: the next one is known before. */
	for (struct events_follower *follower = events->followers, *next; follower != NULL; follower = next) {
		next = follower->next;
		follower->call(follower->ctx, event);
	}
}

void events_add(struct events *events, enum log_level level, const char *kind, const char *format, ...)
{
	struct event *event = &events->kept[events->last % EVENTS_KEPT];
	va_list args;
	int64_t now_us = clock_wall_us();

	*event = (struct event){ .number = ++events->last, .at = now_us / 1000000, .at_us = now_us, .level = level };
	snprintf(event->kind, sizeof event->kind, "%s", kind);
	va_start(args, format);
	vsnprintf(event->text, sizeof event->text, format, args);
	va_end(args);
	log_line(level, "%s", event->text);
	tell(events, event);
}

size_t events_count(const struct events *events)
{
	return events->last < EVENTS_KEPT ? (size_t)events->last : EVENTS_KEPT;
}

const struct event *events_at(const struct events *events, size_t index)
{
	assert(index < events_count(events));
	return &events->kept[(events->last - events_count(events) + index) % EVENTS_KEPT];
}

void events_follow(struct events *events, struct events_follower *follower)
{
	follower->next = events->followers;
	events->followers = follower;
}

void events_unfollow(struct events *events, struct events_follower *follower)
{
	struct events_follower **link = &events->followers;

	while (*link != NULL && *link != follower)
		link = &(*link)->next;
	if (*link != NULL)
		*link = follower->next;
}
