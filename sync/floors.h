/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node has seen and never goes below, kept apart from the metadata: versions of roles, the time, the generation
 * in force. Two files take turns, each with a sequence number and its own SHA-256, so that one is whole whatever
 * happens while the other is written; they are text, for people. Owned by sync/state. Thread: one at a time.
 */
#ifndef SYNC_FLOORS_H
#define SYNC_FLOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"

enum { FLOORS_ROLES_MAX = 65536, FLOORS_BYTES_MAX = 16 << 20, FLOORS_REFUSED_MAX = 16 };

struct floors_role {
	char *name;
	int64_t version;
};

/* A release that this node went back from. */
struct floors_refused {
	char *release;
	unsigned items;		/* that it had changed; 0: not known */
	char *why;		/* one line, "" when nobody said */
};

struct floors {
	uint64_t sequence;	/* of the last writing; 0: never */
	int64_t time_s;		/* wall clock, never believed to be earlier */
	int64_t fetched_s;	/* of the last complete refresh that was written down; 0: none */
	int64_t expires_s;	/* of the timestamp that was trusted then */
	uint64_t active;	/* generation in force; 0: none */
	char *node;		/* whose they are, or NULL: nobody said so yet */
	int64_t soak_s;		/* until when the generation in force is looked at; 0: it is not */
	struct floors_refused refused[FLOORS_REFUSED_MAX];	/* not taken again, oldest first */
	size_t refused_count;
	struct floors_role *roles;
	size_t role_count, role_room;
};

/* 0, with zeros when neither file is there. ERR_FORMAT: one is there and none is whole, or one is torn, or -ENOENT, gone, and
 * the other one is used (then ret is filled and sequence is not 0); the note says which. -errno. */
int floors_load(const char *folder, struct floors *ret, struct err_note *note);
/* The next writing, into the file that is the older one; safe on disk when it returns 0. */
int floors_save(const char *folder, struct floors *floors, struct err_note *note);
void floors_fini(struct floors *floors);

int64_t floors_version(const struct floors *floors, const char *role);	/* 0: none */
void floors_set(struct floors *floors, const char *role, int64_t version);
/* As the newest of the refused; the oldest gives way. */
void floors_refuse(struct floors *floors, const char *release, unsigned items, const char *why);
bool floors_allow(struct floors *floors, const char *release);	/* again; false: it was not refused */
const struct floors_refused *floors_refused(const struct floors *floors, const char *release);	/* NULL: it is not */
void floors_own(struct floors *floors, const char *node);

#endif
