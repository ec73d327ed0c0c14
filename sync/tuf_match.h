/* SPDX-License-Identifier: Apache-2.0 */
/* Which targets a delegation is for (TUF 1.0.34, 4.5), and how names stand in URLs and file names. Pure; thread:
 * any. */
#ifndef SYNC_TUF_MATCH_H
#define SYNC_TUF_MATCH_H

#include "sync/tuf_metadata.h"

enum { TUF_DIGEST_TEXT_MAX = 2 * HASH_SHA256_BYTES + 1 };

/* Shell patterns, segment by segment: * ? [a-z] [!a-z], none of which matches a slash. Both are UTF-8; ? is one
 * character. Takes time in proportion to the product of the lengths at most. */
bool tuf_pattern_matches(const char *pattern, const char *path);

/* SHA-256 of a target's path, as path_hash_prefixes and bins see it. */
const char *tuf_path_digest(const char *path, char buf[TUF_DIGEST_TEXT_MAX]);
bool tuf_role_is_for(const struct tuf_role *role, const char *path, const char *digest);
/* The name of the one of succinct roles that is for a path. The caller's (mem_free). */
char *tuf_bins_name(const struct tuf_bins *bins, const char *digest);

/* name with all but letters, digits and -._~ percent-encoded, as the other clients do. The caller's (mem_free). */
char *tuf_name_quote(const char *name);
/* The same for a file that is named so without more: never "." or "..". */
char *tuf_file_quote(const char *name);
/* The same for the path of a URL: what may stand there stays as it is, slashes too (RFC 3986, 3.3). */
char *tuf_path_quote(const char *path);
/* base, a slash when it has none at its end, and the rest. The caller's (mem_free). */
char *tuf_url_join(const char *base, const char *rest);

/* Well-formed UTF-8 (RFC 3629) without control characters, not empty: what a path may be. */
bool tuf_path_is_good(const char *path);

#endif
