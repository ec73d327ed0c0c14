/* SPDX-License-Identifier: Apache-2.0 */
/* sync status, now, history, report; rollback; and what status and health say of the master. */
#include "server/commands_sync.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/sync.h"
#include "server/textbuf.h"
#include "sync/hash.h"
#include "sync/node_key.h"

static bool has_sync(struct call *call)
{
	if (call->node->sync != NULL)
		return true;
	call_fail(call, CALL_REFUSED, "no master is followed: the configuration has no section \"sync\"");
	return false;
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? call_string(text) : json_null();
}

static json_t *entry_object(const struct sync_entry *entry)
{
	json_t *object = json_object();

	json_object_set_new(object, "at", call_time(entry->at));
	json_object_set_new(object, "result", call_string(follow_result_name(entry->result)));
	json_object_set_new(object, "rollback", json_boolean(entry->rollback));
	json_object_set_new(object, "release", text_or_null(entry->release));
	json_object_set_new(object, "text", text_or_null(entry->text));
	json_object_set_new(object, "bytes", json_integer((json_int_t)entry->bytes));
	json_object_set_new(object, "took_ms", json_real((double)entry->took_us / 1e3));
	return object;
}

static void show_entry(struct call *call, const struct sync_entry *entry)
{
	char at[CLOCK_TEXT_MAX];

	/* A reason that begins with the release says it once. */
	bool said = strncmp(entry->text, "release ", 8) == 0 && entry->release[0] != '\0'
		&& strncmp(entry->text + 8, entry->release, strlen(entry->release)) == 0;
	const char *release = said ? "" : entry->release;
	call_text(call, "%s  %-9s %s%s%s%s\n", clock_print(entry->at, at, sizeof at),
		  entry->rollback ? "rollback" : follow_result_name(entry->result), release[0] ? "release " : "", release,
		  release[0] && entry->text[0] ? ": " : "", entry->text);
}

json_t *commands_sync_object(struct call *call)
{
	json_t *object = json_object();
	struct sync_status status = { .state = SYNC_FRESH };
	char text[CLOCK_TEXT_MAX];

	if (call->node->sync != NULL)
		sync_status(call->node->sync, &status);
	json_object_set_new(object, "release", call_string(call->node->sync != NULL && status.release[0] ? status.release : "local"));
	json_object_set_new(object, "fetched_at", call_time(status.fetched_at));
	json_object_set_new(object, "last_result",
			    status.last.at != 0 ? call_string(follow_result_name(status.last.result)) : json_null());
	json_object_set_new(object, "stale", json_boolean(status.state == SYNC_STALE || status.state == SYNC_EXPIRED));
	json_object_set_new(object, "state", call->node->sync != NULL ? call_string(sync_state_name(status.state)) : json_null());
	if (call->node->sync == NULL)
		call_text(call, "%-12s  local files\n", "content");
	else if (status.release[0] == '\0')
		call_text(call, "%-12s  nothing came from the master yet\n", "content");
	else
		call_text(call, "%-12s  release %s, %s, checked %s%s%s\n", "content", status.release, sync_state_name(status.state),
			  status.age_s >= 0 ? wallclock_print_span(status.age_s, text, sizeof text) : "never",
			  status.age_s >= 0 ? " ago" : "", status.clock != WALLCLOCK_GOOD ? "; the clock is not believed" : "");
	return object;
}

static void show_time(struct call *call, const char *title, const char *key, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	if (at != 0)
		call_text(call, "%-12s  %s\n", title, clock_print(at, text, sizeof text));
	call_set(call, key, call_time(at));
}

/* The last look that was verified, whether or not it brought something new. */
static void show_checked(struct call *call, const struct sync_status *status)
{
	char text[CLOCK_TEXT_MAX], age[WALLCLOCK_SPAN_MAX];
	json_t *verified = json_object();

	if (status->age_s >= 0)
		call_text(call, "%-12s  %s ago (%s), timestamp %lld, snapshot %lld, root %lld\n", "checked",
			  wallclock_print_span(status->age_s, age, sizeof age), clock_print(status->fetched_at, text, sizeof text),
			  (long long)status->verified.timestamp, (long long)status->verified.snapshot,
			  (long long)status->verified.root);
	call_set(call, "fetched_at", call_time(status->fetched_at));
	call_set(call, "checked_at", call_time(status->fetched_at));
	call_set(call, "age_s", status->age_s >= 0 ? json_integer(status->age_s) : json_null());
	json_object_set_new(verified, "root", json_integer(status->verified.root));
	json_object_set_new(verified, "timestamp", json_integer(status->verified.timestamp));
	json_object_set_new(verified, "snapshot", json_integer(status->verified.snapshot));
	call_set(call, "verified", verified);
}

