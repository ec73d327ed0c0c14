/* SPDX-License-Identifier: Apache-2.0 */
/* add, remove, subscribe: publish.json as people change it. Nothing is published by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/addr.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "conf/text.h"
#include "sync/publish_tree.h"
#include "sync/tool/publish_call.h"
#include "zone/tsig_key.h"

static int save(struct publish_call *call)
{
	struct err_note note;

	return publish_work_save(call->opened, &note) == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

static bool is_hex(const char *text, size_t bytes)
{
	uint8_t out[64];

	return text != NULL && bytes <= sizeof out && hash_get_hex(text, out, sizeof out) == (int)bytes;
}

int publish_notify_entry(struct publish_call *call, const char *text, struct json_view **ret_entry)
{
	char address[ADDR_TEXT_MAX], name[DNS_NAME_TEXT_MAX];
	const char *rest = NULL, *algorithm = "hmac-sha256", *colon;
	struct addr addr;

	if (!publish_split(text, address, sizeof address, &rest))
		snprintf(address, sizeof address, "%s", text);
	if (addr_parse(address, 53, &addr) != 0)
		return publish_call_wrong(call, "--notify %s: expected ADDRESS@PORT=KEYNAME:FILE", text);
	if (rest == NULL) {
		*ret_entry = json_build_object();
		json_build_set_text(*ret_entry, "address", address);
		return PUBLISH_DONE;
	}
	for (enum tsig_algorithm i = 0; i < TSIG_ALGORITHMS; i++) {
		size_t len = strlen(tsig_algorithm_text(i));

		if (strncmp(rest, tsig_algorithm_text(i), len) == 0 && rest[len] == ':') {
			algorithm = tsig_algorithm_text(i);
			rest += len + 1;
			break;
		}
	}
	colon = strchr(rest, ':');
	if (colon == NULL || (size_t)(colon - rest) >= sizeof name)
		return publish_call_wrong(call, "--notify %s: expected KEYNAME:FILE behind the address", text);
	snprintf(name, sizeof name, "%.*s", (int)(colon - rest), rest);
	char *file = publish_call_path(call, colon + 1);
	if (file == NULL)
		return PUBLISH_FAILED;
	struct json_view *entry = *ret_entry = json_build_object();
	json_build_set_text(entry, "address", address);
	json_build_set_text(entry, "key", name);
	json_build_set_text(entry, "algorithm", algorithm);
	json_build_set_text(entry, "file", file);
	mem_free(file);
	return PUBLISH_DONE;
}

static bool list_has(struct json_view *list, const char *text)
{
	for (size_t i = 0; i < json_view_count(list); i++) {
		const char *other = json_view_text(json_view_at(list, i));

		if (other != NULL && strcmp(other, text) == 0)
			return true;
	}
	return false;
}

static int add_node(struct publish_call *call)
{
	struct json_view *config = call->opened->config, *node, *group;
	int exit = PUBLISH_DONE;

	if (call->word_count != 2 || !json_build_is_text(call->words[1]))
		return publish_call_wrong(call, "add node takes one name, as node.name of its configuration");
	const char *name = call->words[1];
	node = json_build_object_in(json_build_object_in(config, "nodes"), name);
	if ((call->box != NULL && !is_hex(call->box, KEY_BOX_BYTES))
	    || (call->sign != NULL && !is_hex(call->sign, KEY_PUBLIC_BYTES)))
		return publish_call_wrong(call,
					  "--box and --sign take 64 hexadecimal digits: catchmentctl sync status "
					  "prints them");
	if (call->box != NULL)
		json_build_set_text(node, "box", call->box);
	if (call->sign != NULL)
		json_build_set_text(node, "sign", call->sign);
	if (call->dns != NULL)
		json_build_set_text(node, "dns", call->dns);
	if (call->admin != NULL)
		json_build_set_text(node, "admin", call->admin);
	if (call->control != NULL)
		json_build_set_text(node, "control", call->control);
	if (call->notify.count > 0)
		json_build_set(node, "notify", json_build_list());
	for (size_t i = 0; exit == PUBLISH_DONE && i < call->notify.count; i++) {
		struct json_view *entry = NULL;

		exit = publish_notify_entry(call, call->notify.list[i], &entry);
		if (entry != NULL)
			json_build_append(json_view_member(node, "notify"), entry);
	}
	group = json_build_object_in(json_build_object_in(config, "groups"), call->group != NULL ? call->group
				     : "default");
	struct json_view *nodes = json_build_list_in(group, "nodes");
	if (!list_has(nodes, name))
		json_build_append_text(nodes, name);
	return exit == PUBLISH_DONE ? save(call) : exit;
}

/* How long nodes serve it without word from here: "forever" takes back what was said before. */
static int set_age(struct publish_call *call, enum publish_kind kind, struct json_view *item)
{
	uint64_t ms;

	if (call->serve_max != NULL && strcmp(call->serve_max, "forever") == 0)
		json_build_remove(item, "serve_max");
	else if (call->serve_max != NULL && strcmp(call->serve_max, "soa-expire") == 0 && kind == PUBLISH_ZONE)
		json_build_set_text(item, "serve_max", call->serve_max);
	else if (call->serve_max != NULL && (units_duration(call->serve_max, &ms) != 0 || ms < 60000))
		return publish_call_wrong(call, "--serve-max %s: expected a time of a minute or more, as in 7d, forever%s",
					  call->serve_max, kind == PUBLISH_ZONE ? ", or soa-expire" : "");
	else if (call->serve_max != NULL)
		json_build_set_integer(item, "serve_max", (int64_t)(ms / 1000));
	if (call->on_aged == NULL)
		return PUBLISH_DONE;
	if (strcmp(call->on_aged, "serve") != 0 && (strcmp(call->on_aged, "servfail") != 0 || kind != PUBLISH_ZONE))
		return publish_call_wrong(call, "--on-aged %s: expected serve%s", call->on_aged,
					  kind == PUBLISH_ZONE ? " or servfail" : ": only zones can be answered with SERVFAIL");
	json_build_set_text(item, "on_aged", call->on_aged);
	return PUBLISH_DONE;
}

