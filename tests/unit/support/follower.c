/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/follower.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"

static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, FOLLOWER_TEXT - len, format, args);
	va_end(args);
}

static void remark(void *ctx, const char *text)
{
	struct follower *follower = ctx;

	add(follower->said, "%s\n", text);
}

static struct conf *make_conf(const char *folder, const char *name)
{
	char *text = mem_format("node: {name: %s}\nstate-dir: %s\ndns: {listen: [127.0.0.1@53]}\n"
				"sync: {url: \"file:///nowhere\", root: root.json}\n", name, folder);
	struct err_list errors = { 0 };
	struct conf *conf;
	char line[sizeof(struct err_note) + 16];

	if (conf_parse("node.yaml", text, strlen(text), &conf, &errors) != 0) {
		fprintf(stderr, "follower: %s\n", err_note_print(&errors.notes[0], line, sizeof line));
		abort();
	}
	mem_free(text);
	return conf;
}

static int open_parts(struct follower *follower, const char *folder, const char *root_file, struct err_list *warnings,
		      struct err_note *note)
{
	int err = state_open(folder, &follower->state, note, warnings);

	if (err == 0)
		err = state_anchor(follower->state, root_file, note, warnings);
	if (err == 0) {
		state_own(follower->state, follower->conf->node.name, warnings);
		err = state_node_key(follower->state, &follower->key, note, warnings);
	}
	return err;
}

int follower_start(struct follower *ret, const char *folder, const char *root_file, int64_t now_s, const char *name)
{
	struct err_list warnings = { 0 };
	struct err_note note = { 0 };
	char line[sizeof note + 16];

	*ret = (struct follower){ .conf = make_conf(folder, name != NULL ? name : "n1"), .now_s = now_s };
	int err = open_parts(ret, folder, root_file, &warnings, &note);
	if (err == 0) {
		ret->settings = (struct follow_settings){
			.conf = ret->conf, .key = ret->key, .state = ret->state, .remark = remark, .ctx = ret,
		};
		ret->content = follow_offline(&ret->settings, NULL, 0, &warnings);
	}
	for (size_t i = 0; i < warnings.kept; i++)
		add(ret->said, "%s\n", err_note_print(&warnings.notes[i], line, sizeof line));
	if (err != 0)
		add(ret->said, "%s\n", err_note_print(&note, line, sizeof line));
	err_list_fini(&warnings);
	if (err != 0)
		follower_stop(ret);
	return err;
}

void follower_stop(struct follower *follower)
{
	content_release(follower->content);
	node_key_free(follower->key);
	state_close(follower->state);
	conf_free(follower->conf);
	follower->content = NULL;
	follower->key = NULL;
	follower->state = NULL;
	follower->conf = NULL;
}

enum follow_result follower_look(struct follower *follower, struct sync_master *master)
{
	struct follow_outcome *outcome = &follower->outcome;
	enum follow_result result;

	follower->settings.transport = master != NULL ? &master->transport : NULL;
	follow_refresh(&follower->settings, follower->content, follower->now_s, &follower->settled, outcome);
	result = outcome->result;
	if (result == FOLLOW_NEW
	    && follow_commit(&follower->settings, outcome->content, outcome, follower->now_s, &outcome->note) != 0)
		result = FOLLOW_DISK;
	if (result == FOLLOW_NEW) {
		content_release(follower->content);
		follower->content = outcome->content;
		if (follower->on_switch != NULL)
			follower->on_switch(follower->ctx);
		state_collect(follower->state);
	} else {
		content_release(outcome->content);
	}
	if (result == FOLLOW_DISK)
		follower->settled = 0;
	outcome->content = NULL;
	outcome->result = result;
	return result;
}

bool follower_roll_back(struct follower *follower)
{
	struct err_list warnings = { 0 };
	struct err_note note;
	struct content *before =
		follow_offline(&follower->settings, follower->content, follower->content->manifest->generation, &warnings);
	bool done = false;

	err_list_fini(&warnings);
	if (before != NULL) {
		floors_refuse(&follower->state->floors, follower->content->manifest->release, 0, "");
		done = follow_commit(&follower->settings, before, NULL, follower->now_s, &note) == 0;
		content_release(done ? follower->content : before);
		follower->content = done ? before : follower->content;
	}
	return done;
}

static void tell_zone(struct follower *follower, const struct content_zone *zone, const char *path)
{
	struct lthash *state = mem_alloc(sizeof *state);
	uint8_t sum[LTHASH_SUM_BYTES];

	lthash_add_image(state, zone_image_header(zone->image));
	lthash_sum(state, sum);
	add(follower->text, "%s %u %02x%02x%02x%02x\n", path, zone_image_header(zone->image)->serial, sum[0], sum[1],
	    sum[2], sum[3]);
	mem_free(state);
}

const char *follower_serves(struct follower *follower)
{
	const struct content *content = follower->content;

	snprintf(follower->text, sizeof follower->text, "nothing");
	if (content == NULL)
		return follower->text;
	snprintf(follower->text, sizeof follower->text, "release %s\n", content->manifest->release);
	for (size_t i = 0; i < content->manifest->item_count; i++) {
		const struct manifest_item *item = &content->manifest->items[i];

		if (item->kind == MANIFEST_ZONE)
			tell_zone(follower, &content->zones[item->zone], item->path);
	}
	for (size_t i = 0; i < content->file_count; i++) {
		uint8_t *bytes;
		size_t len;
		int err = file_read(content->files[i].file, 1 << 20, &bytes, &len);

		add(follower->text, "%s%s %s\n", content->file_hosts[i], content->files[i].path,
		    err == 0 ? (const char *)bytes : err_text(err));
		if (err == 0)
			mem_free(bytes);
	}
	return follower->text;
}
