/* SPDX-License-Identifier: Apache-2.0 */
#include "server/commands.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"

/* Bytes that grow; encode() fills it through jansson's callback. */
struct line {
	char *at;
	size_t len, room;
};

static int line_append(const char *bytes, size_t len, void *ctx)
{
	struct line *line = ctx;

	if (line->room - line->len < len) {
		line->room = (line->len + len) * 2;
		line->at = mem_resize(line->at, line->room, 1);
	}
	memcpy(line->at + line->len, bytes, len);
	line->len += len;
	return 0;
}

/* Compact JSON and a newline; jansson escapes control characters, so there is no other newline in it. */
static char *encode(const json_t *value, size_t *ret_len)
{
	static const char failed[] = "{\"ok\":false,\"exit\":1,\"error\":\"the reply could not be written\"}";
	struct line line = { mem_alloc(256), 0, 256 };

	if (json_dump_callback(value, line_append, &line, JSON_COMPACT) != 0) {
		line.len = 0;
		line_append(failed, sizeof failed - 1, &line);
	}
	line_append("\n", 1, &line);
	*ret_len = line.len;
	return line.at;
}

json_t *call_string(const char *text)
{
	if (text == NULL)
		return json_null();

	json_t *value = json_string(text);
	if (value != NULL)
		return value;
	/* File names and the like are bytes, not always UTF-8. */
	char *plain = mem_string(text);
	for (char *at = plain; *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	value = json_string(plain);
	mem_free(plain);
	return value;
}

json_t *call_time(int64_t wall_s)
{
	char buf[CLOCK_TEXT_MAX];

	return wall_s == 0 ? json_null() : call_string(clock_print(wall_s, buf, sizeof buf));
}

char *command_error_line(int exit, const char *error, size_t *ret_len)
{
	json_t *line = json_object();

	json_object_set_new(line, "ok", json_false());
	json_object_set_new(line, "exit", json_integer(exit));
	json_object_set_new(line, "error", call_string(error));

	char *text = encode(line, ret_len);
	json_decref(line);
	return text;
}

void call_text(struct call *call, const char *format, ...)
{
	va_list args, again;

	if (call->client == NULL)
		return;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	if (call->text_room - call->text_len <= (size_t)len) {
		call->text_room = (call->text_len + (size_t)len + 1) * 2;
		call->text = mem_resize(call->text, call->text_room, 1);
	}
	vsnprintf(call->text + call->text_len, (size_t)len + 1, format, again);
	va_end(again);
	call->text_len += (size_t)len;
}

void call_set(struct call *call, const char *key, json_t *value)
{
	json_object_set_new(call->data, key, value ? value : json_null());
}

static json_t *take_text(struct call *call)
{
	json_t *text;

	if (call->text_len == 0)
		return json_string("");
	text = call_string(call->text);
	call->text_len = 0;
	return text;
}

/* Sends the text and data so far as one line, with what its kind begins with. */
static void say(struct call *call, json_t *line, const char *error)
{
	struct call_client *client = call->client;
	json_t *id = json_object_get(call->request, "id");
	size_t len;

	if (id != NULL)
		json_object_set(line, "id", id);
	if (call->text_len > 0 || error == NULL)
		json_object_set_new(line, "text", take_text(call));
	if (json_object_size(call->data) > 0 || error == NULL)
		json_object_set(line, "data", call->data);
	if (error != NULL)
		json_object_set_new(line, "error", call_string(error));
	json_decref(call->data);
	call->data = json_object();

	char *text = encode(line, &len);
	json_decref(line);
	client->line(client, text, len);
}

void call_more(struct call *call)
{
	if (call->client == NULL) {
		json_object_clear(call->data);
		return;
	}

	json_t *line = json_object();
	json_object_set_new(line, "more", json_true());
	if (call->live)
		json_object_set_new(line, "live", json_true());
	say(call, line, NULL);
}

/* The end of a call: a last line when somebody reads, then its memory. */
static void end(struct call *call, int exit, const char *error)
{
	struct call_client *client = call->client;

	if (call->release != NULL)
		call->release(call);
	if (client != NULL) {
		json_t *line = json_object();

		json_object_set_new(line, "ok", json_boolean(error == NULL));
		json_object_set_new(line, "exit", json_integer(exit));
		if (call->live)
			json_object_set_new(line, "live", json_true());
		say(call, line, error);
		client->call = NULL;
	}
	json_decref(call->data);
	json_decref(call->request);
	mem_free(call->text);
	mem_free(call);
	if (client != NULL)
		client->done(client);
}

void call_done(struct call *call)
{
	end(call, CALL_OK, NULL);
}

void call_fail(struct call *call, int exit, const char *format, ...)
{
	va_list args;
	char *error;

	va_start(args, format);
	if (vasprintf(&error, format, args) < 0)
		error = NULL;
	va_end(args);
	end(call, exit, error ? error : "failed");
	mem_free(error);
}

static void pool_work(uv_work_t *work)
{
	struct call *call = work->data;

	call->work(call->state);
}

static void pool_after(uv_work_t *work, int status)
{
	struct call *call = work->data;

	(void)status;	/* nobody cancels it */
	call->busy = false;
	call->after(call);
}

void call_work(struct call *call, void (*work)(void *state), void (*after)(struct call *call))
{
	call->pool.data = call;
	call->work = work;
	call->after = after;
	call->busy = true;
	int err = uv_queue_work(call->node->loop, &call->pool, pool_work, pool_after);
	assert(err == 0);	/* it fails for missing arguments only */
	(void)err;
}

void call_ready(struct call *call)
{
	struct call_client *client = call->client;

	/* The call may end in produce; its client knows. */
	while (client != NULL && client->call == call && call->produce != NULL && client->room(client))
		call->produce(call);
}

void call_produce(struct call *call, void (*produce)(struct call *call))
{
	call->produce = produce;
	if (call->client == NULL)
		end(call, CALL_OK, NULL);
	else
		call_ready(call);
}

void call_abandon(struct call *call)
{
	call->client->call = NULL;
	call->client = NULL;
	call->unwanted = true;
	if (!call->busy)
		end(call, CALL_OK, NULL);
}

void call_close(struct call *call)
{
	call->unwanted = true;
	if (call->busy)
		return;
	if (call->live)
		call_done(call);
	else
		call_fail(call, CALL_REFUSED, "the node stops");
}
