/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that the node runs: hooks and exec checks. Without a shell, in a process group of their own, standard input
 * and descriptors of ours closed; what they write is read, its last line kept. Killed, group and all, when the time is
 * over. Main thread only.
 */
#ifndef SERVER_ANYCAST_SPAWN_H
#define SERVER_ANYCAST_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { SPAWN_LINE_MAX = 160 };

/* ok: it ended with 0 in time. words: its last line, or what became of it; printable. */
typedef void spawn_fn(void *ctx, bool ok, const char *words);

struct spawn;
/* argv and env end with NULL; env are the variables added to a small environment (PATH, LANG). done is called once, later,
 * unless spawn_abandon() came before. */
struct spawn *spawn_start(uv_loop_t *loop, const char *const *argv, const char *const *env, uint64_t timeout_ms,
			  spawn_fn *done, void *ctx);
/* Kills it; done is not called. */
void spawn_abandon(struct spawn *spawn);

#endif
