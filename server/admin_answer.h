/* SPDX-License-Identifier: Apache-2.0 */
/* What the admin listener says: a request's method and target in, a whole response out. Main thread only. */
#ifndef SERVER_ADMIN_ANSWER_H
#define SERVER_ADMIN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "redirect/request.h"
#include "server/counters.h"
#include "server/textbuf.h"

struct node;

/* The counters at an earlier view of the page, for rates since then. */
struct admin_view {
	uint64_t at_ns;
	uint64_t counters[COUNTER_COUNT];
};

enum { ADMIN_VIEWS = 2 };	/* the last but one, which is old enough when the last was just now */

/* Answers a request, or the fault that parsing it was. False: it was /healthz, which has to ask the workers first:
 * admin_answer_health() when they have answered. */
bool admin_answer(const struct node *node, struct admin_view views[ADMIN_VIEWS], enum redirect_parsed parsed,
		  const struct redirect_request *request, struct textbuf *out);
/* standing: workers that did not turn. */
void admin_answer_health(const struct node *node, bool head, unsigned standing, struct textbuf *out);

#endif
