/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony: the keys and the first root of a repository, made by several people at one table, step by step. Answers
 * come from the terminal, or line by line from --answers FILE. What it makes is what key new, root init and sign
 * make.
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

enum { HOLDERS_MAX = 20 };

struct ceremony {
	struct publish_call *call;
	struct publish_dialog dialog;
	struct json_view *root;
	struct publish_ring ring;	/* of the keys made here */
	const char *folder;
};

static int write_key(struct ceremony *ceremony, const char *path, const char *passphrase,
		     struct json_view **ret_public)
{
	struct key_secret *secret = key_secret_new();
	struct err_note note;
	char keyid[PUBLISH_KEYID_MAX];
	int err = publish_key_write(path, secret, passphrase != NULL ? span_string(passphrase) : (struct span){ 0 },
				    keyid, &note);

	if (err != 0) {
		key_secret_free(secret);
		return publish_call_fail(ceremony->call, &note);
	}
	struct publish_key *key = mem_alloc(sizeof *key);
	*key = (struct publish_key){ .path = mem_string(path), .public_part = publish_public_of(secret),
		.secret = secret };
	memcpy(key->keyid, keyid, sizeof keyid);
	mem_grow((void **)&ceremony->ring.list, &ceremony->ring.room, ceremony->ring.count,
		 sizeof *ceremony->ring.list);
	ceremony->ring.list[ceremony->ring.count++] = key;
	*ret_public = key->public_part;
	printf("  %s: key %s\n", path, keyid);
	return PUBLISH_DONE;
}

static int holder(struct ceremony *ceremony, const char *role, int64_t number)
{
	char line[PUBLISH_LINE_MAX];
	struct json_view *part;

	if (!publish_dialog_ask(&ceremony->dialog, line, "Holder %" PRId64 " of a key of %s: name?", number, role))
		return PUBLISH_FAILED;
	if (line[0] == '\0' || strpbrk(line, "/. ") != NULL || !json_build_is_text(line))
		return publish_call_say(ceremony->call,
					"\"%s\": a name is one word of ASCII without dots and slashes", line);
	char *path = mem_format("%s/%s-%s.key", ceremony->folder, role, line);
	printf("%s, take the keyboard: a passphrase that only you know.\n", line);
	char *passphrase = publish_dialog_passphrase(&ceremony->dialog, path);
	int exit = passphrase != NULL ? write_key(ceremony, path, passphrase, &part)
				      : publish_call_say(ceremony->call, "%s: no passphrase, no key", path);
	if (exit == PUBLISH_DONE)
		publish_root_add(ceremony->root, role, part);
	if (passphrase != NULL)
		key_wipe(passphrase, strlen(passphrase));
	mem_free(passphrase);
	mem_free(path);
	return exit;
}

static int holders(struct ceremony *ceremony, const char *role, const char *what)
{
	int64_t count, threshold;
	int exit = PUBLISH_DONE;

	printf("\n%s\n", what);
	if (!publish_dialog_number(&ceremony->dialog, 1, HOLDERS_MAX, &count, "How many people hold a key?")
	    || !publish_dialog_number(&ceremony->dialog, 1, count, &threshold, "How many of them must sign?"))
		return PUBLISH_FAILED;
	for (int64_t i = 1; exit == PUBLISH_DONE && i <= count; i++)
		exit = holder(ceremony, role, i);
	publish_root_threshold(ceremony->root, role, threshold);
	return exit;
}

static int machine_keys(struct ceremony *ceremony)
{
	static const char *const roles[] = { "snapshot", "timestamp", "zones", "sites", "files", "secrets" };
	char *folder = mem_format("%s/online", ceremony->folder);
	int exit = PUBLISH_DONE;

	printf("\nThe keys of the machine that publishes, in %s: they go there, and nowhere else.\n", folder);
	int err = file_make_folders(folder, 0700);
	if (err != 0)
		exit = publish_call_say(ceremony->call, "%s: %s", folder, err_text(err));
	for (size_t i = 0; exit == PUBLISH_DONE && i < sizeof roles / sizeof roles[0]; i++) {
		char *path = mem_format("%s/%s.key", folder, roles[i]);
		struct json_view *part;

		exit = write_key(ceremony, path, NULL, &part);
		if (exit == PUBLISH_DONE && publish_root_is_role(roles[i]))
			publish_root_add(ceremony->root, roles[i], part);
		mem_free(path);
	}
	mem_free(folder);
	return exit;
}

static void print_line(void *ctx, const char *line)
{
	fprintf(ctx, "  %s\n", line);
}

