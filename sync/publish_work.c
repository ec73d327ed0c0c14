/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"

enum { CONFIG_MAX = 256 << 20 };

const char *const publish_delegated[4] = { "zones", "sites", "files", "secrets" };

char *publish_work_beside(const char *repository)
{
	size_t len = strlen(repository);

	while (len > 1 && repository[len - 1] == '/')
		len--;
	return mem_format("%.*s.publish", (int)len, repository);
}

char *publish_work_path(const struct publish_work *work, const char *name)
{
	return mem_format("%s/%s", work->folder, name);
}

static int take_lock(struct publish_work *work, struct err_note *note)
{
	work->lock = open(work->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (work->lock >= 0 && flock(work->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == -ENOENT)
		err_note_set(note, work->folder, 0, "there is no such folder: init makes it, --work names another");
	else if (err == -EBUSY)
		err_note_set(note, work->folder, 0, "another catchment-publish works here: wait for its end");
	else
		err_note_set(note, work->folder, 0, "cannot be locked: %s", err_text(err));
	return err;
}

static int make_config(struct publish_work *work, const char *repository, struct err_note *note)
{
	char *path = publish_work_path(work, "publish.json");
	bool is_there = access(path, F_OK) == 0;

	if (is_there)
		err_note_set(note, path, 0, "is there already: this repository has been set up");
	mem_free(path);
	if (is_there)
		return ERR_INVALID;
	work->config = json_build_object();
	json_build_set_integer(work->config, "v", 1);
	json_build_set_text(work->config, "repository", repository);
	json_build_object_in(work->config, "items");
	json_build_object_in(work->config, "roles");
	return 0;
}

static int read_config(struct publish_work *work, struct err_note *note)
{
	char *path = publish_work_path(work, "publish.json");
	int64_t v;
	int err = publish_json_read(path, CONFIG_MAX, &work->config, note);

	if (err == -ENOENT)
		err_note_set(note, path, 0, "there is no such file: init makes it, or did not come to its end");
	if (err == 0 && (!json_view_integer(json_view_member(work->config, "v"), &v) || v != 1
			 || json_view_text(json_view_member(work->config, "repository")) == NULL)) {
		err_note_set(note, path, 0,
			     "is not a publish.json of this version: it needs \"v\": 1 and \"repository\"");
		err = ERR_FORMAT;
	}
	mem_free(path);
	return err;
}

int publish_work_open(const char *folder, bool make, const char *repository, struct publish_work **ret_work,
		      struct err_note *note)
{
	struct publish_work *work = mem_alloc(sizeof *work);
	int err = make ? file_make_folders(folder, 0700) : 0;

	*work = (struct publish_work){ .folder = mem_string(folder), .lock = -1 };
	if (err != 0)
		err_note_set(note, folder, 0, "the folder cannot be made: %s", err_text(err));
	if (err == 0)
		err = take_lock(work, note);
	if (err == 0)
		err = make ? make_config(work, repository, note) : read_config(work, note);
	if (err != 0) {
		publish_work_close(work);
		return err;
	}
	work->repository = mem_string(json_view_text(json_view_member(work->config, "repository")));
	*ret_work = work;
	return 0;
}

void publish_work_close(struct publish_work *work)
{
	if (work == NULL)
		return;
	if (work->lock >= 0)
		close(work->lock);
	json_view_free(work->config);
	mem_free(work->repository);
	mem_free(work->folder);
	mem_free(work);
}

int publish_work_save(struct publish_work *work, struct err_note *note)
{
	char *path = publish_work_path(work, "publish.json");
	size_t len;
	char *text = json_build_print(work->config, &len);
	int err = file_replace(path, text, len, 0600);

	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_free(text);
	mem_free(path);
	return err;
}

char *publish_work_held(const struct publish_work *work, enum publish_kind kind, const char *path)
{
	char *folder = publish_work_path(work, "held"), *name = mem_string(path), *held;

	if (kind == PUBLISH_SITE)
		*strrchr(name, '/') = '\0';
	for (char *at = name; *at != '\0'; at++) {
		if (*at == '/')
			*at = '+';
	}
	file_make_folders(folder, 0700);
	held = mem_format("%s/%s", folder, name);
	mem_free(folder);
	mem_free(name);
	return held;
}

/* sync.md, 2.4: short where a machine signs, long where people do. */
int64_t publish_work_lifetime(const struct publish_work *work, const char *role)
{
	static const struct {
		const char *role;
		int64_t days;
	} defaults[] = { { "root", 400 }, { "targets", 180 }, { "timestamp", 2 } };
	enum { DAY_S = 24 * 3600, DYNAMIC_DAYS = 14 };
	const char *name = strncmp(role, "zones-", 6) == 0 ? "zones" : role;
	const char *text = json_view_text(json_view_member(json_view_member(work->config, "expires"), name));
	uint64_t ms;

	if (text != NULL && units_duration(text, &ms) == 0 && ms >= 1000)
		return (int64_t)(ms / 1000);
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
		if (strcmp(defaults[i].role, name) == 0)
			return defaults[i].days * DAY_S;
	}
	return (int64_t)DYNAMIC_DAYS * DAY_S;
}

struct json_view *publish_work_items(struct publish_work *work)
{
	return json_build_object_in(work->config, "items");
}

struct json_view *publish_work_who(struct publish_work *work, const char *role)
{
	const char *name = strncmp(role, "zones-", 6) == 0 ? "zones" : role;

	return json_view_member(json_view_member(work->config, "roles"), name);
}
