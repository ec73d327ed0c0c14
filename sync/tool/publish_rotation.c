/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony rotate: the next version of a root, question by question. Nothing is signed here, for the keys are with
 * their holders: it ends with what is different, who has to sign, and how.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/publish_root.h"
#include "sync/tool/publish_dialog.h"

enum { THRESHOLD_MAX = 100 };

struct rotation {
	struct publish_dialog dialog;
	struct publish_call *call;
	struct json_view *before, *body;	/* the file in force; the body that is made */
	size_t made;				/* keys of the machine */
};

static const char *const people[] = { "root", "targets" }, *const machine[] = { "snapshot", "timestamp" };

static struct json_view *ids_of(struct json_view *body, const char *role)
{
	return json_view_member(publish_root_who(body, role), "keyids");
}

static const char *id_at(struct json_view *body, const char *role, size_t index)
{
	return json_view_text(json_view_at(ids_of(body, role), index));
}

/* A public key of somebody who brought it. *ret_part NULL: an empty answer. */
static int ask_public(struct rotation *rotation, const char *question, struct json_view **ret_part)
{
	char line[PUBLISH_LINE_MAX];
	struct err_note note;

	*ret_part = NULL;
	if (!publish_dialog_ask(&rotation->dialog, line, "%s", question))
		return PUBLISH_FAILED;
	if (line[0] == '\0' || publish_public_read(line, ret_part, &note) == 0)
		return PUBLISH_DONE;
	return publish_call_fail(rotation->call, &note);
}

static int ask_role(struct rotation *rotation, const char **ret_role)
{
	char line[PUBLISH_LINE_MAX];

	if (!publish_dialog_ask(&rotation->dialog, line, "Of which role? root or targets:"))
		return PUBLISH_FAILED;
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(line, people[i]) == 0) {
			*ret_role = people[i];
			return PUBLISH_DONE;
		}
	}
	return publish_call_say(rotation->call, "\"%s\" is neither root nor targets", line);
}

/* ---- the changes ---- */

static int goes(struct rotation *rotation)
{
	int64_t count = 0, number;
	struct json_view *part;

	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < json_view_count(ids_of(rotation->body, people[i])); j++)
			printf("  %" PRId64 ". %s %s\n", ++count, people[i], id_at(rotation->body, people[i], j));
	}
	if (!publish_dialog_number(&rotation->dialog, 1, count, &number, "Which key goes?"))
		return PUBLISH_FAILED;
	size_t roots = json_view_count(ids_of(rotation->body, "root")), index = (size_t)number - 1;
	const char *role = people[index < roots ? 0 : 1];
	char *keyid = mem_string(id_at(rotation->body, role, index < roots ? index : index - roots));
	int exit = ask_public(rotation, "Who comes instead: file of the public key? (nobody)", &part);
	if (exit == PUBLISH_DONE) {
		publish_who_drop(publish_root_who(rotation->body, role), keyid);
		if (part != NULL)
			publish_root_add(rotation->body, role, part);
		json_view_free(part);
	}
	mem_free(keyid);
	return exit;
}

static int comes(struct rotation *rotation)
{
	struct json_view *part;
	const char *role;
	int exit = ask_role(rotation, &role);

	if (exit == PUBLISH_DONE)
		exit = ask_public(rotation, "File of the public key?", &part);
	if (exit != PUBLISH_DONE)
		return exit;
	if (part == NULL)
		return publish_call_say(rotation->call, "no key, nobody comes");
	publish_root_add(rotation->body, role, part);
	json_view_free(part);
	return PUBLISH_DONE;
}

static int threshold(struct rotation *rotation)
{
	const char *role;
	int64_t number;
	int exit = ask_role(rotation, &role);

	if (exit != PUBLISH_DONE)
		return exit;
	if (!publish_dialog_number(&rotation->dialog, 1, THRESHOLD_MAX, &number, "How many must sign from now on?"))
		return PUBLISH_FAILED;
	publish_root_threshold(rotation->body, role, number);
	return PUBLISH_DONE;
}

static int machine_key(struct rotation *rotation, const char *role)
{
	char *path = mem_format("%s/online/%s-%" PRId64 ".key", rotation->call->out, role,
				publish_version(rotation->body));
	struct key_secret *secret = key_secret_new();
	struct json_view *part = publish_public_of(secret);
	struct err_note note;
	int exit = PUBLISH_DONE;

	if (publish_key_write(path, secret, (struct span){ 0 }, NULL, &note) != 0) {
		exit = publish_call_fail(rotation->call, &note);
	} else {
		while (json_view_count(ids_of(rotation->body, role)) > 0)
			publish_who_drop(publish_root_who(rotation->body, role), id_at(rotation->body, role, 0));
		publish_root_add(rotation->body, role, part);
		publish_root_threshold(rotation->body, role, 1);
		printf("  %s is made\n", path);
		rotation->made++;
	}
	json_view_free(part);
	key_secret_free(secret);
	mem_free(path);
	return exit;
}

/* Who could sign one could make the other useless with a version far ahead: nodes forget both when a key changes. */
static int machine_keys(struct rotation *rotation)
{
	char *folder = mem_format("%s/online", rotation->call->out);
	int err = file_make_folders(folder, 0700), exit = PUBLISH_DONE;

	if (err != 0)
		exit = publish_call_say(rotation->call, "%s: %s", folder, err_text(err));
	for (size_t i = 0; exit == PUBLISH_DONE && i < 2; i++)
		exit = machine_key(rotation, machine[i]);
	mem_free(folder);
	return exit;
}

