/* SPDX-License-Identifier: Apache-2.0 */
/* What stays and what goes in state-dir/sync. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/state_inner.h"

enum { PART_STALE_S = 7 * 86400 };

void state_names_in(const char *folder, void (*each)(void *ctx, const char *folder, const char *name), void *ctx)
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

	state_names_in(path, sweep_name, ctx);
	if (access(manifest, F_OK) != 0)
		rmdir(path);	/* it was never written to its end */
	mem_free(path);
	mem_free(manifest);
}

/* A master that was away for so long has other files by now. */
static void sweep_part(void *ctx, const char *folder, const char *name)
{
	const int64_t *now_s = ctx;
	char *path = mem_format("%s/%s", folder, name);
	struct stat stat;

	if (lstat(path, &stat) == 0 && (!S_ISREG(stat.st_mode) || stat.st_mtime < *now_s - PART_STALE_S))
		unlink(path);
	mem_free(path);
}

void state_sweep(struct state *state)
{
	static const char *const names[] = { "", "/blob", "/roots" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *folder = mem_format("%s%s", state->folder, names[i]);

		state_names_in(folder, sweep_name, NULL);
		mem_free(folder);
	}
	char *generations = mem_format("%s/gen", state->folder);
	state_names_in(generations, sweep_generation, NULL);
	mem_free(generations);
	char *parts = mem_format("%s/part", state->folder);
	state_names_in(parts, sweep_part, &(int64_t){ clock_wall_s() });
	mem_free(parts);
}

struct part_filter {
	bool (*wanted)(void *ctx, const char *sha256);
	void *ctx;
};

static void drop_part(void *ctx, const char *folder, const char *name)
{
	const struct part_filter *filter = ctx;

	if (filter->wanted == NULL || !filter->wanted(filter->ctx, name))
		remove_in(folder, name);
}

void state_drop_parts(const struct state *state, bool (*wanted)(void *ctx, const char *sha256), void *ctx)
{
	char *parts = mem_format("%s/part", state->folder);

	state_names_in(parts, drop_part, &(struct part_filter){ wanted, ctx });
	mem_free(parts);
}

/* ---- collection ---- */

/* Of one generation. */
struct state_names {
	struct state_names *next;
	uint64_t generation;
	char *release;
	uint8_t (*names)[HASH_SHA256_BYTES];	/* sorted */
	size_t count, room;
};

static void keep_name(struct state_names *kept, const char *digits)
{
	void *names = kept->names;

	if (digits[0] == '\0')
		return;
	mem_grow(&names, &kept->room, kept->count, sizeof *kept->names);
	kept->names = names;
	if (hash_get_hex(digits, kept->names[kept->count], HASH_SHA256_BYTES) == HASH_SHA256_BYTES)
		kept->count++;
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, HASH_SHA256_BYTES);
}

static void keep_manifest(struct state_names *kept, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->part_count; i++)
		keep_name(kept, manifest->parts[i].sha256);
	for (size_t i = 0; i < manifest->item_count; i++) {
		const struct manifest_item *item = &manifest->items[i];

		/* A zone is found again by its image: neither its checkpoint nor the changesets in it are needed. */
		if (item->kind != MANIFEST_ZONE || item->image[0] == '\0')
			keep_name(kept, item->blob.sha256);
		keep_name(kept, item->image);
		for (size_t j = 0; j < item->overlay_count; j++)
			keep_name(kept, item->overlay[j].blob.sha256);
	}
	if (kept->count > 0)
		qsort(kept->names, kept->count, sizeof *kept->names, by_digest);
}

void state_keep_names(struct state *state, const struct manifest *manifest)
{
	struct state_names *names = mem_alloc(sizeof *names);

	state_forget_names(state, manifest->generation);
	*names = (struct state_names){ .next = state->names, .generation = manifest->generation,
		.release = mem_string(manifest->release) };
	keep_manifest(names, manifest);
	state->names = names;
}

void state_forget_names(struct state *state, uint64_t generation)
{
	for (struct state_names **at = &state->names; *at != NULL; ) {
		struct state_names *names = *at;

		if (generation != 0 && names->generation != generation) {
			at = &names->next;
			continue;
		}
		*at = names->next;
		mem_free(names->names);
		mem_free(names->release);
		mem_free(names);
	}
}

/* Those of a generation, read when they are not known; NULL: they cannot be. */
static const struct state_names *know_names(struct state *state, uint64_t generation)
{
	struct manifest *manifest;
	struct err_note note;

	for (const struct state_names *names = state->names; names != NULL; names = names->next) {
		if (names->generation == generation)
			return names;
	}
	if (state_read_generation(state, generation, &manifest, &note) != 0)
		return NULL;
	state_keep_names(state, manifest);
	manifest_free(manifest);
	return state->names;
}

static bool is_kept(const struct state *state, const char *name, size_t len)
{
	uint8_t key[HASH_SHA256_BYTES];
	char digits[MANIFEST_HEX];

	if (len != MANIFEST_HEX - 1)
		return false;
	memcpy(digits, name, len);
	digits[len] = '\0';
	if (strcmp(digits, state->spare) == 0)
		return true;
	if (hash_get_hex(digits, key, sizeof key) != sizeof key)
		return false;
	for (const struct state_names *names = state->names; names != NULL; names = names->next) {
		if (names->count > 0 && bsearch(key, names->names, names->count, sizeof *names->names, by_digest) != NULL)
			return true;
	}
	return false;
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
	size_t count = state_generations(state, all, sizeof all / sizeof all[0]), stay = 0, refused_stay = 0;
	bool whole = true;

	for (size_t i = 0; i < count; i++) {
		const struct state_names *names = know_names(state, all[i]);
		/* What was gone back from is no place to go back to: the newest such stays for want of anything else. */
		bool refused = names != NULL && all[i] != state->floors.active && floors_refused(&state->floors, names->release) != NULL;

		if (all[i] != state->floors.active && (refused ? refused_stay >= 1 : stay >= STATE_GENERATIONS)) {
			state_drop_generation(state, all[i]);
			continue;
		}
		*(refused ? &refused_stay : &stay) += 1;
		whole = whole && names != NULL;
	}
	/* With one that cannot be read now, nobody knows what it names. */
	if (whole) {
		char *blobs = mem_format("%s/blob", state->folder);

		state_names_in(blobs, collect_blob, state);
		state_names_in(state->images, collect_image, state);
		mem_free(blobs);
	}
	state_drop_parts(state, NULL, NULL);
}
