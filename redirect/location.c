/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/location.h"

static uint8_t *put(uint8_t *at, struct span text)
{
	memcpy(at, text.at, text.len);
	return at + text.len;
}

/* {host} may be an IPv6 address only in a path (redirect/sites.c sees to that), where brackets are illegal. */
static struct span bare(struct span host)
{
	return host.at[0] == '[' ? (struct span){ host.at + 1, host.len - 2 } : host;
}

size_t redirect_location_write(const struct redirect_target *target, struct span host, struct span path,
			       uint8_t out[REDIRECT_LOCATION_MAX])
{
	uint8_t *at = put(out, target->parts[0]);

	if (target->host_uses != 0 && host.len == 0)
		return 0;
	for (unsigned use = 1; use <= target->host_uses; use++) {
		at = put(at, bare(host));
		at = put(at, target->parts[use]);
	}

	/* One slash, whatever came: behind an authority "//evil" is only a path, but the next hand that shortens such
	 * a URL to a relative one would make a host of it. Inner and encoded slashes stay as they are. */
	*at++ = '/';
	while (path.len != 0 && path.at[0] == '/')
		path = (struct span){ path.at + 1, path.len - 1 };
	return (size_t)(put(at, path) - out);
}
