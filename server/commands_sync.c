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

	call_text(call, "%s  %-9s %s%s%s%s\n", clock_print(entry->at, at, sizeof at),
		  entry->rollback ? "rollback" : follow_result_name(entry->result), entry->release[0] ? "release " : "",
		  entry->release, entry->text[0] ? ": " : "", entry->text);
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
		call_text(call, "%-12s  release %s, %s, asked %s\n", "content", status.release, sync_state_name(status.state),
			  status.fetched_at != 0 ? clock_print(status.fetched_at, text, sizeof text) : "never");
	return object;
}

static void show_time(struct call *call, const char *title, const char *key, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	if (at != 0)
		call_text(call, "%-12s  %s\n", title, clock_print(at, text, sizeof text));
	call_set(call, key, call_time(at));
}

static void show_key(struct call *call, const char *title, const char *key, const uint8_t *bytes)
{
	char digits[2 * NODE_KEY_BYTES + 1];

	hash_put_hex((struct span){ bytes, NODE_KEY_BYTES }, digits);
	call_text(call, "%-12s  %s\n", title, digits);
	call_set(call, key, call_string(digits));
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
	show_time(call, "fetched", "fetched_at", status.fetched_at);
	show_time(call, "expires", "expires_at", status.expires_at);
	show_time(call, "next look", "next_at", status.next_at);
	show_time(call, "soaks until", "soak_until", status.soak_until);
	if (status.from[0] != '\0')
		call_text(call, "%-12s  %s\n", "from", status.from);
	call_set(call, "from", text_or_null(status.from));
	if (status.refused[0] != '\0')
		call_text(call, "%-12s  release %s, which was rolled back from\n", "refused", status.refused);
	call_set(call, "refused", text_or_null(status.refused));
	if (status.last.at != 0) {
		call_text(call, "%-12s  ", "last look");
		show_entry(call, &status.last);
	}
	call_set(call, "last", status.last.at != 0 ? entry_object(&status.last) : NULL);
	call_set(call, "bytes", json_integer((json_int_t)status.bytes));
	call_set(call, "notifies", json_integer((json_int_t)status.notifies));
	show_key(call, "sign key", "sign_key", node_key_sign_public(sync_key(call->node->sync)));
	show_key(call, "box key", "box_key", node_key_box_public(sync_key(call->node->sync)));
	call_done(call);
}

static void looked(void *ctx, const struct sync_entry *entry)
{
	struct call *call = ctx;

	call->busy = false;
	call_set(call, "look", entry_object(entry));
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
	snprintf(text, sizeof text, "release %s, %s%s%s", status.release[0] ? status.release : "none",
		 sync_state_name(status.state), refused ? "; last look: " : "", refused ? status.last.text : "");
	/* A node is autonomous: a master that is away makes it no less healthy. Without any content it is of no use. */
	return add(call, list, "sync", status.state != SYNC_EMPTY, text);
}
