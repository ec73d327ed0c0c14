/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tuf_match.h"

struct tuf_store {
	char *folder;
	int fd;		/* of the folder; carries the lock */
};

/* What file_replace() leaves when the power fails before its rename: ROLE.json and a point and six letters or
 * digits. */
static bool is_left_over(const char *name)
{
	size_t len = strlen(name);

	if (len < sizeof ".json.XXXXXX" || strncmp(name + len - 12, ".json.", 6) != 0)
		return false;
	for (size_t i = len - 6; i < len; i++) {
		if (!isalnum((unsigned char)name[i]))
			return false;
	}
	return true;
}

static void sweep(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

	if (entries == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(entries)) != NULL; ) {
		if (is_left_over(entry->d_name))
			unlinkat(folder, entry->d_name, 0);
	}
	closedir(entries);
}

int tuf_store_open(const char *folder, bool make, struct tuf_store **ret_store, struct err_note *note)
{
	int err = make ? file_make_folders(folder, 0755) : 0;
	int fd = err == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (err == 0 && fd < 0)
		err = -errno;
	if (err != 0) {
		err_note_set(note, folder, 0, "the metadata folder cannot be opened: %s", err_text(err));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		err_note_set(note, folder, 0, err == -EBUSY ? "the metadata folder is in use by another process"
			     : "the metadata folder cannot be locked: %s", err_text(err));
		close(fd);
		return err;
	}
	sweep(fd);
	*ret_store = mem_alloc(sizeof **ret_store);
	**ret_store = (struct tuf_store){ mem_string(folder), fd };
	return 0;
}

void tuf_store_close(struct tuf_store *store)
{
	if (store == NULL)
		return;
	close(store->fd);
	mem_free(store->folder);
	mem_free(store);
}

static char *path_of(const struct tuf_store *store, const char *role)
{
	char *quoted = tuf_name_quote(role);
	char *path = mem_format("%s/%s.json", store->folder, quoted);

	mem_free(quoted);
	return path;
}

int tuf_store_load(struct tuf_store *store, const char *role, uint64_t max_bytes, uint8_t **ret_bytes,
		   size_t *ret_len, struct err_note *note)
{
	char *path = path_of(store, role);
	int err = file_read(path, max_bytes, ret_bytes, ret_len);

	if (err != 0 && err != -ENOENT)
		err_note_set(note, path, 0, "the stored metadata cannot be read: %s", err_text(err));
	mem_free(path);
	return err;
}

int tuf_store_save(struct tuf_store *store, const char *role, struct span bytes, struct err_note *note)
{
	char *path = path_of(store, role);
	int err = file_replace(path, bytes.at, bytes.len, 0644);

	if (err != 0)
		err_note_set(note, path, 0, "the metadata cannot be stored: %s", err_text(err));
	mem_free(path);
	return err;
}

int tuf_store_forget(struct tuf_store *store, const char *role, struct err_note *note)
{
	char *path = path_of(store, role);
	int err = 0;

	if (unlink(path) != 0 && errno != ENOENT)
		err = -errno;
	else if (fsync(store->fd) != 0)
		err = -errno;
	if (err != 0)
		err_note_set(note, path, 0, "the metadata of rotated keys cannot be removed: %s", err_text(err));
	mem_free(path);
	return err;
}
