/* SPDX-License-Identifier: Apache-2.0 */
/* Generations: manifests, whole or in parts, and which of them is in force. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/state_inner.h"

static char *manifest_path(const struct state *state, uint64_t generation)
{
	return mem_format("%s/gen/%" PRIu64 "/manifest.json", state->folder, generation);
}

/* The parts whose items are others than those written last; the others are on disk already. */
static int write_parts(struct state *state, struct manifest *manifest, struct err_note *note)
{
	uint8_t (*marks)[MANIFEST_MARK_BYTES];
	int err = 0;

	mem_free(manifest->parts);
	manifest->parts = NULL;
	manifest->part_count = 0;
	if (manifest->item_count <= MANIFEST_WHOLE_MAX)
		return 0;
	manifest->parts = mem_array(MANIFEST_PARTS, sizeof *manifest->parts);
	manifest->part_count = MANIFEST_PARTS;
	marks = mem_array(MANIFEST_PARTS, sizeof *marks);
	manifest_part_marks(manifest, marks);
	for (unsigned i = 0; err == 0 && i < MANIFEST_PARTS; i++) {
		struct state_part *written = &state->parts[i];
		size_t len;

		if (written->blob.sha256[0] == '\0' || memcmp(written->mark, marks[i], sizeof marks[i]) != 0) {
			char *text = manifest_part_print(manifest, i, &len);

			err = state_write_blob(state, (struct span){ (const uint8_t *)text, len }, &written->blob, note);
			memcpy(written->mark, marks[i], sizeof marks[i]);
			mem_free(text);
			if (err != 0)
				written->blob.sha256[0] = '\0';
		}
		manifest->parts[i] = written->blob;
	}
	mem_free(marks);
	/* The manifest names what is on disk. */
	return err == 0 ? state_sync(state, note) : err;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int write_manifest(const struct state *state, const struct manifest *manifest, struct err_note *note)
{
	char *folder = mem_format("%s/gen/%" PRIu64, state->folder, manifest->generation);
	char *path = manifest_path(state, manifest->generation), *above = mem_format("%s/gen", state->folder);
	size_t len;
	char *text = manifest_print(manifest, &len);
	int err = file_make_folders(folder, 0755);

	if (err == 0)
		err = file_replace(path, text, len, 0600);
	if (err == 0)
		err = sync_folder(above);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(folder);
	mem_free(above);
	mem_free(path);
	mem_free(text);
	return err;
}

int state_write_generation(struct state *state, struct manifest *manifest, struct err_note *note)
{
	int err = write_parts(state, manifest, note);

	manifest->generation = state->newest + 1;
	if (err == 0)
		err = write_manifest(state, manifest, note);
	if (err != 0) {
		/* What no generation names goes with the next collection. */
		memset(state->parts, 0, sizeof state->parts);
		return err;
	}
	state->newest = manifest->generation;
	state_keep_names(state, manifest);
	return 0;
}

static int read_parts(const struct state *state, struct manifest *manifest, struct err_note *note)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < manifest->part_count; i++) {
		uint8_t *bytes;

		err = state_read_blob(state, &manifest->parts[i], &bytes, note);
		if (err != 0)
			break;
		err = manifest_part_parse((struct span){ bytes, manifest->parts[i].length }, manifest, note);
		mem_free(bytes);
	}
	if (err == 0 && manifest->part_count > 0)
		manifest_sort(manifest);
	return err;
}

int state_read_generation(const struct state *state, uint64_t generation, struct manifest **ret, struct err_note *note)
{
	char *path = manifest_path(state, generation);
	struct manifest *manifest = NULL;
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, MANIFEST_BYTES_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "cannot be read: %s", err_text(err));
	} else {
		err = manifest_parse((struct span){ bytes, len }, &manifest, note);
		mem_free(bytes);
		if (err != 0) {
			char *why = mem_string(note->text);

			manifest = NULL;
			err_note_set(note, path, 0, "%s", why);
			mem_free(why);
		}
	}
	if (err == 0 && manifest->generation != generation) {
		err_note_set(note, path, 0, "it is the manifest of another generation");
		err = ERR_FORMAT;
	}
	if (err == 0)
		err = read_parts(state, manifest, note);
	if (err == 0)
		*ret = manifest;
	else
		manifest_free(manifest);
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

	state_forget_names(state, generation);
	if (generation == state->newest)
		memset(state->parts, 0, sizeof state->parts);
	unlink(path);
	rmdir(folder);
	mem_free(path);
	mem_free(folder);
}
