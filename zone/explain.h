/* SPDX-License-Identifier: Apache-2.0 */
/* Why a question is answered as it is, step by step in sentences: the zone chosen, what the look-up met (cut, wildcard,
 * empty non-terminal, alias, ...), and the outcome; then the response itself is what respond() gives. Thread: any. */
#ifndef ZONE_EXPLAIN_H
#define ZONE_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "zone/name.h"
#include "zone/respond.h"

typedef void explain_line_fn(void *ctx, const char *line);

void explain_dns(const struct respond_env *env, const struct name *name, uint16_t type, bool dnssec_ok,
		 explain_line_fn *line, void *ctx);

#endif
