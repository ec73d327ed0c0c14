/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the TUF client: a repository in memory, made by the specification, and a client with a store in memory
 * that is asked to refresh from it. Keys are Ed25519, made from their names. A broken promise ends the test program.
 */
#ifndef TESTS_UNIT_SUPPORT_TUF_REPO_H
#define TESTS_UNIT_SUPPORT_TUF_REPO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync/tuf_client.h"

enum { TUF_REPO_ROLES = 48, TUF_REPO_FILES = 1600, TUF_REPO_TEXT = 1 << 14 };

struct tuf_repo_role {
	char name[64];
	json_t *body;
	char signers[160];	/* names of keys, with spaces */
};

struct tuf_repo_file {
	char name[96];
	char *bytes;
	size_t len;
};

struct tuf_repo {
	struct tuf_repo_role roles[TUF_REPO_ROLES];	/* root, timestamp, snapshot, targets, then the delegated */
	size_t role_count;
	struct tuf_repo_file served[TUF_REPO_FILES], stored[TUF_REPO_ROLES];
	size_t served_count, stored_count;
	bool with_hashes;		/* meta lists length and hashes */
	bool die_at_root;		/* the client's process ends instead of storing a root */
	struct tuf_settings settings;	/* of the client */
	const char *floor_role;		/* a floor for the client, or NULL */
	int64_t floor_version;
	char asked[TUF_REPO_TEXT];	/* what the last run fetched: "2.root.json timestamp.json" */
	char said[1024];		/* the last answer of tuf_repo_refresh() or tuf_repo_find() */
};

#define TUF_REPO_NOW INT64_C(1767225600)	/* 2026-01-01T00:00:00Z; everything expires in 2030 */

/* Version 1 of each role, a key of its name for each, published; the client has stored the root. */
struct tuf_repo *tuf_repo_new(void);
void tuf_repo_free(struct tuf_repo *repo);

json_t *tuf_repo_body(struct tuf_repo *repo, const char *role);		/* "signed", to be changed */
void tuf_repo_signers(struct tuf_repo *repo, const char *role, const char *names);
void tuf_repo_set(struct tuf_repo *repo, const char *role, const char *member, const char *json); /* of the body */
int64_t tuf_repo_version(struct tuf_repo *repo, const char *role);
void tuf_repo_set_version(struct tuf_repo *repo, const char *role, int64_t version);
void tuf_repo_bump(struct tuf_repo *repo, const char *role);		/* its version */

const char *tuf_repo_keyid(const char *name);		/* lives until the next call */
json_t *tuf_repo_key(const char *name);			/* the object of "keys" */
/* The keys of a top-level role, in the root's body: names with spaces. Signs with them from now on. */
void tuf_repo_keys(struct tuf_repo *repo, const char *role, const char *names, int threshold);
void tuf_repo_target(struct tuf_repo *repo, const char *role, const char *path, const char *content);
/* A new role, signed by the key of its own name, behind those that parent delegates to already. match: a member, e.g.
 * "\"paths\":[\"a/" "*\"]". */
void tuf_repo_delegate(struct tuf_repo *repo, const char *parent, const char *role, const char *match,
		       bool terminating);

/* body in its envelope, signed by the keys. The caller's (free). */
char *tuf_repo_sign(json_t *body, const char *signers);
/* Puts every role where a client looks for it, and its version into snapshot and timestamp. */
void tuf_repo_publish(struct tuf_repo *repo);
void tuf_repo_publish_role(struct tuf_repo *repo, const char *role);	/* it alone, as its body says */
void tuf_repo_serve(struct tuf_repo *repo, const char *name, const char *text);	/* NULL: no longer */
const char *tuf_repo_served(struct tuf_repo *repo, const char *name);
void tuf_repo_store(struct tuf_repo *repo, const char *role, const char *text);		/* in the client's store */
const char *tuf_repo_stored(struct tuf_repo *repo, const char *role);

/* A client from its store: "done", or why not. */
const char *tuf_repo_refresh(struct tuf_repo *repo);
/* The same, then the search: the target's name below the URL, or why not. */
const char *tuf_repo_find(struct tuf_repo *repo, const char *path);
/* What is stored: "root 1, timestamp 2, snapshot 2, targets 1", delegated roles behind them as they came. */
const char *tuf_repo_has(struct tuf_repo *repo);

#endif
