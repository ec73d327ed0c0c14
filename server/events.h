/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to this node: the last EVENTS_KEPT state changes (start, reload, a zone's new serial or failure, stop),
 * each also a log line. Main thread only. Followers (catchmentctl events --follow) get each new one by a callback.
 */
#ifndef SERVER_EVENTS_H
#define SERVER_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/log.h"

enum { EVENTS_KEPT = 256, EVENT_TEXT_MAX = 400 };

struct event {
	uint64_t number;	/* 1, 2, 3, ... */
	int64_t at;		/* wall clock, seconds */
	int64_t at_us;		/* the same in microseconds */
	enum log_level level;
	char kind[24];		/* "start" "reload" "zone" "control" "stop" */
	char text[EVENT_TEXT_MAX]; /* begins with its subject, as a log line does */
};

typedef void events_follow_fn(void *ctx, const struct event *event);
struct events_follower {
	events_follow_fn *call;
	void *ctx;
	struct events_follower *next;
};

struct events;
struct events *events_new(void);
void events_free(struct events *events);
/* Logs the text at level and keeps it. */
void events_add(struct events *events, enum log_level level, const char *kind, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Oldest first; index below events_count(). */
size_t events_count(const struct events *events);
const struct event *events_at(const struct events *events, size_t index);
/* The follower's storage is the caller's until events_unfollow(). */
void events_follow(struct events *events, struct events_follower *follower);
void events_unfollow(struct events *events, struct events_follower *follower);

#endif