static int changes(struct rotation *rotation)
{
	static int (*const kinds[])(struct rotation *rotation) = { NULL, goes, comes, threshold, machine_keys };
	int exit = PUBLISH_DONE;
	int64_t kind;

	for (;;) {
		printf("\nWhat changes?\n"
		       "  1. A key goes: its holder leaves, or it is lost or stolen.\n"
		       "  2. A key comes: one more holder.\n"
		       "  3. How many must sign.\n"
		       "  4. The keys of the machine, snapshot and timestamp: they may be in the wrong hands.\n"
		       "  0. Nothing more; nothing at all is a new expiry.\n");
		if (!publish_dialog_number(&rotation->dialog, 0, 4, &kind, "Number?"))
			return PUBLISH_FAILED;
		if (kind == 0)
			return exit;
		exit = kinds[kind](rotation);
		if (exit != PUBLISH_DONE)
			return exit;
	}
}

/* ---- what came of it ---- */

static void print_line(void *ctx, const char *line)
{
	fprintf(ctx, "  %s\n", line);
}

static void print_signers(struct json_view *body, const char *words)
{
	struct json_view *who = publish_root_who(body, "root");

	printf("  %" PRId64 " of these, %s:\n", publish_threshold(who), words);
	for (size_t i = 0; i < json_view_count(json_view_member(who, "keyids")); i++)
		printf("      %s\n", id_at(body, "root", i));
}

static int write_file(struct rotation *rotation, struct json_view *file, char **ret_path)
{
	char *path = mem_format("%s/%" PRId64 ".root.json", rotation->call->out, publish_version(publish_signed(file)));
	size_t len;
	uint8_t *bytes = publish_bytes(file, &len);
	int err = file_replace(path, bytes, len, 0644), exit = PUBLISH_DONE;

	if (err != 0)
		exit = publish_call_say(rotation->call, "%s: cannot be written: %s", path, err_text(err));
	mem_free(bytes);
	if (ret_path != NULL)
		*ret_path = path;
	else
		mem_free(path);
	return exit;
}

static void print_rest(const struct rotation *rotation, const char *path)
{
	int64_t version = publish_version(rotation->body);
	int step = 1;

	printf("\n%s has no signature yet. What is left:\n"
	       "  %d. It goes to the holders, together with %" PRId64 ".root.json beside it, which shows what is\n"
	       "     different; each of them on an own machine:\n"
	       "       catchment-publish sign %" PRId64 ".root.json --key KEY\n", path, step++, version - 1, version);
	print_signers(publish_signed(rotation->before), "which the nodes know");
	print_signers(rotation->body, "which they will know (a key of both signs once)");
	if (rotation->made > 0)
		printf("  %d. %s/online goes to the machine that publishes, into its folder of keys; the old ones leave "
		       "it.\n", step++, rotation->call->out);
	printf("  %d. What they signed comes back, one file or a copy of each, and on the machine that publishes:\n"
	       "       catchment-publish root finish %" PRId64 ".root.json [COPY ...] --repo REPO\n"
	       "     It checks both thresholds as a node would, and says so when targets have to be signed anew.\n"
	       "  %d. catchment-publish verify --as-client --repo REPO\n", step, version, step + 1);
}

static int finish(struct rotation *rotation)
{
	char line[PUBLISH_LINE_MAX], *path;
	struct err_note note;

	publish_root_forget_unused(rotation->body);
	if (publish_root_sane(rotation->body, &note) != 0)
		return publish_call_fail(rotation->call, &note);
	printf("\nThis is the next root. Read it aloud.\n");
	publish_root_show(rotation->body, publish_signed(rotation->before), print_line, stdout);
	if (!publish_dialog_ask(&rotation->dialog, line, "Does everybody agree? yes or no:") || strcmp(line, "yes") != 0)
		return publish_call_say(rotation->call, "no root was written");
	struct json_view *file = publish_envelope(rotation->body, json_build_list());
	int exit = write_file(rotation, file, &path);
	if (exit == PUBLISH_DONE)
		exit = write_file(rotation, rotation->before, NULL);
	if (exit == PUBLISH_DONE)
		print_rest(rotation, path);
	mem_free(path);
	json_view_free(file);
	return exit;
}

static int hold(struct rotation *rotation)
{
	char line[PUBLISH_LINE_MAX];
	uint64_t ms;
	int exit;

	printf("The root in force. Nobody needs a secret key for what follows.\n");
	publish_root_show(publish_signed(rotation->before), NULL, print_line, stdout);
	rotation->body = publish_root_next(publish_signed(rotation->before), 0);
	exit = changes(rotation);
	if (exit != PUBLISH_DONE)
		return exit;
	if (!publish_dialog_ask(&rotation->dialog, line, "For how long is it good? (400d)"))
		return PUBLISH_FAILED;
	if (units_duration(line[0] != '\0' ? line : "400d", &ms) != 0 || ms < 1000)
		return publish_call_say(rotation->call, "\"%s\" is no time, as 400d is", line);
	publish_root_expire(rotation->body, rotation->call->now_s + (int64_t)(ms / 1000));
	return finish(rotation);
}

int publish_rotation_command(struct publish_call *call)
{
	struct rotation rotation = { .call = call };

	if (call->out == NULL)
		return publish_call_wrong(call, "ceremony rotate takes --out DIR, for what is made, and the root in force: "
					  "--repo REPO or --previous FILE");
	int err = file_make_folders(call->out, 0700);
	if (err != 0)
		return publish_call_say(call, "%s: %s", call->out, err_text(err));
	int exit = publish_newest_root(call, &rotation.before);
	if (exit == PUBLISH_DONE)
		exit = publish_dialog_open(&rotation.dialog, call);
	if (exit == PUBLISH_DONE)
		exit = hold(&rotation);
	publish_dialog_close(&rotation.dialog);
	json_view_free(rotation.body);
	json_view_free(rotation.before);
	return exit;
}