static void show_clock(struct call *call, const struct sync_status *status)
{
	json_t *object = json_object();

	if (status->clock != WALLCLOCK_GOOD)
		call_text(call, "%-12s  %s\n", "clock", status->clock_text);
	else if (status->has_offset)
		call_text(call, "%-12s  good, %+lld s against the master's\n", "clock", (long long)status->offset_s);
	json_object_set_new(object, "state", call_string(wallclock_name(status->clock)));
	json_object_set_new(object, "text", text_or_null(status->clock_text));
	json_object_set_new(object, "offset_s", status->has_offset ? json_integer(status->offset_s) : json_null());
	json_object_set_new(object, "floor", call_time(status->floor_s));
	call_set(call, "clock", object);
}

/* What is older than its custom allows, with what follows from it. */
static void show_aged(struct call *call, const struct sync_status *status)
{
	enum { SHOWN = 20 };
	const struct content *content = call->node->dataset->content;
	json_t *list = json_array();

	if (status->aged.aged > 0)
		call_text(call, "%-12s  %zu, %zu of them answered with SERVFAIL\n", "too old", status->aged.aged,
			  status->aged.refused);
	for (size_t i = 0; status->aged.aged > 0 && i < content->manifest->item_count && json_array_size(list) < SHOWN; i++) {
		const struct manifest_item *item = &content->manifest->items[i];
		const char *on_aged = item->aged_servfail ? "servfail" : "serve";

		if (!age_is_over(content, item, status->age_s))
			continue;
		json_t *object = json_object();
		json_object_set_new(object, "path", call_string(item->path));
		json_object_set_new(object, "on_aged", call_string(on_aged));
		json_array_append_new(list, object);
		call_text(call, "%-12s  %s (%s)\n", "", item->path, on_aged);
	}
	call_set(call, "aged_count", json_integer((json_int_t)status->aged.aged));
	call_set(call, "aged_refused", json_integer((json_int_t)status->aged.refused));
	call_set(call, "aged", list);
}

static void show_key(struct call *call, const char *title, const char *key, const uint8_t *bytes)
{
	char digits[2 * NODE_KEY_BYTES + 1];

	hash_put_hex((struct span){ bytes, NODE_KEY_BYTES }, digits);
	call_text(call, "%-12s  %s\n", title, digits);
	call_set(call, key, call_string(digits));
}

/* Which one is followed, and what is wrong with those before it. */
static void show_mirrors(struct call *call)
{
	struct sync *sync = call->node->sync;
	json_t *list = json_array();

	for (size_t i = 0; i < sync_mirror_count(sync); i++) {
		struct sync_mirror mirror;
		json_t *object = json_object();

		sync_mirror(sync, i, &mirror);
		json_object_set_new(object, "url", call_string(mirror.url));
		json_object_set_new(object, "used", json_boolean(mirror.used));
		json_object_set_new(object, "failures", json_integer(mirror.failures));
		json_object_set_new(object, "rests_s", json_integer(mirror.rests_s));
		json_object_set_new(object, "text", text_or_null(mirror.text));
		json_object_set_new(object, "files", json_integer((json_int_t)mirror.files));
		json_object_set_new(object, "same", json_integer((json_int_t)mirror.same));
		json_object_set_new(object, "bytes", json_integer((json_int_t)mirror.bytes));
		json_array_append_new(list, object);
		call_text(call, "%-12s  %s%s", i == 0 ? "mirrors" : "", mirror.url, mirror.used ? ", used" : "");
		if (mirror.failures > 0)
			call_text(call, ", failed %u time%s: %s", mirror.failures, mirror.failures == 1 ? "" : "s", mirror.text);
		if (mirror.rests_s > 0 && sync_mirror_count(sync) > 1)
			call_text(call, "; asked again in %u s", mirror.rests_s);
		call_text(call, "\n");
	}
	call_set(call, "mirrors", list);
}

void command_sync_status(struct call *call)
{
	struct sync_status status;

	if (!has_sync(call))
		return;
	sync_status(call->node->sync, &status);
	call_text(call, "%-12s  %s\n%-12s  %s\n", "state", sync_state_name(status.state), "release",
		  status.release[0] ? status.release : "none");
	call_set(call, "state", call_string(sync_state_name(status.state)));
	call_set(call, "stale", json_boolean(status.state == SYNC_STALE || status.state == SYNC_EXPIRED));
	call_set(call, "release", text_or_null(status.release));
	call_set(call, "generation", json_integer((json_int_t)status.generation));
	call_set(call, "timestamp", json_integer(status.timestamp));
	call_set(call, "snapshot", json_integer(status.snapshot));
	call_set(call, "group", call_string(call->node->boot->sync.group));
	call_set(call, "running", json_boolean(status.running));
	show_checked(call, &status);
	show_time(call, "expires", "expires_at", status.expires_at);
	show_clock(call, &status);
	show_aged(call, &status);
	show_time(call, "next look", "next_at", status.next_at);
	bool soaks = status.soak_until > clock_wall_s();
	if (soaks)
		show_time(call, "soaks until", "soak_until", status.soak_until);
	else
		call_set(call, "soak_until", call_time(status.soak_until));
	call_set(call, "from", text_or_null(status.from));
	show_mirrors(call);
	if (soaks)
		call_text(call, "%-12s  %s so far\n", "gate", sync_gate_name(status.gate));
	call_set(call, "gate", soaks ? call_string(sync_gate_name(status.gate)) : json_null());
	if (status.refused[0] != '\0')
		call_text(call, "%-12s  release %s, which was rolled back from%s%s\n", "refused", status.refused,
			  status.refused_why[0] != '\0' ? ": " : "", status.refused_why);
	call_set(call, "refused", text_or_null(status.refused));
	call_set(call, "refused_why", text_or_null(status.refused_why));
	if (status.last.at != 0) {
		call_text(call, "%-12s  ", "last look");
		show_entry(call, &status.last);
	}
	call_set(call, "last", status.last.at != 0 ? entry_object(&status.last) : NULL);
	call_set(call, "bytes", json_integer((json_int_t)status.bytes));
	call_set(call, "notifies", json_integer((json_int_t)status.notifies));
	call_set(call, "notifies_known", json_integer((json_int_t)status.notifies_known));
	show_key(call, "sign key", "sign_key", node_key_sign_public(sync_key(call->node->sync)));
	show_key(call, "box key", "box_key", node_key_box_public(sync_key(call->node->sync)));
	call_done(call);
}

