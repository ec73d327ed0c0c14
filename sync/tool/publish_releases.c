/* SPDX-License-Identifier: Apache-2.0 */
/* release, refresh-timestamp, diff, promote, halt. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/tool/publish_call.h"

static void tell(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "catchment-publish: %s\n", line);
}

static void print_change(const struct publish_changed *change)
{
	enum publish_kind kind;

	printf("%s %s", change->path, change->what);
	if (publish_path_kind(change->path, &kind) == 0 && kind == PUBLISH_ZONE
	    && (change->added > 0 || change->removed > 0))
		printf(" +%zu -%zu records, serial %u -> %u", change->added, change->removed, change->from,
		       change->to);
	putchar('\n');
}

static struct json_view *as_json(const struct publish_result *result)
{
	struct json_view *out = json_build_object(), *changes = json_build_list_in(out, "changes");

	json_build_set(out, "released", json_build_flag(result->released));
	json_build_set_integer(out, "release", result->release);
	json_build_set_integer(out, "timestamp", result->timestamp);
	json_build_set_integer(out, "bytes_written", (int64_t)result->bytes_written);
	json_build_set_integer(out, "files_written", result->files_written);
	for (size_t i = 0; i < result->change_count; i++) {
		const struct publish_changed *change = &result->changes[i];
		struct json_view *entry = json_build_object();

		json_build_set_text(entry, "item", change->path);
		json_build_set_text(entry, "what", change->what);
		json_build_set_integer(entry, "added", (int64_t)change->added);
		json_build_set_integer(entry, "removed", (int64_t)change->removed);
		json_build_set_integer(entry, "from", change->from);
		json_build_set_integer(entry, "to", change->to);
		json_build_append(changes, entry);
	}
	return out;
}

static void print_result(struct publish_call *call, const struct publish_wish *wish,
			 const struct publish_result *result)
{
	if (call->json) {
		struct json_view *view = as_json(result);
		size_t len;
		char *text = json_build_print(view, &len);

		fputs(text, stdout);
		mem_free(text);
		json_view_free(view);
		return;
	}
	for (size_t i = 0; i < result->change_count; i++)
		print_change(&result->changes[i]);
	if (wish->dry)
		printf("%zu change%s, nothing was written\n", result->change_count, result->change_count == 1 ? ""
		       : "s");
	else if (result->release != 0 && result->released)
		printf("release %" PRId64 ", timestamp %" PRId64 ": %zu change%s, %" PRIu64 " bytes in %u files\n",
		       result->release,
		       result->timestamp, result->change_count, result->change_count == 1 ? "" : "s",
		       result->bytes_written,
		       result->files_written);
	else if (result->released)
		printf("nothing has changed; signed anew, timestamp %" PRId64 "\n", result->timestamp);
	else
		printf("nothing has changed; timestamp %" PRId64 " stands\n", result->timestamp);
	fflush(stdout);
}

/* WORK/newest: the version of the timestamp that was released last. A repository that is older was put back from a copy,
 * and nodes that have seen more would refuse what is made on top of it. */
static int check_newest(struct publish_call *call)
{
	char *path = publish_work_path(call->opened, "newest");
	int64_t served = publish_version(publish_signed(call->served->timestamp)), newest = 0;
	uint8_t *text;
	size_t len;

	if (file_read(path, 64, &text, &len) == 0) {
		newest = strtoll((char *)text, NULL, 10);
		mem_free(text);
	}
	mem_free(path);
	if (served >= newest || call->force)
		return PUBLISH_DONE;
	return publish_call_say(call,
				"the repository has timestamp %" PRId64 ", but %" PRId64 " was released from here: it is an "
				"older copy, and nodes would refuse what follows. Put the newer one back; if it is lost, "
				"ceremony rotate with other keys of snapshot and timestamp makes nodes forget versions, then "
				"release --force", served, newest);
}

static void note_newest(struct publish_call *call, int64_t version)
{
	char *path = publish_work_path(call->opened, "newest"), *text = mem_format("%" PRId64 "\n", version);

	file_replace_unsynced(path, text, strlen(text), 0600);	/* one that is lost says nothing */
	mem_free(text);
	mem_free(path);
}

int publish_run_release(struct publish_call *call, struct publish_wish *wish)
{
	struct publish_result result;

	call->release_err = ERR_INVALID;
	if (!wish->dry && !wish->as_released && check_newest(call) != PUBLISH_DONE)
		return PUBLISH_FAILED;
	wish->tell = tell;
	int err = publish_release(call->opened, call->served, &call->ring, wish, &result, &call->errors);
	int exit = err == 0 ? PUBLISH_DONE : publish_call_faults(call);
	call->release_err = err;
	if (err == 0 && result.released)
		note_newest(call, result.timestamp);
	if (err == 0)
		print_result(call, wish, &result);
	if (err == 0 && result.released && !call->no_push)
		exit = publish_push(call, result.timestamp);
	publish_result_fini(&result);
	return exit;
}

