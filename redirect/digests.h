/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole-file digests of a site's content, from a checksum list as sha256sum(1) and the BSD tools write it. Read when the
 * site table is built, then immutable; dataset lifetime, any thread.
 */
#ifndef REDIRECT_DIGESTS_H
#define REDIRECT_DIGESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

struct redirect_digests;

struct redirect_digest {
	const char *path;	/* from the root of the content, without a leading "/" */
	uint8_t sha256[32];
	bool has_size;
	uint64_t size;		/* bytes of the file */
};

int redirect_digests_new(const char *file, struct redirect_digests **ret, struct err_note *note);
void redirect_digests_free(struct redirect_digests *digests);	/* NULL is fine */
size_t redirect_digests_count(const struct redirect_digests *digests);
/* path: as it stands in a URL behind the stripped prefix, percent-encoded, leading "/" or not; NULL: not in the list. */
const struct redirect_digest *redirect_digests_find(const struct redirect_digests *digests, struct span path);

#endif
