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
struct sync_post;

/* What is known of the time; server/sync_clock.c. */
struct sync_clock {
	int64_t checked_boot_s;		/* steady clock at the last look that was verified in this process; 0: none yet */
	int64_t anchor_wall_s, anchor_boot_s;	/* both clocks, when the one was last believed; 0: never */
};

struct sync_request {
	struct sync_request *next;
	bool rollback;
	uint64_t generation;		/* rollback: only from this one; 0: from any */
	char *why;			/* rollback: of the node's own accord, or NULL */
	char *retry;
	bool in_vain;			/* retry is none that is refused */
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
	struct follow_memory memory;		/* the thread's */
	struct content_spare *merging;		/* the thread's, but for the time that merge_thread makes it; NULL: none */
	uv_thread_t merge_thread;
	_Atomic bool merged;			/* merge_thread has ended */
	int merge_err;
	uv_thread_t thread;
	bool threaded;
	uv_async_t news;			/* from the thread to main */
	uv_timer_t tick;			/* main: freshness */
	bool open;				/* the handles are */
	struct sync_notify *notify;
	struct sync_post *post;

	uv_mutex_t lock;			/* of all below */
	uv_cond_t wake;				/* for the thread */
	bool stop, ended;			/* ended: the thread says nothing more */
	struct sync_request *wanted;		/* in order */
	struct sync_request *finished;		/* for main to answer */
	uint64_t pull_at_ns;			/* a NOTIFY asks for a look then; 0: none does */
	bool has_hint;				/* and says that there is this version of the timestamp, modulo 2^32 */
	uint32_t hint;
	struct node_sync_job *job;		/* offered to main */
	bool job_taken, job_done;
	struct sync_status status;
	struct sync_clock clock;
	struct sync_board board;		/* without the lock */
	int64_t hinted;				/* newest timestamp of which is known what came of it */
	struct sync_entry history[SYNC_HISTORY];
	size_t history_count;			/* ever */
	struct sync_entry told[8];		/* for events */
	size_t told_count;
	char remarks[16][SYNC_TEXT_MAX];
	size_t remark_count;
	unsigned lost;				/* looks in a row since the last switch that did not reach the master */

	/* The thread's alone. */
	struct content *content;		/* served, retained; NULL: none */
	int64_t settled;			/* snapshot of which all is known */
	unsigned failures;			/* in a row */
	uint64_t due_ns;
	uint32_t failing;			/* mirrors, as told */
	uint64_t pulled_ns;			/* of looks that a NOTIFY asked for; server/sync_pull */
	uint64_t switched_ns;			/* last switch to what is new; 0: none since the start */
	/* Main's alone. */
	enum sync_state shown;
	enum wallclock shown_clock;
	size_t shown_aged, shown_refused;
	bool aging;				/* a reload by age is under way */
	struct gate_reading soak_before, soak_at;	/* counters at the switch before the last, and at the last */
	uint64_t soak_memory[GATE_MEMORY_READINGS];	/* of the last ticks; 0: none yet */
	uint64_t soak_begun_ns;			/* of the last switch */
	uint64_t soak_judged;			/* generation that was gone back from */
	unsigned soak_lost;			/* ticks in a row without the master and with a probe that fails */
};

void sync_thread(void *sync);
void sync_merge_take(struct sync *sync);		/* before each look: what has been merged is built on */
void sync_merge_look(struct sync *sync);		/* after each switch: whether there is something to merge */
bool sync_merge_runs(const struct sync *sync);		/* it writes an image that no generation names yet */
void sync_merge_free(struct sync *sync);
void sync_note_refused(struct sync_status *status, const char *release, const char *why);
/* Of the node's own accord, from this generation if it is still in force. */
void sync_go_back(struct sync *sync, uint64_t generation, const char *why);
void sync_soak_begin(struct sync *sync);		/* after each switch */
void sync_soak_look(struct sync *sync);		/* once a second */
int sync_notify_start(struct sync *sync, const struct worker_sockets *sockets);
int sync_notify_check(const struct conf *conf, struct err_note *note);	/* its key */
void sync_notify_close(struct sync *sync);
void sync_notify_free(struct sync *sync);
/* Under the lock. */
enum sync_state sync_state_of(const struct sync *sync, int64_t now_s);
int64_t sync_age_of(const struct sync *sync, int64_t now_s);	/* of content, since the last verified look; -1: never */
void sync_clock_judge(struct sync *sync, int64_t now_s);	/* once a second, and after each look */
/* After a look. verified: metadata was good by this clock. */
void sync_clock_looked(struct sync *sync, bool verified, int64_t now_s);
/* server/sync_post.c, main's: the report to sync.report-url. Each is nothing without one. */
int sync_post_start(struct sync *sync);
void sync_post_want(struct sync *sync);		/* there is another generation */
void sync_post_look(struct sync *sync);		/* once a second */
void sync_post_close(struct sync *sync);
void sync_post_free(struct sync *sync);
void sync_clock_show(struct sync *sync, enum sync_state state);	/* on the board */
/* Main's, once a second: what has grown too old. */
void sync_age_look(struct sync *sync, int64_t age_s);
/* Main's: an event when the verdict changes. */
void sync_clock_tell(struct sync *sync, enum wallclock verdict, const char *text);

#endif
