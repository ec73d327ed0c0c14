/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Location: scheme and authority come from the configuration, never from the request; behind the target's own
 * path stand the path and query of the request byte for byte. Pure; thread: any.
 */
#ifndef REDIRECT_LOCATION_H
#define REDIRECT_LOCATION_H

#include <stddef.h>
#include <stdint.h>

#include "redirect/request.h"
#include "redirect/sites.h"

enum {
	REDIRECT_LOCATION_MAX =
		REDIRECT_TARGET_MAX + REDIRECT_HOST_USES_MAX * REDIRECT_HOST_MAX + 1 + REDIRECT_LINE_MAX,
};

/* path: legal bytes, "" or beginning with "/" or "?", as redirect_request_next() gives it. host matched the site; ""
 * when the request named none: a target with {host} has no Location then, 0. Otherwise the length written. */
size_t redirect_location_write(const struct redirect_target *target, struct span host, struct span path,
			       uint8_t out[REDIRECT_LOCATION_MAX]);

#endif
