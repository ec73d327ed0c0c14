/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target URL of the configuration made ready: {node} and {region} filled in, {host} cut out, the rest checked as
 * what stands in a Location for ever after. Called while a site table is built; the arena owns what the target points
 * to.
 */
#ifndef REDIRECT_EXPAND_H
#define REDIRECT_EXPAND_H

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "redirect/sites.h"

struct redirect_expand_names {
	const char *node, *region;
};

/* Fills url, parts, host_uses, authority_uses, https, host, port. ERR_INVALID, a sentence in note->text, target untouched. */
int redirect_expand(const char *url, const struct redirect_expand_names *names, struct arena *arena,
		    struct redirect_target *target, struct err_note *note);

#endif
