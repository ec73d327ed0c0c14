/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_content.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/conf.h"
#include "sync/gate.h"
#include "sync/guards.h"
#include "sync/probes.h"

enum { FILE_MAX = 64 << 20 };	/* bytes; the client takes no larger target */

/* What a configuration needs beside its sites to be whole; behind them, so that their lines keep their numbers. */
static const char AROUND[] = "\nnode: {name: any}\nredirect: {listen: [127.0.0.1@80]}\n";

static int parse_site(const char *file, const struct publish_bytes *site, struct conf **ret_conf,
		      struct err_list *errors)
{
	char *text = mem_format("%.*s%s", (int)site->len, (const char *)site->bytes, AROUND);
	int err = conf_parse(file, text, strlen(text), ret_conf, errors);

	mem_free(text);
	return err;
}

static int check_site(const char *file, const struct publish_bytes *site, struct err_list *errors)
{
	struct conf *conf;
	int err = parse_site(file, site, &conf, errors);

	if (err != 0)
		return err;
	if (conf->site_count == 0) {
		err_list_add(errors, file, 0,
			     "there is no site: expected \"sites:\" as in the configuration of a node");
		err = ERR_INVALID;
	}
	conf_free(conf);
	return err;
}

/* As the nodes read it: what they would refuse is not published. */
static int check_policy(enum publish_kind kind, const char *file, const struct publish_bytes *policy,
			struct err_list *errors)
{
	const struct span text = { policy->bytes, policy->len };
	struct err_note note = { 0 };
	struct guards *guards = NULL;
	struct probes *probes = NULL;
	struct gate gate;
	int err = kind == PUBLISH_GUARDS ? guards_parse(text, &guards, &note)
		: kind == PUBLISH_PROBES ? probes_parse(text, &probes, &note) : gate_parse(text, &gate, &note);

	if (err != 0)
		err_list_add(errors, file, 0, "%s", note.text);
	guards_free(guards);
	probes_free(probes);
	return err;
}

int publish_content_read(enum publish_kind kind, const char *file, struct publish_bytes *ret_content,
			 struct err_list *errors)
{
	struct publish_bytes content;
	int err = file_read(file, FILE_MAX, &content.bytes, &content.len);

	if (err != 0) {
		err_list_add(errors, file, 0, "cannot be read: %s", err == ERR_LIMIT ? "more than 64 MiB"
			     : err_text(err));
		return err;
	}
	if (kind == PUBLISH_SITE)
		err = check_site(file, &content, errors);
	else if (kind == PUBLISH_GUARDS || kind == PUBLISH_PROBES || kind == PUBLISH_GATE)
		err = check_policy(kind, file, &content, errors);
	if (err != 0)
		mem_free(content.bytes);
	else
		*ret_content = content;
	return err;
}

static int on_relative(const char *name, int (*on_name)(void *ctx, const char *name), void *ctx)
{
	return name != NULL && name[0] != '/' ? on_name(ctx, name) : 0;
}

int publish_content_site_files(const struct publish_bytes *site, int (*on_name)(void *ctx, const char *name),
			       void *ctx)
{
	struct err_list errors = { 0 };
	struct conf *conf;
	int err = parse_site("sites.yaml", site, &conf, &errors);	/* without a folder names stay as they are */

	err_list_fini(&errors);
	if (err != 0)
		return err;
	for (size_t i = 0; err == 0 && i < conf->site_count; i++) {
		const struct conf_site *one = &conf->sites[i];

		err = on_relative(one->digests, on_name, ctx);
		for (size_t j = 0; err == 0 && j < one->file_count; j++)
			err = on_relative(one->files[j].file, on_name, ctx);
	}
	conf_free(conf);
	return err;
}

static void print_into(struct json_view *view, struct publish_bytes *ret_content)
{
	ret_content->bytes = json_view_canonical(view, &ret_content->len);
}

/* "*" is every item of the kind; else the list as it is. */
static void list_items(struct publish_work *work, struct json_view *group, enum publish_kind kind, const char *member,
		       struct json_view *out)
{
	struct json_view *wanted = json_view_member(group, member), *list = json_build_list_in(out, member);
	struct json_member item = { 0 };
	const char *text = json_view_text(wanted);
	char name[PUBLISH_PATH_MAX];

	for (size_t i = 0; i < json_view_count(wanted); i++)
		json_build_append(list, json_build_copy(json_view_at(wanted, i)));
	while (text != NULL && strcmp(text, "*") == 0 && json_view_next(publish_work_items(work), &item)) {
		enum publish_kind is;

		if (publish_path_kind(item.name, &is) == 0 && is == kind)
			json_build_append_text(list, publish_path_name(item.name, name));
	}
}

void publish_content_group(struct publish_work *work, struct json_view *group, struct publish_bytes *ret_content)
{
	struct json_view *view = json_build_object(), *nodes = json_build_object_in(view, "nodes");
	struct json_view *names = json_view_member(group, "nodes"), *all = json_view_member(work->config, "nodes");

	json_build_set_integer(view, "v", 1);
	list_items(work, group, PUBLISH_ZONE, "zones", view);
	list_items(work, group, PUBLISH_SITE, "sites", view);
	list_items(work, group, PUBLISH_FILE, "files", view);
	list_items(work, group, PUBLISH_SECRET, "secrets", view);
	for (size_t i = 0; i < json_view_count(names); i++) {
		const char *name = json_view_text(json_view_at(names, i));
		struct json_view *node = json_view_member(all, name), *keys;

		if (node == NULL)
			continue;
		keys = json_build_object_in(nodes, name);
		json_build_set_text(keys, "box", json_view_text(json_view_member(node, "box")));
		json_build_set_text(keys, "sign", json_view_text(json_view_member(node, "sign")));
	}
	print_into(view, ret_content);
	json_view_free(view);
}

struct json_view *publish_content_target(enum publish_kind kind, struct span content, struct json_view *item,
					 int64_t release)
{
	struct json_view *target = json_build_object(), *custom = json_build_object_in(target, "custom");
	static const char *const taken[] = { "type", "max_age", "readers", "serve_max", "on_aged" };
	uint8_t digest[HASH_SHA256_BYTES];
	char digits[PUBLISH_KEYID_MAX];

	hash_sha256(content, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	json_build_set_integer(target, "length", (int64_t)content.len);
	json_build_set_text(json_build_object_in(target, "hashes"), "sha256", digits);
	json_build_set_integer(custom, "v", 1);
	json_build_set_text(custom, "kind", kind == PUBLISH_SITE ? "sites" : publish_kind_text(kind));
	json_build_set_integer(custom, "release", release);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct json_view *value = json_view_member(item, taken[i]);

		if (value != NULL)
			json_build_set(custom, taken[i], json_build_copy(value));
	}
	return target;
}

bool publish_content_same(struct json_view *a, struct json_view *b)
{
	struct json_view *one = json_build_copy(a), *other = json_build_copy(b);

	for (int i = 0; i < 2; i++) {
		struct json_view *custom = json_view_member(i == 0 ? one : other, "custom");

		json_build_remove(custom, "release");
		json_build_remove(custom, "rollout");
	}
	bool same = json_build_equal(one, other);
	json_view_free(one);
	json_view_free(other);
	return same;
}