static int set_options(struct publish_call *call, enum publish_kind kind, struct json_view *item)
{
	if (call->type != NULL && !conf_text_is_media_type(call->type))
		return publish_call_wrong(call, "--type %s: expected a media type, as in \"text/plain; charset=utf-8\"", call->type);
	if (call->type != NULL)
		json_build_set_text(item, "type", call->type);
	if (call->max_age != NULL)
		json_build_set_integer(item, "max_age", strtoll(call->max_age, NULL, 10));
	if (call->zonemd != NULL)
		json_build_set_text(item, "zonemd", call->zonemd);
	if (call->zonemd != NULL && strcmp(call->zonemd, "off") != 0 && strcmp(call->zonemd, "warn") != 0
	    && strcmp(call->zonemd, "require") != 0)
		return publish_call_wrong(call, "--zonemd takes off, warn or require");
	return set_age(call, kind, item);
}

/* The words behind "add KIND": how a name and a file come out of them. */
static int add_item(struct publish_call *call, enum publish_kind kind)
{
	size_t names = publish_kind_has_name(kind) ? 1 : 0;
	char path[PUBLISH_PATH_MAX], *file;
	struct err_note note;

	if (kind == PUBLISH_GROUP || call->word_count != 2 + names)
		return publish_call_wrong(call, "add %s takes %s and a file", call->words[0],
					  names == 0 ? "no name" : "a name");
	if (publish_item_path(kind, names == 1 ? call->words[1] : "", path, &note) != 0)
		return publish_call_fail(call, &note);
	file = publish_call_path(call, call->words[1 + names]);
	if (file == NULL)
		return PUBLISH_FAILED;
	struct json_view *item = json_build_object_in(publish_work_items(call->opened), path);
	json_build_set_text(item, "file", file);
	json_build_remove(item, "held");
	mem_free(file);
	int exit = set_options(call, kind, item);
	return exit == PUBLISH_DONE ? save(call) : exit;
}

/* Many zones at once: a line "NAME FILE" each. */
static int add_list(struct publish_call *call)
{
	struct err_note note;
	uint8_t *text;
	size_t len;
	char *rest, *line;

	if (call->word_count != 2)
		return publish_call_wrong(call, "add zones takes one file, with a line \"NAME FILE\" for each zone");
	int err = file_read(call->words[1], 64 << 20, &text, &len);
	if (err != 0)
		return publish_call_say(call, "%s: %s", call->words[1], err_text(err));
	rest = (char *)text;
	int exit = PUBLISH_DONE;
	for (unsigned number = 1; exit == PUBLISH_DONE && (line = strsep(&rest, "\n")) != NULL; number++) {
		char path[PUBLISH_PATH_MAX], *name = strtok(line, " \t\r"), *file = strtok(NULL, " \t\r"), *beside,
			*real;

		if (name == NULL || name[0] == '#')
			continue;
		if (file == NULL || publish_item_path(PUBLISH_ZONE, name, path, &note) != 0) {
			exit = publish_call_say(call, "%s:%u: expected NAME FILE", call->words[1], number);
			break;
		}
		beside = file_beside(call->words[1], file);
		real = publish_call_path(call, beside);
		mem_free(beside);
		if (real == NULL) {
			exit = PUBLISH_FAILED;
			break;
		}
		json_build_set_text(json_build_object_in(publish_work_items(call->opened), path), "file", real);
		mem_free(real);
	}
	mem_free(text);
	return exit == PUBLISH_DONE ? save(call) : exit;
}

