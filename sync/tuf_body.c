/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_body.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

enum { NAME_MAX_BYTES = 1024 };	/* of a role: what a file name could hold is far less */

static int read_hashes(const char *what, struct json_view *view, struct hash_list *ret_hashes, struct err_note *note)
{
	struct json_member member = { 0 };

	*ret_hashes = (struct hash_list){ 0 };
	if (!json_view_is_object(view) || json_view_count(view) == 0)
		return tuf_body_refuse(note, "\"hashes\" of %s is not an object with one at least", what);
	while (json_view_next(view, &member)) {
		const char *digits = json_view_text(member.value);

		if (digits == NULL || hash_list_add(ret_hashes, member.name, digits) == ERR_SYNTAX)
			return tuf_body_refuse(note, "the %s of %s is not one", tuf_body_show(member.name), what);
	}
	if (ret_hashes->count == 0)
		return tuf_body_refuse(note, "no hash of %s is of a kind known here (sha256, sha384, sha512)", what);
	return 0;
}

int tuf_body_file(const char *what, struct json_view *view, bool is_target, struct tuf_file *ret_file,
		  struct err_note *note)
{
	struct json_view *length = json_view_member(view, "length"), *hashes = json_view_member(view, "hashes");
	struct tuf_file file = { .length = -1 };

	what = tuf_body_show(what);
	if (!json_view_is_object(view))
		return tuf_body_refuse(note, "what is listed of %s is not an object", what);
	if (!is_target && (!json_view_integer(json_view_member(view, "version"), &file.version) || file.version < 1))
		return tuf_body_refuse(note, "\"version\" of %s is not a number from 1 on", what);
	if (length != NULL || is_target) {
		if (!json_view_integer(length, &file.length) || file.length < (is_target ? 0 : 1))
			return tuf_body_refuse(note, "\"length\" of %s is not a size", what);
	}
	if (hashes != NULL || is_target) {
		int err = read_hashes(what, hashes, &file.hashes, note);

		if (err != 0)
			return err;
	}
	*ret_file = file;
	return 0;
}

int tuf_body_keys(struct json_view *keys, struct err_note *note)
{
	struct json_member member = { 0 };

	if (!json_view_is_object(keys))
		return tuf_body_refuse(note, "\"keys\" is not an object");
	while (json_view_next(keys, &member)) {
		if (json_view_text(json_view_member(member.value, "keytype")) == NULL
		    || json_view_text(json_view_member(member.value, "scheme")) == NULL
		    || !json_view_is_object(json_view_member(member.value, "keyval")))
			return tuf_body_refuse(note, "key %s lacks \"keytype\", \"scheme\" or \"keyval\"",
					       tuf_body_show(member.name));
	}
	return 0;
}

int tuf_body_role(const char *name, struct json_view *view, struct tuf_role *ret_role, struct err_note *note)
{
	struct tuf_role role = { .name = name, .keyids = json_view_member(view, "keyids") };

	name = tuf_body_show(name);
	if (!json_view_is_object(view))
		return tuf_body_refuse(note, "no role %s", name);
	if (!tuf_body_is_texts(role.keyids))
		return tuf_body_refuse(note, "\"keyids\" of role %s is not a list of text", name);
	if (json_view_count(role.keyids) > TUF_KEYIDS_MAX)
		return tuf_body_refuse(note, "role %s has more than %d keys", name, TUF_KEYIDS_MAX);
	if (!json_view_integer(json_view_member(view, "threshold"), &role.threshold) || role.threshold < 1)
		return tuf_body_refuse(note, "\"threshold\" of role %s is not a number from 1 on", name);
	*ret_role = role;
	return 0;
}

int tuf_body_root(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *consistent = json_view_member(metadata->body, "consistent_snapshot");
	struct json_view *roles = json_view_member(metadata->body, "roles");
	int err;

	metadata->keys = json_view_member(metadata->body, "keys");
	metadata->roles = mem_array(TUF_KINDS, sizeof *metadata->roles);
	metadata->role_count = TUF_KINDS;
	if (consistent != NULL && !json_view_flag(consistent, &metadata->consistent))
		return tuf_body_refuse(note, "\"consistent_snapshot\" is neither true nor false");
	err = tuf_body_keys(metadata->keys, note);
	for (enum tuf_kind kind = 0; err == 0 && kind < TUF_KINDS; kind++) {
		const char *name = tuf_kind_name(kind);

		err = tuf_body_role(name, json_view_member(roles, name), &metadata->roles[kind], note);
	}
	return err;
}

int tuf_body_timestamp(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *meta = json_view_member(metadata->body, "meta");

	return tuf_body_file("snapshot.json", json_view_member(meta, "snapshot.json"), false, &metadata->snapshot,
			     note);
}

int tuf_body_snapshot(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *meta = json_view_member(metadata->body, "meta");
	struct json_member member = { 0 };
	struct tuf_file file;
	int err = 0;

	if (!json_view_is_object(meta))
		return tuf_body_refuse(note, "\"meta\" is not an object");
	while (err == 0 && json_view_next(meta, &member))
		err = tuf_body_file(member.name, member.value, false, &file, note);
	return err;
}

int tuf_snapshot_file(const struct tuf_metadata *snapshot, const char *role, struct tuf_file *ret_file)
{
	char name[NAME_MAX_BYTES + sizeof ".json"];
	struct json_view *view;
	struct err_note note;

	if (snprintf(name, sizeof name, "%s.json", role) >= (int)sizeof name)
		return ERR_UNKNOWN;
	view = json_view_member(json_view_member(snapshot->body, "meta"), name);
	return view != NULL ? tuf_body_file(name, view, false, ret_file, &note) : ERR_UNKNOWN;
}

int tuf_body_targets(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *targets = json_view_member(metadata->body, "targets");
	struct json_view *delegations = json_view_member(metadata->body, "delegations");
	struct json_member member = { 0 };
	struct tuf_file file;
	int err = 0;

	if (!json_view_is_object(targets))
		return tuf_body_refuse(note, "\"targets\" is not an object");
	while (err == 0 && json_view_next(targets, &member))
		err = tuf_body_file(member.name, member.value, true, &file, note);
	if (err == 0 && delegations != NULL)
		err = tuf_body_delegations(metadata, delegations, note);
	return err;
}

int tuf_targets_file(const struct tuf_metadata *targets, const char *path, struct tuf_file *ret_file)
{
	struct json_view *view = json_view_member(json_view_member(targets->body, "targets"), path);
	struct err_note note;

	return view != NULL ? tuf_body_file(path, view, true, ret_file, &note) : ERR_UNKNOWN;
}

struct json_view *tuf_targets_custom(const struct tuf_metadata *targets, const char *path)
{
	return json_view_member(json_view_member(json_view_member(targets->body, "targets"), path), "custom");
}