static void looked(void *ctx, const struct sync_entry *entry)
{
	struct call *call = ctx;

	call->busy = false;
	call_set(call, "look", entry_object(entry));
	if (entry->in_vain && entry->result == FOLLOW_SAME) {
		call_fail(call, CALL_REFUSED, "release %s is none that this node went back from; it serves release %s, and the master "
			  "has nothing newer", call->args[0], entry->release);
		return;
	}
	if (entry->result == FOLLOW_NEW)
		call_text(call, "release %s%s, %llu bytes, in %.1f ms\n", entry->release, entry->rollback ? " by rollback" : "",
			  (unsigned long long)entry->bytes, (double)entry->took_us / 1e3);
	else if (entry->result == FOLLOW_SAME)
		call_text(call, "nothing new: release %s\n", entry->release);
	if (entry->result == FOLLOW_NEW || entry->result == FOLLOW_SAME)
		call_done(call);
	else
		call_fail(call, CALL_REFUSED, "%s: %s", follow_result_name(entry->result),
			  entry->text[0] != '\0' ? entry->text : "the node stops");
}

void command_sync_now(struct call *call)
{
	if (!has_sync(call))
		return;
	if (call->option != (call->arg_count == 1)) {
		call_fail(call, CALL_USAGE, "usage: sync now [--retry RELEASE]");
		return;
	}
	call->busy = true;
	sync_now(call->node->sync, call->option ? call->args[0] : NULL, looked, call);
}

void command_rollback(struct call *call)
{
	if (!has_sync(call))
		return;
	call->busy = true;
	sync_rollback(call->node->sync, looked, call);
}

void command_sync_history(struct call *call)
{
	struct sync_entry *entries;
	json_t *list = json_array();

	if (!has_sync(call)) {
		json_decref(list);
		return;
	}
	entries = mem_array(SYNC_HISTORY, sizeof *entries);
	size_t count = sync_history(call->node->sync, entries, SYNC_HISTORY);
	for (size_t i = 0; i < count; i++) {
		show_entry(call, &entries[i]);
		json_array_append_new(list, entry_object(&entries[i]));
	}
	mem_free(entries);
	call_set(call, "history", list);
	call_done(call);
}

void command_sync_report(struct call *call)
{
	struct textbuf text = { 0 };
	json_error_t error;

	if (!has_sync(call))
		return;
	sync_report(call->node->sync, &text);
	call_text(call, "%.*s\n", (int)text.len, text.at);
	call_set(call, "report", json_loadb(text.at, text.len, 0, &error));
	textbuf_fini(&text);
	call_done(call);
}

bool commands_check_sync(struct call *call,
			 bool (*add)(struct call *call, json_t *list, const char *name, bool ok, const char *text),
			 json_t *list)
{
	struct sync_status status;
	char text[SYNC_TEXT_MAX + 200];

	if (call->node->sync == NULL)
		return true;
	sync_status(call->node->sync, &status);
	bool refused = status.last.at != 0 && status.last.text[0] != '\0';
	if (status.clock != WALLCLOCK_GOOD)
		add(call, list, "clock", true, status.clock_text);
	if (status.aged.aged > 0) {
		snprintf(text, sizeof text, "%zu items are older than serve_max allows, %zu of them answered with SERVFAIL",
			 status.aged.aged, status.aged.refused);
		add(call, list, "age", true, text);
	}
	snprintf(text, sizeof text, "release %s, %s%s%s", status.release[0] ? status.release : "none",
		 sync_state_name(status.state), refused ? "; last look: " : "", refused ? status.last.text : "");
	/* A node is autonomous: a master that is away makes it no less healthy. Without any content it is of no use. */
	return add(call, list, "sync", status.state != SYNC_EMPTY, text);
}