static int permille_of(struct publish_call *call, int64_t otherwise, int64_t *ret)
{
	char *end;

	*ret = otherwise;
	if (call->permille == NULL)
		return PUBLISH_DONE;
	*ret = strtoll(call->permille, &end, 10);
	if (*end != '\0' || *ret < 0 || *ret > 1000)
		return publish_call_wrong(call, "--permille %s: expected 0 to 1000", call->permille);
	return PUBLISH_DONE;
}

/* --canary A,B: names of nodes that are known, or else a typing error would stage for nobody. */
static int canaries(struct publish_call *call, struct json_view *nodes)
{
	struct json_view *known = json_view_member(call->opened->config, "nodes");
	char *copy = mem_string(call->canary), *rest = copy, *name;
	int exit = PUBLISH_DONE;

	while (exit == PUBLISH_DONE && (name = strsep(&rest, ",")) != NULL) {
		if (json_view_member(known, name) == NULL && !call->force)
			exit = publish_call_say(call, "--canary %s: there is no such node; add node, or --force",
						name);
		else
			json_build_append_text(nodes, name);
	}
	mem_free(copy);
	return exit;
}

int publish_release_command(struct publish_call *call)
{
	struct publish_staging staging = { .nodes = json_build_list() };
	struct publish_wish wish = { .now_s = call->now_s, .refresh = call->refresh, .overtake = call->overtake };
	uint64_t soak_ms = 0;
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit == PUBLISH_DONE && call->canary != NULL)
		exit = canaries(call, staging.nodes);
	if (exit == PUBLISH_DONE)
		exit = permille_of(call, 0, &staging.permille);
	if (exit == PUBLISH_DONE && call->soak != NULL && units_duration(call->soak, &soak_ms) != 0)
		exit = publish_call_wrong(call, "--soak %s: expected a time, as in 300s or 5m", call->soak);
	staging.soak_s = (int64_t)(soak_ms / 1000);
	if (call->canary != NULL || call->permille != NULL)
		wish.staging = &staging;
	if (exit == PUBLISH_DONE)
		exit = publish_run_release(call, &wish);
	json_view_free(staging.nodes);
	return exit;
}

int publish_refresh_command(struct publish_call *call)
{
	struct publish_wish wish = { .now_s = call->now_s, .refresh = true, .refresh_only = true };
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	call->no_push = true;	/* nothing is newer */
	return exit == PUBLISH_DONE ? publish_run_release(call, &wish) : exit;
}

int publish_diff_command(struct publish_call *call)
{
	struct publish_wish wish = { .now_s = call->now_s, .dry = true, .overtake = true };
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	return exit == PUBLISH_DONE ? publish_run_release(call, &wish) : exit;
}

/* What is staged is moved without a look at the sources: they may have gone on. */
static int move(struct publish_call *call, enum publish_move move_to)
{
	struct publish_wish wish = { .now_s = call->now_s, .move = move_to };
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;
	uint64_t wait_ms = 0;

	if (call->word_count > 1)
		return publish_call_wrong(call, "one item, or none for all that is staged");
	if (call->word_count == 1) {
		if (publish_item_parse(call->words[0], &kind, path, &note) != 0)
			return publish_call_fail(call, &note);
		wish.move_path = path;
	}
	int exit = permille_of(call, 1000, &wish.move_permille);
	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (call->wait != NULL && units_duration(call->wait, &wait_ms) != 0)
		return publish_call_wrong(call, "--wait %s: expected a time, as in 10m", call->wait);
	enum publish_gate gate = move_to == PUBLISH_PROMOTE && !call->force ? publish_gate_ask(call, wish.move_path, wait_ms)
		: PUBLISH_GATE_GO;
	if (gate == PUBLISH_GATE_WAIT)
		return publish_call_say(call, "not promoted: nodes that have it are not so far (--wait TIME waits, --force goes on "
					"all the same)");
	/* A canary that is dead is what canaries are for. */
	if (gate == PUBLISH_GATE_HALT) {
		wish.move = PUBLISH_HALT;
		exit = publish_run_release(call, &wish);
		publish_call_say(call, "not promoted but halted: nodes are silent or say that it is bad (--force goes on all "
				 "the same)");
		return exit == PUBLISH_DONE ? PUBLISH_FAILED : exit;
	}
	return publish_run_release(call, &wish);
}

int publish_promote_command(struct publish_call *call)
{
	return move(call, PUBLISH_PROMOTE);
}

int publish_halt_command(struct publish_call *call)
{
	return move(call, PUBLISH_HALT);
}
