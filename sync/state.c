/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/state_inner.h"
#include "sync/tuf_target.h"

static int take_lock(struct state *state, struct err_note *note)
{
	char *path = mem_format("%s/lock", state->folder);
	int err = 0;

	state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (state->lock < 0)
		err = -errno;
	else if (flock(state->lock, LOCK_EX | LOCK_NB) != 0)
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err != 0)
		err_note_set(note, path, 0, err == -EBUSY ? "another process follows a master with this state-dir"
			     : "cannot be locked: %s", err_text(err));
	mem_free(path);
	return err;
}

static int make_folders(struct state *state, struct err_note *note)
{
	static const char *const names[] = { "", "/blob", "/gen", "/part", "/roots", "/tuf" };
	int err = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && err == 0; i++) {
		char *path = mem_format("%s%s", state->folder, names[i]);

		err = file_make_folders(path, 0755);
		if (err != 0)
			err_note_set(note, path, 0, "cannot be made: %s", err_text(err));
		mem_free(path);
	}
	if (err == 0) {
		err = file_make_folders(state->images, 0755);
		if (err != 0)
			err_note_set(note, state->images, 0, "cannot be made: %s", err_text(err));
	}
	return err;
}

int state_open(const char *state_dir, struct state **ret_state, struct err_note *note, struct err_list *warnings)
{
	struct state *state = mem_alloc(sizeof *state);
	struct err_note floors_note;

	*state = (struct state){
		.folder = mem_format("%s/sync", state_dir), .images = mem_format("%s/zones", state_dir), .lock = -1,
		.seen = state_seen_new(), .unsynced = true,	/* what a process before this one has left may be so */
	};
	int err = make_folders(state, note);
	if (err == 0)
		err = take_lock(state, note);
	if (err == 0) {
		char *metadata = mem_format("%s/tuf", state->folder);

		err = tuf_store_open(metadata, true, &state->metadata, note);
		mem_free(metadata);
	}
	if (err != 0) {
		state_close(state);
		return err;
	}
	state_sweep(state);
	uint64_t newest;
	if (state_generations(state, &newest, 1) == 1)
		state->newest = newest;
	err = floors_load(state->folder, &state->floors, &floors_note);
	if (err == 0 && state->floors.sequence == 0 && state->newest > 0) {
		/* The first of them is written before the first generation. */
		err = -ENOENT;
		err_note_set(&floors_note, state->folder, 0,
			     "floor.a and floor.b are gone: what was seen is taken from the metadata and the generations");
	}
	if (err != 0) {
		err_list_add(warnings, floors_note.file, 0, "%s", floors_note.text);
		state_floors_from_files(state);
	}
	char *served = mem_format("%s/served", state->folder);
	ledger_open(&state->served, served, state_now(state, clock_wall_s()), warnings);
	mem_free(served);
	if (state->newest < state->floors.active)
		state->newest = state->floors.active;
	*ret_state = state;
	return 0;
}

static void forget_fresh(struct state *state, bool remove)
{
	for (size_t i = 0; i < state->fresh_count; i++) {
		if (remove)
			unlink(state->fresh[i]);
		mem_free(state->fresh[i]);
	}
	mem_free(state->fresh);
	state->fresh = NULL;
	state->fresh_count = state->fresh_room = 0;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	tuf_store_close(state->metadata);
	floors_fini(&state->floors);
	state_forget_names(state, 0);
	state_seen_free(state->seen);
	forget_fresh(state, false);
	ledger_fini(&state->served);
	if (state->lock >= 0)
		close(state->lock);
	mem_free(state->folder);
	mem_free(state->images);
	mem_free(state);
}

int64_t state_floor(const struct state *state)
{
	return state->floors.time_s > STATE_EPOCH_S ? state->floors.time_s : STATE_EPOCH_S;
}

int64_t state_now(const struct state *state, int64_t clock_s)
{
	int64_t floor = state_floor(state);

	return clock_s > floor ? clock_s : floor;
}

int state_save_floors(struct state *state, struct err_note *note)
{
	return floors_save(state->folder, &state->floors, note);
}

/* ---- blobs ---- */

char *state_blob_path(const struct state *state, const char *sha256)
{
	return mem_format("%s/blob/%s", state->folder, sha256);
}

char *state_part_path(const struct state *state, const char *sha256)
{
	return mem_format("%s/part/%s", state->folder, sha256);
}

static struct tuf_file file_of(const struct manifest_blob *blob)
{
	struct tuf_file file = { .length = (int64_t)blob->length };

	hash_list_add(&file.hashes, "sha256", blob->sha256);
	return file;
}

