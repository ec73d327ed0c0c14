/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the node's side of the signed sync: what server/sync does between a start and the switch, without a
 * node around it. What is served is told as text, so that two states of it can be compared.
 */
#ifndef TESTS_UNIT_SUPPORT_FOLLOWER_H
#define TESTS_UNIT_SUPPORT_FOLLOWER_H

#include "sync/follow.h"
#include "sync/node_key.h"
#include "tests/unit/support/sync_master.h"

enum { FOLLOWER_TEXT = 4096 };

struct follower {
	struct conf *conf;
	struct state *state;
	struct node_key *key;
	struct content *content;	/* that is served; NULL: none */
	struct follow_settings settings;
	int64_t settled;
	int64_t now_s;
	struct follow_outcome outcome;	/* of the last look */
	void (*on_switch)(void *ctx);	/* what is new is served from now on; NULL after the start */
	void *ctx;
	char said[FOLLOWER_TEXT];	/* warnings and remarks since the start, a line each */
	char text[FOLLOWER_TEXT];
};

/* As a node starts over folder (its state-dir): 0, or a negative code with the reason in said. name: of the
 * node; NULL: n1. */
int follower_start(struct follower *ret, const char *folder, const char *root_file, int64_t now_s, const char *name);
void follower_stop(struct follower *follower);
/* A look, and the switch when there is something new. */
enum follow_result follower_look(struct follower *follower, struct sync_master *master);
/* To the generation before; false: there is none. */
bool follower_roll_back(struct follower *follower);
/* "release 2\nzones/a/zone 7 DIGEST\nfiles/h/x CONTENT\n", or "nothing"; lives until the next call. The digest is
 * counted anew, over every record that is served. */
const char *follower_serves(struct follower *follower);

#endif
