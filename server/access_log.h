/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access log: a line for each request, or for every so manieth, off the answer path. A worker copies what a line
 * needs into a ring of its own and goes on; one thread empties the rings, makes lines and writes them. When the disk is
 * slower than the clients, records are lost and counted; nobody waits. Process lifetime.
 */
#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

#include <stdint.h>

#include "conf/base/err.h"
#include "conf/conf.h"
#include "redirect/serve.h"

struct access_log;
struct access_ring;

/* Main: rings for so many workers; nothing is written until access_log_open(). */
struct access_log *access_log_new(unsigned workers);
/* Main, at the start and after each reload: opens the file anew, as rotation wants it, or ends the log when conf names
 * none. node stands in each JSON line. On a failure the log goes on as before. */
int access_log_open(struct access_log *log, const struct conf_access_log *conf, const char *node, struct err_note *note);
/* Main: after the workers have ended; what is in the rings is written first. NULL is fine. */
void access_log_free(struct access_log *log);
uint64_t access_log_lost(const struct access_log *log);	/* records, by full rings and failed writes; any thread */

/* The ring of a worker, for that worker's thread alone. */
struct access_ring *access_log_ring(struct access_log *log, unsigned worker);
void access_ring_add(struct access_ring *ring, const struct redirect_answer *answer);

#endif
