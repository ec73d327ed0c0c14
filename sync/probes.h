/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that content must answer well before it is switched to, signed by offline keys (policy/probes.json). They
 * are put to the candidate itself, with the calls that answer clients, and to what is served by the dead man's switch of
 * server/sync_soak. Immutable; thread: any.
 *
 *     {"name": "www.example.org", "type": "A", "rcode": "NOERROR", "min": 1}
 *     {"url": "https://dl.example.org/robots.txt", "status": 200, "location": "https://fra1."}	location: how it begins
 */
#ifndef SYNC_PROBES_H
#define SYNC_PROBES_H

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "redirect/health.h"
#include "redirect/sites.h"
#include "zone/respond.h"

struct probes;

int probes_parse(struct span json, struct probes **ret, struct err_note *note);
void probes_free(struct probes *probes);	/* NULL is allowed */
size_t probes_count(const struct probes *probes);
/* All whose name is in a zone of env. ERR_INVALID with the first that is not answered as it must be. */
int probes_run(const struct probes *probes, const struct respond_env *env, uint32_t now_s, struct err_note *note);
/* All whose host is one of a site; health NULL: all targets are healthy. */
int probes_run_web(const struct probes *probes, const struct redirect_sites *sites, const struct redirect_health *health,
		   struct err_note *note);

#endif
