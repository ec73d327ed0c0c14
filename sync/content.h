/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content that came from the master: zone images, sites, static files, secrets, and the policy that goes with them. Built
 * whole from a manifest, by sync/follow from the network or from disk; immutable then and counted: each dataset that is
 * staged from it retains it. Any thread may read.
 */
#ifndef SYNC_CONTENT_H
#define SYNC_CONTENT_H

#include "conf/conf.h"
#include "sync/lthash.h"
#include "sync/manifest.h"
#include "sync/state.h"
#include "zone/cookie.h"
#include "zone/image.h"
#include "zone/name.h"

struct guards;
struct node_key;
struct probes;

struct content_zone {
	char *name;			/* "example.org", "." */
	struct name apex;
	struct zone_image *image;
	int64_t loaded_at;		/* wall clock */
	uint64_t took_ns;
	struct lthash *state;		/* NULL: not counted yet */
};

enum { CONTENT_TICKET_MAX = 80 };
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
	struct guards *guards;		/* NULL: none */
	struct probes *probes;
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

struct content_wish {
	const struct conf *conf;
	const struct node_key *key;		/* NULL: secrets stay closed */
	struct state *state;
	struct manifest *manifest;		/* content_build() takes it over */
	const struct content *running;		/* NULL: none */
	bool offline;				/* the images that the manifest names, nothing is built anew */
	content_need_fn *need;			/* NULL: what is not on disk is missing */
	void *need_ctx;
	void (*remark)(void *ctx, const char *text);
	void *remark_ctx;
	int64_t now_s;
};

enum content_fault { CONTENT_GOOD, CONTENT_FAULT, CONTENT_NETWORK, CONTENT_DISK, CONTENT_GUARD };
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
