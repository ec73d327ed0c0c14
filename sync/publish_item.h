/* SPDX-License-Identifier: Apache-2.0 */
/* What is published: its kinds, how people name it, the path of its TUF target, the role that signs it. Pure; thread:
 * any. */
#ifndef SYNC_PUBLISH_ITEM_H
#define SYNC_PUBLISH_ITEM_H

#include <stdbool.h>

#include "conf/base/err.h"

enum publish_kind {
	PUBLISH_ZONE,		/* zones/ZONE/zone */
	PUBLISH_SITE,		/* sites/NAME/sites.yaml, and what it names */
	PUBLISH_FILE,		/* files/HOST/PATH */
	PUBLISH_SECRET,		/* secrets/USE/NAME */
	PUBLISH_GUARDS,		/* policy/guards.json */
	PUBLISH_PROBES,		/* policy/probes.json */
	PUBLISH_GATE,		/* policy/gate.json */
	PUBLISH_GROUP,		/* fleet/GROUP/subscribe.json: made, never added */
	PUBLISH_KINDS
};

enum { PUBLISH_PATH_MAX = 1024, PUBLISH_BINS = 256, PUBLISH_BINS_FROM = 41 };

const char *publish_kind_text(enum publish_kind kind);		/* "zone", as in custom and in commands */
int publish_kind_parse(const char *text, enum publish_kind *ret_kind);
bool publish_kind_has_name(enum publish_kind kind);

/* The path of the target; name as people write it: a zone in any case with or without its last dot, HOST/PATH,
 * USE/NAME. ERR_INVALID: not such a name. */
int publish_item_path(enum publish_kind kind, const char *name, char ret_path[PUBLISH_PATH_MAX],
		      struct err_note *note);
/* "zone:NAME", "guards", or the path itself. */
int publish_item_parse(const char *text, enum publish_kind *ret_kind, char ret_path[PUBLISH_PATH_MAX],
		       struct err_note *note);
int publish_path_kind(const char *path, enum publish_kind *ret_kind);	/* ERR_UNKNOWN */
/* The name again: what publish_item_path() was given, in its one form. */
const char *publish_path_name(const char *path, char buf[PUBLISH_PATH_MAX]);

/* The role that signs it; bins: zones are spread over zones-00 to zones-ff by the hash of their path. */
const char *publish_item_role(enum publish_kind kind, const char *path, bool bins, char buf[16]);
const char *publish_bin_name(unsigned bin, char buf[16]);

#endif
