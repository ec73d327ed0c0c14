/* SPDX-License-Identifier: Apache-2.0 */
/* Whose state-dir/sync is: which master's, by the chain of its roots, and which node's; floors found again in its files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/node_key.h"
#include "sync/state_inner.h"
#include "sync/tuf_drive.h"
#include "sync/tuf_metadata.h"

enum { ROOT_MAX = 1 << 20, ROOTS_MAX = 100000, STORED_MAX = 64 << 20 };

static void raise(struct floors *floors, const char *role, int64_t version)
{
	if (version > floors_version(floors, role))
		floors_set(floors, role, version);
}

static void floor_of_file(void *ctx, const char *folder, const char *name)
{
	struct state *state = ctx;
	char *path = mem_format("%s/%s", folder, name);
	struct json_view *document = NULL;
	struct err_note note;
	uint8_t *bytes;
	int64_t version = 0;
	size_t len;

	if (file_read(path, STORED_MAX, &bytes, &len) == 0) {
		document = json_view_parse((struct span){ bytes, len }, &note);
		mem_free(bytes);
	}
	json_view_integer(json_view_member(json_view_member(document, "signed"), "version"), &version);
	json_view_free(document);
	mem_free(path);
	/* Delegated roles have their snapshot's word; quoted names would have to be undone. */
	for (int kind = 0; kind < TUF_KINDS; kind++) {
		const char *role = tuf_kind_name((enum tuf_kind)kind);

		if (strncmp(name, role, strlen(role)) == 0 && strcmp(name + strlen(role), ".json") == 0)
			raise(&state->floors, role, version);
	}
}

/* A manifest has a digest of its own: what it says was seen. */
static void floor_of_generation(struct state *state, uint64_t generation)
{
	struct manifest *manifest;
	struct err_note note;

	if (state_read_generation(state, generation, &manifest, &note) != 0)
		return;
	raise(&state->floors, "timestamp", manifest->timestamp);
	raise(&state->floors, "snapshot", manifest->snapshot);
	if (manifest->fetched_s > state->floors.time_s)
		state->floors.time_s = manifest->fetched_s;
	manifest_free(manifest);
}

void state_floors_from_files(struct state *state)
{
	uint64_t all[64];
	size_t count = state_generations(state, all, sizeof all / sizeof all[0]);
	char *folder = mem_format("%s/tuf", state->folder);

	state_names_in(folder, floor_of_file, state);
	for (size_t i = 0; i < count; i++)
		floor_of_generation(state, all[i]);
	mem_free(folder);
}

static char *root_path(const struct state *state, int64_t version)
{
	return mem_format("%s/roots/%" PRId64 ".root.json", state->folder, version);
}

int state_keep_root(struct state *state, int64_t version, struct span bytes, struct err_note *note)
{
	char *path = root_path(state, version);
	int err = file_replace(path, bytes.at, bytes.len, 0644);

	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(path);
	return err;
}

static bool is_root(struct span bytes)
{
	struct tuf_trust trust = { 0 };
	struct err_note note;

	tuf_settings_init(&trust.settings, 0);
	bool good = bytes.len <= (uint64_t)trust.settings.bytes_max[TUF_ROOT]
		&& tuf_trust_first_root(&trust, bytes, &note) == 0;
	tuf_trust_fini(&trust);
	return good;
}

/* Whether the chain leads on from what trust has; then it has the next one, which is also *bytes. */
static bool next_of_chain(const struct state *state, struct tuf_trust *trust, uint8_t **bytes, size_t *len)
{
	char *path = root_path(state, trust->root->version + 1);
	uint8_t *next;
	size_t next_len;
	struct err_note note;
	bool reset, good = file_read(path, ROOT_MAX, &next, &next_len) == 0;

	mem_free(path);
	if (!good)
		return false;
	if (tuf_trust_next_root(trust, (struct span){ next, next_len }, &reset, &note) != 0) {
		mem_free(next);
		return false;
	}
	mem_free(*bytes);
	*bytes = next;
	*len = next_len;
	return true;
}

/* "signed" as it is signed: signatures may have been added since. The caller's (mem_free); NULL: it is none. */
static uint8_t *signed_of(struct span bytes, size_t *ret_len, int64_t *ret_version)
{
	struct err_note note;
	struct json_view *document = json_view_parse(bytes, &note), *body = json_view_member(document, "signed");
	uint8_t *canonical = body != NULL ? json_view_canonical(body, ret_len) : NULL;

	*ret_version = 0;
	json_view_integer(json_view_member(body, "version"), ret_version);
	json_view_free(document);
	return canonical;
}

static bool same_signed(struct span a, struct span b)
{
	int64_t version;
	size_t a_len = 0, b_len = 0;
	uint8_t *one = signed_of(a, &a_len, &version), *other = signed_of(b, &b_len, &version);
	bool same = one != NULL && other != NULL && a_len == b_len && memcmp(one, other, a_len) == 0;

	mem_free(one);
	mem_free(other);
	return same;
}

