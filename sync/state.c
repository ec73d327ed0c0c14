/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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
	static const char *const names[] = { "", "/blob", "/gen", "/roots", "/tuf" };
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
	if (floors_load(state->folder, &state->floors, &floors_note) != 0) {
		err_list_add(warnings, floors_note.file, 0, "%s", floors_note.text);
		state_floors_from_metadata(state);
	}
	uint64_t newest;
	if (state_generations(state, &newest, 1) == 1)
		state->newest = newest;
	if (state->newest < state->floors.active)
		state->newest = state->floors.active;
	*ret_state = state;
	return 0;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	tuf_store_close(state->metadata);
	floors_fini(&state->floors);
	if (state->lock >= 0)
		close(state->lock);
	mem_free(state->folder);
	mem_free(state->images);
	mem_free(state);
}

int64_t state_now(const struct state *state, int64_t clock_s)
{
	return clock_s > state->floors.time_s ? clock_s : state->floors.time_s;
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

static struct tuf_file file_of(const struct manifest_blob *blob)
{
	struct tuf_file file = { .length = (int64_t)blob->length };

	hash_list_add(&file.hashes, "sha256", blob->sha256);
	return file;
}

bool state_has_blob(const struct state *state, const struct manifest_blob *blob)
{
	char *path = state_blob_path(state, blob->sha256);
	struct tuf_file file = file_of(blob);
	bool has = tuf_target_is_there(path, &file);

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
	int err = file_replace(path, bytes.at, bytes.len, 0600);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(path);
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
	mem_free(path);
	return err;
}

int state_sync_images(const struct state *state, struct err_note *note)
{
	int err = file_sync_all(state->images);

	if (err != 0)
		err_note_set(note, state->images, 0, "the images may not be on disk: %s", err_text(err));
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

/* ---- generations ---- */

static char *manifest_path(const struct state *state, uint64_t generation)
{
	return mem_format("%s/gen/%" PRIu64 "/manifest.json", state->folder, generation);
}

int state_write_generation(struct state *state, struct manifest *manifest, struct err_note *note)
{
	uint64_t generation = state->newest + 1;
	char *path, *text, *folder = mem_format("%s/gen/%" PRIu64, state->folder, generation);
	size_t len;
	int err = file_make_folders(folder, 0755);

	manifest->generation = generation;
	path = manifest_path(state, generation);
	text = manifest_print(manifest, &len);
	if (err == 0)
		err = file_replace(path, text, len, 0600);
	if (err == 0) {
		char *above = mem_format("%s/gen", state->folder);
		int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || fsync(fd) != 0)
			err = -errno;
		if (fd >= 0)
			close(fd);
		mem_free(above);
	}
	if (err == 0)
		state->newest = generation;
	else
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(folder);
	mem_free(path);
	mem_free(text);
	return err;
}

int state_read_generation(const struct state *state, uint64_t generation, struct manifest **ret, struct err_note *note)
{
	char *path = manifest_path(state, generation);
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, MANIFEST_BYTES_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "cannot be read: %s", err_text(err));
	} else {
		err = manifest_parse((struct span){ bytes, len }, ret, note);
		mem_free(bytes);
		if (err == 0 && (*ret)->generation != generation) {
			manifest_free(*ret);
			err_note_set(note, path, 0, "it is the manifest of another generation");
			err = ERR_FORMAT;
		}
	}
	mem_free(path);
	return err;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one < other) - (one > other);
}

size_t state_generations(const struct state *state, uint64_t *ret, size_t room)
{
	char *folder = mem_format("%s/gen", state->folder);
	DIR *entries = opendir(folder);
	uint64_t *all = NULL;
	size_t count = 0, capacity = 0;

	mem_free(folder);
	if (entries == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(entries)) != NULL; ) {
		void *list = all;
		char *end;
		uint64_t number = strtoull(entry->d_name, &end, 10);

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || *end != '\0')
			continue;
		mem_grow(&list, &capacity, count, sizeof *all);
		all = list;
		all[count++] = number;
	}
	closedir(entries);
	if (count > 0)
		qsort(all, count, sizeof *all, newest_first);
	if (count > room)
		count = room;
	if (count > 0)
		memcpy(ret, all, count * sizeof *all);
	mem_free(all);
	return count;
}

int state_activate(struct state *state, uint64_t generation, struct err_note *note)
{
	uint64_t before = state->floors.active;

	state->floors.active = generation;
	int err = state_save_floors(state, note);
	if (err != 0)
		state->floors.active = before;
	return err;
}

void state_drop_generation(struct state *state, uint64_t generation)
{
	char *path = manifest_path(state, generation), *folder = mem_format("%s/gen/%" PRIu64, state->folder, generation);

	unlink(path);
	rmdir(folder);
	mem_free(path);
	mem_free(folder);
}
