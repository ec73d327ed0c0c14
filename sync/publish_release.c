/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_release.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

void publish_tell(const struct publish_run *run, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (run->wish->tell == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	run->wish->tell(run->wish->ctx, line);
}

struct publish_changed *publish_change(struct publish_run *run, const char *path, const char *what)
{
	struct publish_result *result = run->result;

	mem_grow((void **)&result->changes, &result->change_room, result->change_count, sizeof *result->changes);
	struct publish_changed *change = &result->changes[result->change_count++];
	*change = (struct publish_changed){ .path = mem_string(path), .what = what };
	return change;
}

void publish_result_fini(struct publish_result *result)
{
	for (size_t i = 0; i < result->change_count; i++)
		mem_free(result->changes[i].path);
	mem_free(result->changes);
	*result = (struct publish_result){ 0 };
}

static size_t count_zones(struct publish_work *work)
{
	struct json_member item = { 0 };
	size_t count = 0;

	while (json_view_next(publish_work_items(work), &item)) {
		enum publish_kind kind;

		count += publish_path_kind(item.name, &kind) == 0 && kind == PUBLISH_ZONE;
	}
	return count;
}

/* Once there are bins they stay: a role that a snapshot has listed must never go. */
static bool wants_bins(struct publish_run *run)
{
	struct json_view *meta = json_view_member(publish_signed(run->repo->snapshot), "meta");

	return json_view_member(meta, "zones-00.json") != NULL || count_zones(run->work) >= PUBLISH_BINS_FROM;
}

static int check_root(struct publish_run *run)
{
	if (run->repo->root == NULL) {
		err_list_add(run->errors, run->repo->folder, 0,
			     "there is no root: init makes one, root finish installs one");
		return ERR_INVALID;
	}
	if (publish_expires(publish_signed(run->repo->root)) <= run->wish->now_s) {
		err_list_add(run->errors, run->repo->folder, 0,
			     "the root has expired: no node takes anything; root rotate makes the next version");
		return ERR_INVALID;
	}
	return 0;
}

static int run_release(struct publish_run *run)
{
	bool changed = false;
	int err = check_root(run);

	if (err != 0)
		return err;
	if (run->wish->refresh_only && run->repo->snapshot != NULL)
		return publish_finish(run, false);
	err = publish_gather(run);
	if (err == 0)
		err = publish_roles(run, &changed);
	if (err != 0 || run->wish->dry)
		return err;
	err = publish_finish(run, changed);
	if (err == 0 && run->result->released)
		publish_gather_done(run);
	return err;
}

static void fini(struct publish_run *run)
{
	for (size_t i = 0; i < run->kept_count; i++) {
		mem_free(run->kept[i].zone);
		mem_free(run->kept[i].journal);
	}
	mem_free(run->kept);
	json_view_free(run->wanted);
	json_view_free(run->marks);
}

int publish_release(struct publish_work *work, struct publish_repo *repo, struct publish_ring *ring,
		    const struct publish_wish *wish, struct publish_result *ret_result, struct err_list *errors)
{
	struct publish_run run = {
		.work = work, .repo = repo, .ring = ring, .wish = wish, .result = ret_result, .errors = errors,
		.wanted = json_build_object(), .marks = json_build_object(),
	};

	*ret_result = (struct publish_result){ 0 };
	repo->dry = wish->dry;
	/* The number of a release is the version of its snapshot: it rises, and nothing but the repository has to
	 * know. */
	run.release = publish_version(publish_signed(repo->snapshot)) + 1;
	run.bins = wants_bins(&run);
	int err = run_release(&run);
	bool items = ret_result->change_count > 0;
	ret_result->release = items ? run.release : 0;
	ret_result->timestamp = publish_version(publish_signed(repo->timestamp));
	ret_result->bytes_written = repo->bytes_written;
	ret_result->files_written = repo->files_written;
	struct err_note note = { 0 };
	if (err == 0 && ret_result->released && json_view_count(run.marks) > 0 && publish_work_save(work, &note) != 0)
		publish_tell(&run, "warning: %s: %s; the secrets will be sealed anew", note.file, note.text);
	fini(&run);
	return err;
}
