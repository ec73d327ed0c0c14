/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of server/sync share. */
#ifndef SERVER_SYNC_INNER_H
#define SERVER_SYNC_INNER_H

#include <stdatomic.h>
#include <uv.h>

#include "server/node.h"
#include "server/sync.h"
#include "sync/node_key.h"
#include "sync/state.h"
#include "sync/web_mirrors.h"

struct sync_notify;

struct sync_answers {
	uint64_t all, bad;
};

struct sync_request {
	struct sync_request *next;
	bool rollback;
	char *retry;
	sync_done_fn *done;
	void *ctx;
	struct sync_entry entry;	/* what came of it */
};

struct sync {
	struct node *node;
	const struct conf *conf;
	struct state *state;			/* the thread's, once it runs; the pool's while it commits */
	struct node_key *key;
	struct web_mirrors *mirrors;
	struct follow_settings settings;
	uv_thread_t thread;
	bool threaded;
	uv_async_t news;			/* from the thread to main */
	uv_timer_t tick;			/* main: freshness */
	bool open;				/* the handles are */
	struct sync_notify *notify;

	uv_mutex_t lock;			/* of all below */
	uv_cond_t wake;				/* for the thread */
	bool stop, ended;			/* ended: the thread says nothing more */
	struct sync_request *wanted;		/* in order */
	struct sync_request *finished;		/* for main to answer */
	uint64_t pull_at_ns;			/* a NOTIFY asks for a look then; 0: none does */
	struct node_sync_job *job;		/* offered to main */
	bool job_taken, job_done;
	struct sync_status status;
	struct sync_entry history[SYNC_HISTORY];
	size_t history_count;			/* ever */
	struct sync_entry told[8];		/* for events */
	size_t told_count;
	char remarks[16][SYNC_TEXT_MAX];
	size_t remark_count;

	/* The thread's alone. */
	struct content *content;		/* served, retained; NULL: none */
	int64_t settled;			/* snapshot of which all is known */
	unsigned failures;			/* in a row */
	uint64_t due_ns;
	uint64_t pulled_ns;			/* last look that a NOTIFY asked for */
	/* Main's alone. */
	enum sync_state shown;
	struct sync_answers soak_before, soak_at;	/* counters at the switch before the last, and at the last */
	int64_t soak_judged;			/* the soak that was ended early */
};

void sync_thread(void *sync);
void sync_soak_begin(struct sync *sync);		/* after each switch */
void sync_soak_look(struct sync *sync, int64_t until);
int sync_notify_start(struct sync *sync, const struct worker_sockets *sockets);
int sync_notify_check(const struct conf *conf, struct err_note *note);	/* its key */
void sync_notify_close(struct sync *sync);
void sync_notify_free(struct sync *sync);
enum sync_state sync_state_of(const struct sync *sync, int64_t now_s);	/* under the lock */

#endif
