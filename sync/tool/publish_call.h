/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of catchment-publish: its words and options, and what every command needs of them. Views into argv. A
 * command says what went wrong through publish_call_fail() or call->errors, once each, and gives an exit code.
 */
#ifndef SYNC_TOOL_PUBLISH_CALL_H
#define SYNC_TOOL_PUBLISH_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "sync/publish_release.h"

enum publish_exit { PUBLISH_DONE = 0, PUBLISH_FAILED = 1, PUBLISH_USAGE = 2 };

struct publish_list {
	const char **list;
	size_t count, room;
};

struct publish_call {
	const char *command;		/* "key new", for messages */
	char **words;			/* behind the command */
	size_t word_count;
	const char *repo, *work;	/* folders */
	const char *out, *root, *previous, *role, *group, *box, *sign, *dns, *admin, *type, *max_age, *zonemd,
		*serve_max, *on_aged, *control,
		*permille,
		*soak, *passphrase_file, *answers, *keep, *canary, *ca, *timeout, *signer, *ttl, *wait;
	struct publish_list keys, key, add, drop, threshold, expires, to, notify;
	bool no_passphrase, json, yes, overtake, refresh, all, no_push, force, as_client, help, version;
	int64_t now_s;
	struct err_list errors;
	/* of publish_call_open(); publish_call_close() */
	struct publish_work *opened;
	struct publish_repo *served;
	struct publish_ring ring;
	bool told_all;			/* that nobody is told has to be said */
	int release_err;		/* of the last publish_run_release() */
};

/* Exit code 1; the sentence goes to standard error. */
int publish_call_fail(struct publish_call *call, const struct err_note *note);
int publish_call_say(struct publish_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Exit code 2. */
int publish_call_wrong(const struct publish_call *call, const char *format,
		       ...) __attribute__((format(printf, 2, 3)));
/* All that is in call->errors; exit code 1. */
int publish_call_faults(struct publish_call *call);

/* For commands without words: 0, or exit code 2. */
int publish_call_alone(struct publish_call *call);

/* The folder of the repository: --repo, CATCHMENT_REPO, else NULL and a word about it. */
const char *publish_call_repo(struct publish_call *call);
char *publish_call_work(struct publish_call *call, const char *repo);	/* --work or REPO.publish; mem_free */
/* Work folder and repository, and the key folders of publish.json and of --keys and --key. 0 or an exit code. */
int publish_call_open(struct publish_call *call);
int publish_call_open_keys(struct publish_call *call);
void publish_call_close(struct publish_call *call);
/* An absolute path (mem_free), or NULL and a word about it: it must be there. */
char *publish_call_path(struct publish_call *call, const char *path);

/* The passphrase of --passphrase-file, CATCHMENT_PASSPHRASE_FILE or the terminal. */
char *publish_call_ask(void *ctx, const char *path, struct err_note *note);
/* The same for a key that is made: twice on a terminal, never empty. */
char *publish_call_ask_new(struct publish_call *call, const char *path, struct err_note *note);

/* "NAME=REST"; false: there is no "=". name has size bytes. */
bool publish_split(const char *text, char *name, size_t size, const char **ret_rest);

/* ADDRESS@PORT=[ALGORITHM:]KEY:FILE as publish.json has it; or the address alone, not signed. The caller's. */
int publish_notify_entry(struct publish_call *call, const char *text, struct json_view **ret_entry);

/* The commands. */
int publish_key_command(struct publish_call *call);
int publish_root_command(struct publish_call *call);
int publish_root_finish(struct publish_call *call);
int publish_sign_command(struct publish_call *call);
int publish_ceremony_command(struct publish_call *call);
int publish_rotation_command(struct publish_call *call);
int publish_delegation_command(struct publish_call *call);
int publish_init_command(struct publish_call *call);
int publish_add_command(struct publish_call *call);
int publish_add_secret(struct publish_call *call);	/* the part of add; opened */
int publish_roll_command(struct publish_call *call);
int publish_remove_command(struct publish_call *call);
int publish_subscribe_command(struct publish_call *call);
int publish_release_command(struct publish_call *call);
int publish_refresh_command(struct publish_call *call);
int publish_diff_command(struct publish_call *call);
int publish_promote_command(struct publish_call *call);
int publish_halt_command(struct publish_call *call);
int publish_status_command(struct publish_call *call);
int publish_gc_command(struct publish_call *call);
int publish_override_command(struct publish_call *call);
int publish_revert_command(struct publish_call *call);
int publish_resume_command(struct publish_call *call);
int publish_verify_command(struct publish_call *call);
int publish_notify_command(struct publish_call *call);
int publish_fleet_command(struct publish_call *call);
int publish_variants_command(struct publish_call *call);
int publish_drill_command(struct publish_call *call);

/* The newest root, of --previous or else of the repository. An exit code; the file is the caller's. */
int publish_newest_root(struct publish_call *call, struct json_view **ret_file);
/* Whom to tell that there is a release, by one group or all; prints what came of it. 0 or exit code 1. */
int publish_push(struct publish_call *call, int64_t timestamp_version);
/* Whether any node is on other records, refuses what there is, or signs nothing; prints which. *ret_nodes: what each
 * said, by name; the caller's. */
bool publish_fleet_alarm(struct publish_call *call, struct json_view **ret_nodes);
/* Whether what is staged (path: of one item; NULL: all) may be for more nodes. Says why not. Asks again until wait_ms are
 * over while nodes are only not so far yet. */
enum publish_gate { PUBLISH_GATE_GO, PUBLISH_GATE_WAIT, PUBLISH_GATE_HALT };
enum publish_gate publish_gate_ask(struct publish_call *call, const char *path, uint64_t wait_ms);
/* A release as asked for by the options; used by several commands. */
int publish_run_release(struct publish_call *call, struct publish_wish *wish);
/* The repository at url, checked with the verifier of the nodes. prints: what was checked. */
int publish_verify_url(struct publish_call *call, const char *url, const char *root_file, bool contents, bool quiet,
		       struct err_note *note);

#endif
