/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content that came from the master: zone images, sites, static files, secrets, and the policy that goes with them. Built
 * whole from a manifest, by sync/follow from the network or from disk; immutable then and counted: each dataset that is
 * staged from it retains it. Any thread may read.
 */
#ifndef SYNC_CONTENT_H
#define SYNC_CONTENT_H

#include "conf/conf.h"
#include "sync/gate.h"
#include "sync/lthash.h"
#include "sync/manifest.h"
#include "sync/state.h"
#include "zone/cookie.h"
#include "zone/image.h"
#include "zone/name.h"

struct guards;
struct ledger_entry;
struct node_key;
struct probes;

struct content_zone {
	char *name;			/* "example.org", "." */
	struct name apex;
	struct zone_image *image;
	int64_t loaded_at;		/* wall clock */
	uint64_t took_ns;
	struct lthash *state;		/* NULL: not counted yet */
	const struct manifest_item *item;	/* of the content's manifest */
};

enum { CONTENT_TICKET_SHORT = 48, CONTENT_TICKET_MAX = 80 };
struct content_ticket {
	uint8_t bytes[CONTENT_TICKET_MAX];
	size_t len;			/* 48 or 80 */
};

struct content {
	_Atomic unsigned count;
	struct manifest *manifest;
	struct content_zone *zones;	/* in the order of the manifest */
	size_t zone_count;
	struct conf **sites;		/* one for each sites.yaml: its sites alone, paths led to blobs */
	size_t site_count;
	struct conf_static_file *files;	/* of files/HOST/PATH */
	char **file_hosts;		/* of each */
	size_t file_count;
	struct cookie_secrets cookies;	/* count 0: none */
	struct content_ticket tickets[CONF_TICKET_KEYS_MAX];
	size_t ticket_count;
	int64_t first_limit_s;		/* sync/age: the age at which something in it is too old; 0: nothing ever is */
	struct guards *guards;		/* NULL: none */
	struct probes *probes;
	struct ledger_entry *past;	/* what guarded zones were before: for sync/ledger, when it is committed */
	size_t past_count;
	struct gate gate;		/* as signed, or by default */
	int64_t soak_until_s;		/* wall clock; 0: nothing in it is new and staged. Set before it is committed */
	bool staged;			/* something of it is new, and not for all nodes yet */
};

struct content *content_retain(struct content *content);
void content_release(struct content *content);		/* NULL is allowed */
/* By the path of its target; NULL: there is none. */
const struct content_zone *content_zone(const struct content *content, const char *path);

enum content_plan {
	CONTENT_PLAN_KEEP,		/* what runs is this version */
	CONTENT_PLAN_STEPS,		/* changesets on top of what runs */
	CONTENT_PLAN_CHECKPOINT,	/* the checkpoint and changesets on top of it */
};
/* How to come to item's head from running (NULL: nothing runs). path: the changesets, in order. */
enum content_plan content_plan(const struct manifest_item *item, const struct content *running,
			       const struct manifest_step *path[MANIFEST_STEPS_MAX], size_t *ret_count);

/* Sees to it that a blob is in the state folder. */
typedef int content_need_fn(void *ctx, const char *name, const struct manifest_blob *blob, struct err_note *note);

/* A zone's image with its changesets merged into it, made aside while the zone goes on: the next version is patched onto it
 * instead of onto the old one. sync/content_spare.c. Thread: one at a time; _make() any. */
struct content_spare {
	char *path;			/* of the item */
	struct zone_image *from;	/* what it is made of, until it is made */
	char sum[MANIFEST_HEX];		/* state digest of that */
	char base[MANIFEST_HEX];	/* image on disk that it differs from by these */
	struct manifest_step *overlay;
	size_t overlay_count;
	struct zone_image *image;	/* what came of it; NULL: not made yet */
	char digest[MANIFEST_HEX];	/* of it on disk */
	struct err_note note;
};
/* Of the zone that is most worth it; NULL: none is. */
struct content_spare *content_spare_new(const struct content *content);
/* Takes a second and three times the image's memory for a million records. On disk when it is made; state is only looked
 * at. A negative code with the note: it is none. */
int content_spare_make(struct content_spare *spare, const struct state *state);
/* Whether what item describes is what was merged, and further changesets. */
bool content_spare_fits(const struct content_spare *spare, const struct manifest_item *item);
void content_spare_free(struct content_spare *spare);	/* NULL is allowed */

struct content_wish {
	const struct conf *conf;
	const struct node_key *key;		/* NULL: secrets stay closed */
	struct state *state;
	struct manifest *manifest;		/* content_build() takes it over */
	const struct content *running;		/* NULL: none */
	const struct content_spare *spare;	/* NULL: none; it is made */
	bool offline;				/* the images that the manifest names, nothing is built anew */
	content_need_fn *need;			/* NULL: what is not on disk is missing */
	void *need_ctx;
	void (*remark)(void *ctx, const char *text);
	void *remark_ctx;
	bool (*canceled)(void *ctx);		/* asked before each item; NULL: never */
	void *canceled_ctx;
	int64_t now_s;
};

enum content_fault { CONTENT_GOOD, CONTENT_FAULT, CONTENT_NETWORK, CONTENT_DISK, CONTENT_GUARD, CONTENT_CANCELED };
/* *ret is the caller's to release. Else the note says which item and why. */
enum content_fault content_build(const struct content_wish *wish, struct content **ret, struct err_note *note);

/* A configuration with the content's sites and files beside its own, which win: a shallow copy, valid as long as both.
 * say: of what was passed over. content_unmerge() it. */
void content_merge(const struct content *content, const struct conf *conf, struct conf *ret_merged,
		   void (*say)(void *ctx, const char *text), void *ctx);
void content_unmerge(struct conf *merged);

/* Names of targets that a sites.yaml needs beside itself. sites: as conf_parse_sites() gives it with the item's path.
 * 0, or ERR_INVALID with a note: a path that content may not have. */
int content_sites_names(const struct conf *sites, const char *item_path, int (*each)(void *ctx, const char *path),
			void *ctx, struct err_note *note);

#endif
