/* SPDX-License-Identifier: Apache-2.0 */
/* The single checks of which sync/tuf_trust.c composes the workflow: each 0, or ERR_INVALID (ERR_SYNTAX) and a note
 * that begins with role and version and ends with the section. Pure; thread: any. */
#ifndef SYNC_TUF_RULES_H
#define SYNC_TUF_RULES_H

#include "sync/tuf_trust.h"

/* "ROLE version N: ...", and without version when metadata is NULL. Gives ERR_INVALID. */
int tuf_refuse(struct err_note *note, const char *role, const struct tuf_metadata *metadata, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
const char *tuf_show(const char *text);	/* text that came from elsewhere, when it is fit to be told; else "?" */

/* The file, well-formed; the caller's to free. */
int tuf_read(enum tuf_kind kind, const char *role, struct span bytes, struct tuf_metadata **ret_metadata,
	     struct err_note *note);
/* By the threshold of keys that delegator (a root, or targets with delegations) gives to the role. */
int tuf_check_signed(const struct tuf_settings *settings, const char *role, const struct tuf_metadata *delegator,
		     const struct tuf_metadata *metadata, const char *section, struct err_note *note);
int tuf_check_fresh(const struct tuf_settings *settings, const char *role, const struct tuf_metadata *metadata,
		    const char *section, struct err_note *note);
int tuf_check_version(const char *role, const struct tuf_metadata *metadata, const struct tuf_file *listed,
		      const char *lister, const char *section, struct err_note *note);
/* Length and hashes, as far as they are listed. */
int tuf_check_file(const char *role, struct span bytes, const struct tuf_file *listed, const char *section,
		   struct err_note *note);

#endif
