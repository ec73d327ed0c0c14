/* SPDX-License-Identifier: Apache-2.0 */
/* key new, key show, sign. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_root.h"
#include "sync/tool/publish_call.h"

enum { METADATA_MAX = 64 << 20 };

static int key_new(struct publish_call *call)
{
	char keyid[PUBLISH_KEYID_MAX], *passphrase = NULL;
	struct err_note note;

	if (call->out == NULL || call->word_count != 1)
		return publish_call_wrong(call, "key new takes --out FILE");
	if (!call->no_passphrase && access(call->out, F_OK) != 0) {
		passphrase = publish_call_ask_new(call, call->out, &note);
		if (passphrase == NULL)
			return publish_call_fail(call, &note);
	}
	struct key_secret *secret = key_secret_new();
	int err = publish_key_write(call->out, secret, passphrase != NULL ? span_string(passphrase)
				    : (struct span){ 0 }, keyid,
				    &note);
	key_secret_free(secret);
	if (passphrase != NULL)
		key_wipe(passphrase, strlen(passphrase));
	mem_free(passphrase);
	if (err != 0)
		return publish_call_fail(call, &note);
	printf("%s\n", keyid);
	return PUBLISH_DONE;
}

static int key_show(struct publish_call *call)
{
	struct json_view *part;
	struct err_note note;
	char keyid[PUBLISH_KEYID_MAX];

	if (call->word_count < 2)
		return publish_call_wrong(call, "key show takes a key file, or its .pub");
	for (size_t i = 1; i < call->word_count; i++) {
		const char *path = call->words[i];

		if (publish_public_read(path, &part, &note) != 0)
			return publish_call_fail(call, &note);
		publish_keyid(part, keyid);
		struct publish_key *key = NULL;
		bool secret = publish_key_read(path, &key, &note) == 0;
		printf("%s %s %s %s\n", keyid, json_view_text(json_view_member(part, "keytype")),
		       !secret ? "public" : key->secret == NULL ? "wrapped" : "plain", path);
		publish_key_free(key);
		json_view_free(part);
	}
	return PUBLISH_DONE;
}

int publish_key_command(struct publish_call *call)
{
	if (call->word_count > 0 && strcmp(call->words[0], "new") == 0)
		return key_new(call);
	if (call->word_count > 0 && strcmp(call->words[0], "show") == 0)
		return key_show(call);
	return publish_call_wrong(call, "key new or key show");
}

static void print_line(void *ctx, const char *line)
{
	fprintf(ctx, "%s\n", line);
}

static bool confirmed(struct publish_call *call)
{
	char line[16];

	if (call->yes)
		return true;
	fprintf(stderr, "Is this what you want to sign? yes or no: ");
	return fgets(line, sizeof line, stdin) != NULL && strncmp(line, "yes", 3) == 0;
}

/* N-1.root.json: of --previous, beside the file, or of the repository. Of a first root there is none. */
static int root_before(struct publish_call *call, const char *path, int64_t version, struct json_view **ret_before)
{
	const char *repo = call->repo != NULL ? call->repo : getenv("CATCHMENT_REPO"), *slash = strrchr(path, '/');
	int folder = slash != NULL ? (int)(slash - path) : 1;
	char *places[3] = {
		call->previous != NULL ? mem_string(call->previous) : NULL,
		mem_format("%.*s/%" PRId64 ".root.json", folder, slash != NULL ? path : ".", version - 1),
		repo != NULL ? mem_format("%s/metadata/%" PRId64 ".root.json", repo, version - 1) : NULL,
	};
	struct err_note note = { 0 };
	int err = version > 1 ? -ENOENT : 0;

	*ret_before = NULL;
	for (size_t i = 0; i < 3; i++) {
		bool given = i == 0 && places[i] != NULL;

		if (err != 0 && places[i] != NULL && (given || access(places[i], F_OK) == 0))
			err = publish_json_read(places[i], METADATA_MAX, ret_before, &note);
		mem_free(places[i]);
	}
	if (err != 0 && note.text[0] != '\0')
		return publish_call_fail(call, &note);
	if (err != 0)
		return publish_call_say(call,
					"%s: is version %" PRId64 " of the root: what is different from version %" PRId64
					" has to be shown before it is signed: --previous FILE, or put it beside as %"
					PRId64 ".root.json", path, version, version - 1, version - 1);
	int64_t is = publish_version(publish_signed(*ret_before));
	if (*ret_before == NULL || is == version - 1)
		return PUBLISH_DONE;
	json_view_free(*ret_before);
	*ret_before = NULL;
	return publish_call_say(call, "--previous is version %" PRId64 " of the root: expected version %" PRId64, is,
				version - 1);
}

