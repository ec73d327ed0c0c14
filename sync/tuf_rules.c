/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/tuf_body.h"
#include "sync/tuf_match.h"

const char *tuf_show(const char *text)
{
	return tuf_body_show(text);
}

int tuf_refuse(struct err_note *note, const char *role, const struct tuf_metadata *metadata, const char *format, ...)
{
	char text[384];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (metadata != NULL)
		err_note_set(note, NULL, 0, "%s version %" PRId64 ": %s", tuf_show(role), metadata->version, text);
	else
		err_note_set(note, NULL, 0, "%s: %s", tuf_show(role), text);
	return ERR_INVALID;
}

int tuf_read(enum tuf_kind kind, const char *role, struct span bytes, struct tuf_metadata **ret_metadata,
	     struct err_note *note)
{
	struct err_note inner;
	int err = tuf_metadata_read(kind, bytes, ret_metadata, &inner);

	if (err != 0)
		tuf_refuse(note, role, NULL, "%.300s (TUF 4.%d)", inner.text,
			   kind == TUF_ROOT ? 3 : kind == TUF_SNAPSHOT ? 4 : kind == TUF_TARGETS ? 5 : 6);
	return err;
}

/* Who signs the role by the word of the delegator; NULL: nobody. */
static const struct tuf_role *role_of(const struct tuf_metadata *delegator, const char *name)
{
	for (size_t i = 0; i < delegator->role_count; i++) {
		if (strcmp(delegator->roles[i].name, name) == 0)
			return &delegator->roles[i];
	}
	return delegator->bins.prefix != NULL ? &delegator->bins.role : NULL;
}

int tuf_check_signed(const struct tuf_settings *settings, const char *role, const struct tuf_metadata *delegator,
		     const struct tuf_metadata *metadata, const char *section, struct err_note *note)
{
	const struct tuf_role *signers = role_of(delegator, role);

	if (signers == NULL)
		return tuf_refuse(note, role, metadata, "nobody may sign it (TUF %s)", section);
	int64_t good = tuf_role_signatures(signers, delegator->keys, metadata, settings->strict_keyids);
	if (good >= signers->threshold)
		return 0;
	return tuf_refuse(note, role, metadata,
			  "signed by %" PRId64 " of the %" PRId64 " keys that %s version %" PRId64
			  " demands (TUF %s)",
			  good, signers->threshold, tuf_kind_name(delegator->kind), delegator->version, section);
}

int tuf_check_fresh(const struct tuf_settings *settings, const char *role, const struct tuf_metadata *metadata,
		    const char *section, struct err_note *note)
{
	char expired[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];

	if (settings->now_s < metadata->expires_s)
		return 0;
	return tuf_refuse(note, role, metadata, "expired at %s, it is %s (TUF %s)",
			  clock_print(metadata->expires_s, expired, sizeof expired),
			  clock_print(settings->now_s, now, sizeof now), section);
}

int tuf_check_version(const char *role, const struct tuf_metadata *metadata, const struct tuf_file *listed,
		      const char *lister, const char *section, struct err_note *note)
{
	if (metadata->version == listed->version)
		return 0;
	return tuf_refuse(note, role, metadata, "the %s lists version %" PRId64 " (TUF %s)", lister, listed->version,
			  section);
}

int tuf_check_file(const char *role, struct span bytes, const struct tuf_file *listed, const char *section,
		   struct err_note *note)
{
	if (listed->length >= 0 && (uint64_t)listed->length != bytes.len)
		return tuf_refuse(note, role, NULL, "%zu bytes, %" PRId64 " are listed (TUF %s)", bytes.len,
				  listed->length, section);
	const struct hash *wrong = hash_list_mismatch(&listed->hashes, bytes);
	if (wrong != NULL)
		return tuf_refuse(note, role, NULL, "its %s is not the one that is listed (TUF %s)",
				  hash_name(wrong->kind), section);
	return 0;
}
