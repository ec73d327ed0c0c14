/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that content must answer well before it is switched to, signed by offline keys (policy/probes.json). They
 * are put to the candidate itself, with the call that answers clients. Immutable; thread: any.
 */
#ifndef SYNC_PROBES_H
#define SYNC_PROBES_H

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "zone/respond.h"

struct probes;

int probes_parse(struct span json, struct probes **ret, struct err_note *note);
void probes_free(struct probes *probes);	/* NULL is allowed */
size_t probes_count(const struct probes *probes);
/* All whose name is in a zone of env. ERR_INVALID with the first that is not answered as it must be. */
int probes_run(const struct probes *probes, const struct respond_env *env, uint32_t now_s, struct err_note *note);

#endif