/* Whether the chain has a root of that version which is whole, and which nothing here leads to. */
static bool has_other_root(const struct state *state, int64_t version)
{
	char *path = root_path(state, version);
	uint8_t *bytes;
	size_t len;
	bool has = file_read(path, ROOT_MAX, &bytes, &len) == 0;

	mem_free(path);
	if (!has)
		return false;
	has = is_root((struct span){ bytes, len });
	mem_free(bytes);
	return has;
}

/* A state folder that was exchanged for another master's would be served as if it were this one's. What cannot be told,
 * as the chain is not there any more, is let pass. */
static int same_master(const struct state *state, const char *root_file, struct span stored, struct err_note *note)
{
	struct tuf_trust trust = { 0 };
	bool other = false;
	int64_t version;
	uint8_t *bytes;
	size_t len;

	/* What was trusted once is so without the file it began with. */
	if (file_read(root_file, ROOT_MAX, &bytes, &len) != 0)
		return 0;
	tuf_settings_init(&trust.settings, 0);
	if (tuf_trust_first_root(&trust, (struct span){ bytes, len }, note) == 0) {
		mem_free(signed_of(stored, &(size_t){ 0 }, &version));
		while (trust.root->version < version && next_of_chain(state, &trust, &bytes, &len)) {
		}
		other = trust.root->version < version ? has_other_root(state, trust.root->version + 1)
			: trust.root->version == version && !same_signed(stored, (struct span){ bytes, len });
	}
	tuf_trust_fini(&trust);
	mem_free(bytes);
	if (other)
		err_note_set(note, state->folder, 0, "holds what another master signed than the one of %s (sync.root): put the "
			     "folder of this master back, or move it away and start anew", root_file);
	return other ? ERR_INVALID : 0;
}

int state_anchor(struct state *state, const char *root_file, struct err_note *note, struct err_list *warnings)
{
	struct tuf_trust trust = { 0 };
	uint8_t *bytes;
	size_t len;
	int err = tuf_store_load(state->metadata, "root", ROOT_MAX, &bytes, &len, note);

	if (err == 0) {
		bool good = is_root((struct span){ bytes, len });

		if (good)
			err = same_master(state, root_file, (struct span){ bytes, len }, note);
		mem_free(bytes);
		if (good)
			return err;
		err_list_add(warnings, state->folder, 0, "tuf/root.json is damaged: it is made again from %s", root_file);
	} else if (err != -ENOENT && err != ERR_LIMIT) {
		return err;
	}
	err = file_read(root_file, ROOT_MAX, &bytes, &len);
	if (err != 0) {
		err_note_set(note, root_file, 0, "the trusted root (sync.root) cannot be read: %s", err_text(err));
		return err;
	}
	tuf_settings_init(&trust.settings, 0);
	err = tuf_trust_first_root(&trust, (struct span){ bytes, len }, note);
	if (err != 0) {
		char *why = mem_string(note->text);

		err_note_set(note, root_file, 0, "the trusted root (sync.root) is none: %s", why);
		mem_free(why);
	}
	for (unsigned i = 0; err == 0 && i < ROOTS_MAX && next_of_chain(state, &trust, &bytes, &len);)
		i++;
	if (err == 0)
		err = tuf_store_save(state->metadata, "root", (struct span){ bytes, len }, note);
	tuf_trust_fini(&trust);
	mem_free(bytes);
	return err;
}

void state_own(struct state *state, const char *node, struct err_list *warnings)
{
	const char *was = state->floors.node;

	if (was != NULL && strcmp(was, node) != 0)
		err_list_add(warnings, state->folder, 0, "is the folder of node %s, and this is %s: what it holds is served, but "
			     "reports are signed, and secrets opened, with the key of %s", was, node, was);
	if (was == NULL || strcmp(was, node) != 0)
		floors_own(&state->floors, node);	/* on disk with what is written next */
}

int state_node_key(struct state *state, struct node_key **ret_key, struct err_note *note, struct err_list *warnings)
{
	char *path = mem_format("%s/node.key", state->folder), *aside = mem_format("%s.damaged", path);
	int err = node_key_open(path, true, ret_key, note);

	if (err == ERR_SYNTAX && rename(path, aside) == 0) {
		err_list_add(warnings, path, 0, "is damaged, and moved to node.key.damaged: a new key is made, which the master has "
			     "to be told (catchment-publish add node)");
		err = node_key_open(path, true, ret_key, note);
	}
	mem_free(aside);
	mem_free(path);
	return err;
}

int state_check_root(const char *root_file, struct err_note *note)
{
	struct tuf_trust trust = { 0 };
	uint8_t *bytes;
	size_t len;
	int err = file_read(root_file, ROOT_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, root_file, 0, "the trusted root (sync.root) cannot be read: %s", err_text(err));
		return err;
	}
	tuf_settings_init(&trust.settings, 0);
	err = tuf_trust_first_root(&trust, (struct span){ bytes, len }, note);
	tuf_trust_fini(&trust);
	mem_free(bytes);
	if (err != 0) {
		char *why = mem_string(note->text);

		err_note_set(note, root_file, 0, "the trusted root (sync.root) is none: %s", why);
		mem_free(why);
	}
	return err;
}
