/* SPDX-License-Identifier: Apache-2.0 */
/* What stays and what goes in state-dir/sync, and how a damaged root is made again. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/state_inner.h"
#include "sync/tuf_drive.h"
#include "sync/tuf_metadata.h"

enum { ROOT_MAX = 1 << 20, ROOTS_MAX = 100000, STORED_MAX = 64 << 20 };

/* Calls each() for every name in the folder that does not begin with a point. */
static void for_names(const char *folder, void (*each)(void *ctx, const char *folder, const char *name), void *ctx)
{
	DIR *entries = opendir(folder);

	if (entries == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(entries)) != NULL; ) {
		if (entry->d_name[0] != '.')
			each(ctx, folder, entry->d_name);
	}
	closedir(entries);
}

static void remove_in(const char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name);

	unlink(path);
	mem_free(path);
}

/* file_replace() writes NAME.XXXXXX, sync/tuf_target #XXXXXX. */
static void sweep_name(void *ctx, const char *folder, const char *name)
{
	size_t len = strlen(name);
	bool left = name[0] == '#' && len == 7;

	(void)ctx;
	/* No name of ours has a point and six letters or digits at its end. */
	if (len > 7 && name[len - 7] == '.') {
		left = true;
		for (size_t i = len - 6; i < len; i++)
			left = left && isalnum((unsigned char)name[i]);
	}
	if (left)
		remove_in(folder, name);
}

static void sweep_generation(void *ctx, const char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name), *manifest = mem_format("%s/manifest.json", path);

	for_names(path, sweep_name, ctx);
	if (access(manifest, F_OK) != 0)
		rmdir(path);	/* it was never written to its end */
	mem_free(path);
	mem_free(manifest);
}

void state_sweep(struct state *state)
{
	static const char *const names[] = { "", "/blob", "/roots" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *folder = mem_format("%s%s", state->folder, names[i]);

		for_names(folder, sweep_name, NULL);
		mem_free(folder);
	}
	char *generations = mem_format("%s/gen", state->folder);
	for_names(generations, sweep_generation, NULL);
	mem_free(generations);
}

/* ---- collection ---- */

struct kept {
	char (*names)[MANIFEST_HEX];	/* sorted */
	size_t name_count, name_room;
};

static void keep_name(struct kept *kept, const char *digits)
{
	void *names = kept->names;

	if (digits[0] == '\0')
		return;
	mem_grow(&names, &kept->name_room, kept->name_count, sizeof *kept->names);
	kept->names = names;
	memcpy(kept->names[kept->name_count++], digits, MANIFEST_HEX);
}

static int by_digits(const void *a, const void *b)
{
	return memcmp(a, b, MANIFEST_HEX);
}

static void keep_manifest(struct kept *kept, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->item_count; i++) {
		const struct manifest_item *item = &manifest->items[i];

		/* A zone is found again by its image: neither its checkpoint nor the changesets in it are needed. */
		if (item->kind != MANIFEST_ZONE || item->image[0] == '\0')
			keep_name(kept, item->blob.sha256);
		keep_name(kept, item->image);
		for (size_t j = 0; j < item->overlay_count; j++)
			keep_name(kept, item->overlay[j].blob.sha256);
	}
}

static bool is_kept(const struct kept *kept, const char *name, size_t len)
{
	char key[MANIFEST_HEX];

	if (len != MANIFEST_HEX - 1)
		return false;
	memcpy(key, name, len);
	key[len] = '\0';
	return kept->name_count > 0
		&& bsearch(key, kept->names, kept->name_count, sizeof *kept->names, by_digits) != NULL;
}

static void collect_blob(void *ctx, const char *folder, const char *name)
{
	if (!is_kept(ctx, name, strlen(name)))
		remove_in(folder, name);
}

static void collect_image(void *ctx, const char *folder, const char *name)
{
	size_t len = strlen(name);

	/* sync-DIGEST.zone-image and what is left of writing one; the others are of local zones. */
	if (strncmp(name, "sync-", 5) != 0 || len < 5 + MANIFEST_HEX - 1 + sizeof ".zone-image" - 1
	    || strncmp(name + 5 + MANIFEST_HEX - 1, ".zone-image", 11) != 0)
		return;
	if (len > 5 + MANIFEST_HEX - 1 + 11 || !is_kept(ctx, name + 5, MANIFEST_HEX - 1))
		remove_in(folder, name);
}

void state_collect(struct state *state)
{
	uint64_t all[1024];
	size_t count = state_generations(state, all, sizeof all / sizeof all[0]), stay = 0;
	struct kept kept = { 0 };
	bool whole = true;

	for (size_t i = 0; i < count; i++) {
		struct manifest *manifest;
		struct err_note note;

		if (stay >= STATE_GENERATIONS && all[i] != state->floors.active) {
			state_drop_generation(state, all[i]);
			continue;
		}
		stay++;
		if (state_read_generation(state, all[i], &manifest, &note) != 0) {
			whole = false;
			continue;
		}
		keep_manifest(&kept, manifest);
		manifest_free(manifest);
	}
	/* With one that cannot be read now, nobody knows what it names. */
	if (whole) {
		char *blobs = mem_format("%s/blob", state->folder);

		if (kept.name_count > 0)
			qsort(kept.names, kept.name_count, sizeof *kept.names, by_digits);
		for_names(blobs, collect_blob, &kept);
		for_names(state->images, collect_image, &kept);
		mem_free(blobs);
	}
	mem_free(kept.names);
}

/* ---- floors and roots ---- */

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

		if (strncmp(name, role, strlen(role)) == 0 && strcmp(name + strlen(role), ".json") == 0
		    && version > floors_version(&state->floors, role))
			floors_set(&state->floors, role, version);
	}
}

void state_floors_from_metadata(struct state *state)
{
	char *folder = mem_format("%s/tuf", state->folder);

	for_names(folder, floor_of_file, state);
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

int state_anchor(struct state *state, const char *root_file, struct err_note *note, struct err_list *warnings)
{
	struct tuf_trust trust = { 0 };
	uint8_t *bytes;
	size_t len;
	int err = tuf_store_load(state->metadata, "root", ROOT_MAX, &bytes, &len, note);

	if (err == 0) {
		bool good = is_root((struct span){ bytes, len });

		mem_free(bytes);
		if (good)
			return 0;
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