static int sign(struct ceremony *ceremony)
{
	char line[PUBLISH_LINE_MAX], *path = mem_format("%s/1.root.json", ceremony->folder);
	struct json_view *file = publish_envelope(ceremony->root, json_build_list());
	struct json_view *who = publish_root_who(ceremony->root, "root"), *ids = json_view_member(who, "keyids");
	struct err_note note = { 0 };
	int exit = PUBLISH_DONE;

	printf("\nThis is the root. Read it aloud, and write the fingerprint down: every node is told it once.\n");
	publish_root_show(ceremony->root, NULL, print_line, stdout);
	if (!publish_dialog_ask(&ceremony->dialog, line, "Does everybody agree? yes or no:") || strcmp(line, "yes") != 0)
		exit = publish_call_say(ceremony->call, "the root is not signed; the keys lie in %s",
					ceremony->folder);
	for (size_t i = 0; exit == PUBLISH_DONE && i < json_view_count(ids); i++) {
		const struct key_secret *secret;
		const char *keyid = json_view_text(json_view_at(ids, i));

		if (publish_ring_secret(&ceremony->ring, keyid, &secret, &note) == 0)
			publish_sign(file, keyid, secret);
	}
	if (exit == PUBLISH_DONE) {
		size_t len;
		uint8_t *bytes = publish_bytes(file, &len);
		int err = publish_root_check((struct span){ bytes, len }, (struct span){ 0 }, ceremony->call->now_s,
					     &note);

		if (err == 0 && (err = file_replace(path, bytes, len, 0644)) != 0)
			err_note_set(&note, path, 0, "cannot be written: %s", err_text(err));
		mem_free(bytes);
		if (err != 0)
			exit = publish_call_fail(ceremony->call, &note);
	}
	if (exit == PUBLISH_DONE)
		printf("\n%s is signed. What is left:\n"
		       "  1. Each holder takes the own .key away, on two media in two places; the .pub files may "
		       "stay.\n"
		       "  2. %s/online goes to the machine that publishes, and there:\n"
		       "       catchment-publish init REPO --keys online --root 1.root.json\n"
		       "     It says which file the holders of targets sign; then: catchment-publish release --repo "
		       "REPO\n"
		       "  3. 1.root.json goes to every node as sync.root.\n"
		       "  4. A drill each month, and a new root long before this one expires: status tells when.\n",
		       path, ceremony->folder);
	json_view_free(file);
	mem_free(path);
	return exit;
}

static int hold(struct ceremony *ceremony)
{
	char line[PUBLISH_LINE_MAX];
	uint64_t ms;

	printf("A new repository: its keys, and the root that says which they are. Be at one table, with this "
	       "machine off the\n"
	       "network. Everything is written to %s.\n\n", ceremony->folder);
	if (!publish_dialog_ask(&ceremony->dialog, line, "For how long is the root good? (400d)"))
		return PUBLISH_FAILED;
	if (units_duration(line[0] != '\0' ? line : "400d", &ms) != 0)
		return publish_call_say(ceremony->call, "\"%s\" is no time, as 400d is", line);
	ceremony->root = publish_root_new(ceremony->call->now_s + (int64_t)(ms / 1000));
	int exit = holders(ceremony, "root",
			   "The root keys: they say which all other keys are. Used once a year, and in need.");
	if (exit == PUBLISH_DONE)
		exit = holders(ceremony, "targets",
			       "The keys of targets: they sign policy, lists of what nodes get, and delegations.");
	if (exit == PUBLISH_DONE)
		exit = machine_keys(ceremony);
	return exit == PUBLISH_DONE ? sign(ceremony) : exit;
}

int publish_ceremony_command(struct publish_call *call)
{
	struct ceremony ceremony = { .call = call, .folder = call->out };

	if (call->word_count == 1 && strcmp(call->words[0], "rotate") == 0)
		return publish_rotation_command(call);
	if (call->out == NULL || call->word_count != 0)
		return publish_call_wrong(call, "ceremony, or ceremony rotate, takes --out DIR, for what is made");
	int err = file_make_folders(call->out, 0700);
	if (err != 0)
		return publish_call_say(call, "%s: %s", call->out, err_text(err));
	int exit = publish_dialog_open(&ceremony.dialog, call);
	if (exit == PUBLISH_DONE)
		exit = hold(&ceremony);
	publish_dialog_close(&ceremony.dialog);
	json_view_free(ceremony.root);
	publish_ring_fini(&ceremony.ring);
	return exit;
}
