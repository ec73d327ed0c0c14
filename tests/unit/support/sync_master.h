/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of both ends of the signed sync: a master in a folder of its own, which publishes with the calls of
 * catchment-publish, and its files as a transport gives them, whole or spoiled. A broken promise ends the test program.
 */
#ifndef TESTS_UNIT_SUPPORT_SYNC_MASTER_H
#define TESTS_UNIT_SUPPORT_SYNC_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/transport.h"

enum { SYNC_MASTER_DAY_S = 86400 };

/* What the network does to the bytes that go over it, counted over all files from the beginning. */
enum sync_master_spoil {
	SYNC_MASTER_WHOLE,
	SYNC_MASTER_CUT,	/* the connection ends behind so many bytes, and for good */
	SYNC_MASTER_TORN,	/* the file in which it is ends there, as if that were all of it; others come whole */
	SYNC_MASTER_FLIP,	/* that byte is another one */
};

struct sync_master {
	struct transport transport;	/* names below the repository; with prefix: URLs */
	char *folder;			/* repo, repo.publish, keys, sources */
	const char *served;		/* the folder that is served; NULL: repo */
	const char *prefix;		/* of what is asked for, "" */
	int64_t now_s;
	enum sync_master_spoil spoil;
	uint64_t at;			/* that byte */
	uint64_t passed;		/* bytes so far */
	const char *instead[2];		/* the file asked for by the first name is the other one; NULL: none */
	char asked[64][160];		/* names, in order */
	size_t asked_count;
};

struct sync_master *sync_master_new(int64_t now_s);
void sync_master_free(struct sync_master *master);

/* A path below the folder, good until the next call but three. */
const char *sync_master_path(const struct sync_master *master, const char *name);
/* Writes a source and lists it as an item: "zones/example.org/zone", "files/www.example.org/x.txt", "policy/guards.json". */
void sync_master_put(struct sync_master *master, const char *item, const char *text);
/* 0, or what catchment-publish release would fail with; said, when it is not NULL, gets the first fault. */
int sync_master_try(struct sync_master *master, char said[512]);
void sync_master_release(struct sync_master *master);		/* which must do */
/* The next root, which has another key for role. */
void sync_master_rotate(struct sync_master *master, const char *role);
/* All goes through again, and is counted anew. */
void sync_master_spoil(struct sync_master *master, enum sync_master_spoil spoil, uint64_t at);

/* Folders and what is in them, for tests that put a state back: from is copied to, which is emptied before. */
void sync_master_copy(const char *from, const char *to);

#endif