/* Nobody signs what was not shown: a root as words, with what is different from before; others by role and
 * version. */
static int show_before(struct publish_call *call, const char *path, struct json_view *body)
{
	struct json_view *before = NULL;
	const char *type = json_view_text(json_view_member(body, "_type"));
	int exit = PUBLISH_DONE;

	if (type != NULL && strcmp(type, "root") == 0) {
		exit = root_before(call, path, publish_version(body), &before);
		if (exit == PUBLISH_DONE)
			publish_root_show(body, publish_signed(before), print_line, stderr);
	} else {
		fprintf(stderr, "%s: %s version %" PRId64 ", %zu targets, %zu delegations, expires %s\n", path,
			type != NULL ? type : "?", publish_version(body),
			json_view_count(json_view_member(body, "targets")),
			json_view_count(json_view_member(json_view_member(body, "delegations"), "roles")),
			json_view_text(json_view_member(body, "expires")));
	}
	json_view_free(before);
	if (exit != PUBLISH_DONE)
		return exit;
	return confirmed(call) ? PUBLISH_DONE : publish_call_say(call, "nothing was signed");
}

/* Of a root only keys that it knows, or that the one before knew, can count. */
static bool root_wants(struct json_view *body, const char *keyid)
{
	return json_view_member(json_view_member(body, "keys"), keyid) != NULL;
}

static int sign_with(struct publish_call *call, const char *path, struct json_view *file)
{
	struct err_note note;
	int exit = publish_call_open_keys(call);

	if (exit == PUBLISH_DONE && call->ring.count == 0)
		return publish_call_say(call, "there is no key in %s: nothing was signed", call->key.list[0]);
	for (size_t i = 0; exit == PUBLISH_DONE && i < call->ring.count; i++) {
		const char *keyid = call->ring.list[i]->keyid, *type;
		const struct key_secret *secret;

		if (publish_ring_secret(&call->ring, keyid, &secret, &note) != 0)
			return publish_call_fail(call, &note);
		type = json_view_text(json_view_member(publish_signed(file), "_type"));
		if (type != NULL && strcmp(type, "root") == 0 && !root_wants(publish_signed(file), keyid))
			fprintf(stderr,
				"catchment-publish: note: key %.16s… is not one of this root; it counts only if it "
				"was one "
				"of the root before\n", keyid);
		publish_sign(file, keyid, secret);
		printf("%s signed by %s\n", path, keyid);
	}
	return exit;
}

int publish_sign_command(struct publish_call *call)
{
	struct json_view *file;
	struct err_note note;

	if (call->word_count != 1 || call->key.count == 0)
		return publish_call_wrong(call, "sign takes one file of metadata and --key KEY");
	const char *path = call->words[0];
	if (publish_json_read(path, METADATA_MAX, &file, &note) != 0)
		return publish_call_fail(call, &note);
	if (!json_view_is_object(publish_signed(file))) {
		json_view_free(file);
		return publish_call_say(call, "%s: is no metadata of TUF", path);
	}
	int exit = show_before(call, path, publish_signed(file));
	if (exit == PUBLISH_DONE)
		exit = sign_with(call, path, file);
	if (exit == PUBLISH_DONE) {
		size_t len;
		uint8_t *bytes = publish_bytes(file, &len);
		int err = file_replace(path, bytes, len, 0644);

		mem_free(bytes);
		if (err != 0)
			exit = publish_call_say(call, "%s: cannot be written: %s", path, err_text(err));
	}
	json_view_free(file);
	return exit;
}