bool state_has_blob(const struct state *state, const struct manifest_blob *blob)
{
	if (state_seen_has(state->seen, blob))
		return true;
	char *path = state_blob_path(state, blob->sha256);
	struct tuf_file file = file_of(blob);
	bool has = tuf_target_is_there(path, &file);

	if (has)
		state_seen_add(state->seen, blob);
	mem_free(path);
	return has;
}

int state_read_blob(const struct state *state, const struct manifest_blob *blob, uint8_t **ret_bytes,
		    struct err_note *note)
{
	char *path = state_blob_path(state, blob->sha256);
	struct tuf_file file = file_of(blob);
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, blob->length, &bytes, &len);

	if (err == 0 && (len != blob->length || hash_list_mismatch(&file.hashes, (struct span){ bytes, len }) != NULL)) {
		mem_free(bytes);
		err = ERR_FORMAT;
	} else if (err == ERR_LIMIT) {
		err = ERR_FORMAT;
	}
	if (err == 0)
		*ret_bytes = bytes;
	else
		err_note_set(note, path, 0, err == ERR_FORMAT ? "is damaged" : "cannot be read: %s", err_text(err));
	mem_free(path);
	return err;
}

int state_write_blob(struct state *state, struct span bytes, struct manifest_blob *ret_blob, struct err_note *note)
{
	uint8_t digest[HASH_SHA256_BYTES];

	hash_sha256(bytes, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, ret_blob->sha256);
	ret_blob->length = bytes.len;
	if (state_has_blob(state, ret_blob))
		return 0;
	char *path = state_blob_path(state, ret_blob->sha256);
	int err = file_replace_unsynced(path, bytes.at, bytes.len, 0600);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	else
		state_note_unsynced(state, path);
	mem_free(path);
	return err;
}

/* ---- what waits for the disk ---- */

void state_note_unsynced(struct state *state, const char *path)
{
	void *fresh = state->fresh;

	mem_grow(&fresh, &state->fresh_room, state->fresh_count, sizeof *state->fresh);
	state->fresh = fresh;
	state->fresh[state->fresh_count++] = mem_string(path);
	state->unsynced = true;
}

/* Nothing when images are of one file system with the rest. */
static int sync_images(const struct state *state)
{
	struct stat ours, images;

	if (stat(state->folder, &ours) == 0 && stat(state->images, &images) == 0 && ours.st_dev == images.st_dev)
		return 0;
	return file_sync_all(state->images);
}

int state_sync(struct state *state, struct err_note *note)
{
	int err = state->unsynced ? file_sync_all(state->folder) : 0;

	if (err == 0 && state->unsynced)
		err = sync_images(state);
	if (err != 0)
		err_note_set(note, state->folder, 0, "what was written may not be on disk: %s", err_text(err));
	state->unsynced = err != 0;
	if (err != 0)
		state_refresh(state);
	forget_fresh(state, err != 0);
	return err;
}

/* ---- images ---- */

void state_image_digest(const struct zone_image_header *base, char ret_digits[MANIFEST_HEX])
{
	hash_put_hex((struct span){ base->digest, sizeof base->digest }, ret_digits);
}

char *state_image_path(const struct state *state, const char *digest)
{
	return mem_format("%s/sync-%s.zone-image", state->images, digest);
}

int state_write_image(struct state *state, const void *bytes, size_t size, struct err_note *note)
{
	char digest[MANIFEST_HEX];

	state_image_digest(bytes, digest);
	char *path = state_image_path(state, digest);
	int err = file_replace_unsynced(path, bytes, size, 0644);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	else
		state_note_unsynced(state, path);
	mem_free(path);
	return err;
}

int state_write_image_now(const struct state *state, const void *bytes, size_t size, struct err_note *note)
{
	char digest[MANIFEST_HEX];

	state_image_digest(bytes, digest);
	char *path = state_image_path(state, digest);
	int err = file_replace(path, bytes, size, 0644);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(path);
	return err;
}

int state_map_image(const struct state *state, const char *digest, struct zone_image **ret_image, struct err_note *note)
{
	char *path = state_image_path(state, digest), found[MANIFEST_HEX];
	struct zone_image *image;
	int err = zone_image_map(path, &image, note);

	if (err == 0) {
		state_image_digest(zone_image_header(image), found);
		if (strcmp(found, digest) != 0) {
			zone_image_release(image);
			err_note_set(note, path, 0, "it is another image than its name says");
			err = ERR_FORMAT;
		}
	}
	if (err == 0)
		*ret_image = image;
	mem_free(path);
	return err;
}