int publish_add_command(struct publish_call *call)
{
	enum publish_kind kind;

	if (call->word_count == 0)
		return publish_call_wrong(call, "add what? zone, zones, site, file, secret, guards, probes, gate or node");
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (strcmp(call->words[0], "node") == 0)
		return add_node(call);
	if (strcmp(call->words[0], "zones") == 0)
		return add_list(call);
	if (publish_kind_parse(call->words[0], &kind) != 0)
		return publish_call_wrong(call,
					  "add %s? expected zone, zones, site, file, secret, guards, probes, gate or node",
					  call->words[0]);
	return kind == PUBLISH_SECRET ? publish_add_secret(call) : add_item(call, kind);
}

static bool list_drop(struct json_view *list, const char *text)
{
	bool found = false;

	for (size_t i = json_view_count(list); i > 0; i--) {
		const char *other = json_view_text(json_view_at(list, i - 1));

		if (other == NULL || strcmp(other, text) != 0)
			continue;
		json_build_remove_at(list, i - 1);
		found = true;
	}
	return found;
}

/* What is sealed for it is sealed anew without it; but what it knows it knows. */
static void drop_reader(struct publish_call *call, const char *name)
{
	struct json_member item = { 0 };

	while (json_view_next(publish_work_items(call->opened), &item)) {
		struct json_view *to = json_view_member(item.value, "to");
		const char *all = json_view_text(to);

		if (list_drop(to, name) || (all != NULL && strcmp(all, "*") == 0))
			printf("%s: node %s has known it; roll --force makes another\n", item.name, name);
	}
}

static int remove_node(struct publish_call *call, const char *name)
{
	struct json_view *config = call->opened->config;
	struct json_member group = { 0 };

	if (json_view_member(json_view_member(config, "nodes"), name) == NULL)
		return publish_call_say(call, "there is no node %s", name);
	json_build_remove(json_view_member(config, "nodes"), name);
	while (json_view_next(json_view_member(config, "groups"), &group))
		list_drop(json_view_member(group.value, "nodes"), name);
	drop_reader(call, name);
	return save(call);
}

/* What was kept here of items that are gone. */
static void forget(struct publish_call *call, struct json_view *removed)
{
	struct json_member item = { 0 };

	while (json_view_next(removed, &item)) {
		enum publish_kind kind = PUBLISH_FILE;

		publish_path_kind(item.name, &kind);
		char *held = publish_work_held(call->opened, kind, item.name);
		publish_tree_remove(held);
		mem_free(held);
		if (json_view_member(item.value, "made") != NULL)
			unlink(json_view_text(json_view_member(item.value, "file")));
	}
}

int publish_remove_command(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	if (call->word_count == 0)
		return publish_call_wrong(call, "remove what? ITEM, or node NAME");
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (call->word_count == 2 && strcmp(call->words[0], "node") == 0)
		return remove_node(call, call->words[1]);
	struct json_view *items = publish_work_items(call->opened), *removed = json_build_object();
	for (size_t i = 0; exit == PUBLISH_DONE && i < call->word_count; i++) {
		if (publish_item_parse(call->words[i], &kind, path, &note) != 0)
			exit = publish_call_fail(call, &note);
		else if (json_view_member(items, path) == NULL)
			exit = publish_call_say(call, "%s is not published", call->words[i]);
		else
			json_build_set(removed, path, json_build_copy(json_view_member(items, path)));
		if (exit == PUBLISH_DONE)
			json_build_remove(items, path);
	}
	if (exit == PUBLISH_DONE)
		exit = save(call);
	if (exit == PUBLISH_DONE)
		forget(call, removed);
	json_view_free(removed);
	return exit;
}

int publish_subscribe_command(struct publish_call *call)
{
	static const struct {
		enum publish_kind kind;
		const char *member;
	} lists[] = {
		{ PUBLISH_ZONE, "zones" }, { PUBLISH_SITE, "sites" }, { PUBLISH_FILE, "files" },
		{ PUBLISH_SECRET, "secrets" },
	};
	char path[PUBLISH_PATH_MAX], name[PUBLISH_PATH_MAX];
	struct err_note note;

	if (call->word_count == 0 || (call->word_count == 1 && !call->all))
		return publish_call_wrong(call, "subscribe takes a group and its items, or --all");
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (publish_item_path(PUBLISH_GROUP, call->words[0], path, &note) != 0)
		return publish_call_fail(call, &note);
	struct json_view *group = json_build_object_in(json_build_object_in(call->opened->config, "groups"),
						       call->words[0]);
	json_build_list_in(group, "nodes");
	for (size_t i = 0; i < 4; i++)
		json_build_set(group, lists[i].member, call->all ? json_build_text("*") : json_build_list());
	for (size_t i = 1; i < call->word_count; i++) {
		enum publish_kind kind;

		if (publish_item_parse(call->words[i], &kind, path, &note) != 0)
			return publish_call_fail(call, &note);
		for (size_t j = 0; j < 4; j++) {
			if (lists[j].kind == kind && !call->all)
				json_build_append_text(json_view_member(group, lists[j].member),
						       publish_path_name(path, name));
		}
	}
	return save(call);
}
