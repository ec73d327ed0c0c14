/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what the ring still has, and with --follow what comes. A follower remembers the number of the next
 * event, not events: one that reads slowly costs nothing, and is told how many the ring overtook.
 */
#include <stdio.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/commands.h"
#include "server/events.h"

struct follow {
	struct events_follower follower;
	uint64_t next;		/* number */
};

static json_t *event_object(const struct event *event)
{
	json_t *object = json_object();

	json_object_set_new(object, "number", json_integer((json_int_t)event->number));
	json_object_set_new(object, "at", call_time(event->at));
	json_object_set_new(object, "at_us", json_integer(event->at_us));
	json_object_set_new(object, "level", call_string(log_level_name(event->level)));
	json_object_set_new(object, "kind", call_string(event->kind));
	json_object_set_new(object, "text", call_string(event->text));
	return object;
}

static void event_text(struct call *call, const struct event *event)
{
	char at[CLOCK_TEXT_MAX];

	call_text(call, "%s %-5s %-8s %s\n", clock_print(event->at, at, sizeof at), log_level_name(event->level),
		  event->kind, event->text);
}

/* One event as one line. Nothing new: waits for on_event(). */
static void produce(struct call *call)
{
	const struct events *events = call->node->events;
	struct follow *follow = call->state;
	size_t count = events_count(events);
	uint64_t oldest = count > 0 ? events_at(events, 0)->number : 1;

	if (follow->next >= oldest + count) {
		call->produce = NULL;
		return;
	}
	if (follow->next < oldest) {
		uint64_t missed = oldest - follow->next;

		call_text(call, "(%llu events passed unread)\n", (unsigned long long)missed);
		call_set(call, "missed", json_integer((json_int_t)missed));
		follow->next = oldest;
	} else {
		const struct event *event = events_at(events, (size_t)(follow->next - oldest));

		event_text(call, event);
		json_decref(call->data);
		call->data = event_object(event);
		follow->next++;
	}
	call_more(call);
}

static void on_event(void *ctx, const struct event *event)
{
	(void)event;	/* it is in the ring */
	call_produce(ctx, produce);
}

static void unfollow(struct call *call)
{
	struct follow *follow = call->state;

	events_unfollow(call->node->events, &follow->follower);
	mem_free(follow);
}

static void show(struct call *call)
{
	const struct events *events = call->node->events;
	json_t *list = json_array();

	for (size_t i = 0; i < events_count(events); i++) {
		event_text(call, events_at(events, i));
		json_array_append_new(list, event_object(events_at(events, i)));
	}
	call_set(call, "events", list);
	call_done(call);
}

void command_events(struct call *call)
{
	if (!call->option) {
		show(call);
		return;
	}

	struct events *events = call->node->events;
	struct follow *follow = mem_alloc(sizeof *follow);

	follow->follower = (struct events_follower){ .call = on_event, .ctx = call };
	follow->next = events_count(events) > 0 ? events_at(events, 0)->number : 1;
	call->state = follow;
	call->release = unfollow;
	call->live = true;
	events_follow(events, &follow->follower);
	call_produce(call, produce);
}
