/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: the repository through the verifier of the nodes, from its first root on: metadata, then every item of
 * every group's list, its bytes, and for zones the records at their head against the signed digest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_chain.h"
#include "sync/publish_content.h"
#include "sync/tool/fetch_web.h"
#include "sync/tool/publish_call.h"
#include "sync/publish_tree.h"
#include "sync/tuf_drive.h"
#include "sync/tuf_match.h"

enum { ROOT_MAX = 1 << 20 };

struct verify {
	struct publish_call *call;
	struct tuf_drive drive;
	struct fetch_web *web;
	char *folder;			/* for what is fetched */
	char *targets_url;
	struct publish_repo copy;	/* the same as a repository that has what was fetched */
	size_t zones, items;
	bool contents;
	struct err_note *note;
};

/* A file below targets/ into the copy; its hash is looked at by who reads it there. */
static int fetch(struct verify *verify, const char *file, int64_t length)
{
	char *quoted = tuf_path_quote(file + strlen("targets/")), *url = tuf_url_join(verify->targets_url, quoted);
	char *path = mem_format("%s/%s", verify->folder, file);
	struct transport *transport = verify->drive.transport;
	struct transport_buffer buffer = { 0 };
	int err = transport->get(transport, url, (uint64_t)length, transport_buffer_take, &buffer, verify->note);

	if (err == 0) {
		char *folder = mem_format("%.*s", (int)(strrchr(path, '/') - path), path);

		err = file_make_folders(folder, 0700);
		if (err == 0)
			err = file_replace_unsynced(path, buffer.bytes, buffer.len, 0600);
		if (err != 0)
			err_note_set(verify->note, path, 0, "%s", err_text(err));
		mem_free(folder);
	}
	mem_free(buffer.bytes);
	mem_free(path);
	mem_free(url);
	mem_free(quoted);
	return err;
}

/* A view of what the client trusts, as the target object that the publisher's code reads. */
static struct json_view *as_target(const struct tuf_file *file, struct json_view *custom)
{
	struct json_view *target = json_build_object();
	char digits[HASH_TEXT_MAX];

	json_build_set_integer(target, "length", file->length);
	for (size_t i = 0; i < file->hashes.count; i++)
		json_build_set_text(json_build_object_in(target, "hashes"), hash_name(file->hashes.list[i].kind),
				    hash_text(&file->hashes.list[i], digits));
	if (custom != NULL)
		json_build_set(target, "custom", json_build_copy(custom));
	return target;
}

static int find(struct verify *verify, const char *path, struct json_view **ret_target)
{
	struct json_view *custom = NULL;
	struct tuf_file file;

	tuf_client_find(verify->drive.client, path);
	int err = tuf_drive_on(&verify->drive, verify->note);
	if (err != 0)
		return err;
	err = tuf_client_target(verify->drive.client, &file, &custom);
	if (err != 0)
		*verify->note = *tuf_client_reason(verify->drive.client);
	else
		*ret_target = as_target(&file, custom);
	return err;
}

static int fetch_chain(struct verify *verify, const char *path, struct json_view *custom)
{
	struct json_view *cs = json_view_member(custom, "cs");
	int err = 0;

	for (size_t i = 0; err == 0 && i < json_view_count(cs); i++) {
		struct publish_step step;

		if (!publish_step_read(json_view_at(cs, i), &step))
			continue;
		char *file = publish_chain_file(path, &step);
		err = fetch(verify, file, step.length);
		mem_free(file);
	}
	return err;
}

/* The bytes of one item, checked; and the records of a zone, by every changeset that is listed. */
static int check_content(struct verify *verify, const char *path, struct json_view *target, uint8_t **ret_bytes)
{
	const char *sha256 = json_view_text(json_view_member(json_view_member(target, "hashes"), "sha256"));
	struct publish_zone zone;
	enum publish_kind kind;
	int64_t length = 0;
	uint8_t *bytes;

	json_view_integer(json_view_member(target, "length"), &length);
	if (sha256 == NULL) {
		err_note_set(verify->note, NULL, 0, "%s has no sha256", path);
		return ERR_INVALID;
	}
	char *file = publish_target_file(path, sha256);
	int err = fetch(verify, file, length);
	if (err == 0)
		err = publish_repo_target(&verify->copy, file, length, sha256, &bytes, verify->note);
	mem_free(file);
	if (err != 0)
		return err;
	if (ret_bytes != NULL)
		*ret_bytes = bytes;
	else
		mem_free(bytes);
	verify->items++;
	if (publish_path_kind(path, &kind) != 0 || kind != PUBLISH_ZONE)
		return 0;
	err = fetch_chain(verify, path, json_view_member(target, "custom"));
	if (err == 0)
		err = publish_zone_rebuild(&verify->copy, path, target, NULL, &zone, verify->note);
	if (err == 0) {
		publish_zone_fini(&zone);
		verify->zones++;
	}
	return err;
}

static int check_path(struct verify *verify, const char *path)
{
	struct json_view *target;
	int err = find(verify, path, &target);

	if (err != 0)
		return err;
	if (verify->contents)
		err = check_content(verify, path, target, NULL);
	else
		verify->items++;
	json_view_free(target);
	return err;
}

struct part {
	struct verify *verify;
	const char *path;		/* of sites.yaml */
};

static int check_part(void *ctx, const char *name)
{
	const struct part *part = ctx;
	char *path = mem_format("%.*s/%s", (int)(strrchr(part->path, '/') - part->path), part->path, name);
	int err = check_path(part->verify, path);

	mem_free(path);
	return err;
}

/* A site is whole with all that is published beside it. */
static int check_site(struct verify *verify, const char *path)
{
	struct part part = { verify, path };
	struct publish_bytes site;
	struct json_view *target;
	int64_t length = 0;
	int err = find(verify, path, &target);

	if (err == 0) {
		json_view_integer(json_view_member(target, "length"), &length);
		err = check_content(verify, path, target, &site.bytes);
		json_view_free(target);
	}
	if (err != 0)
		return err;
	site.len = (size_t)length;
	err = publish_content_site_files(&site, check_part, &part);
	if (err != 0 && verify->note->text[0] == '\0')
		err_note_set(verify->note, NULL, 0, "%s: is not what nodes take as sites", path);
	mem_free(site.bytes);
	return err;
}

/* Policy is for all groups, and need not be there. */
static int check_policy(struct verify *verify)
{
	static const char *const paths[] = { "policy/guards.json", "policy/probes.json" };
	int err = 0;

	for (size_t i = 0; err == 0 && i < 2; i++) {
		struct json_view *target;

		err = find(verify, paths[i], &target);
		if (err == ERR_UNKNOWN) {
			*verify->note = (struct err_note){ 0 };
			err = 0;
			continue;
		}
		if (err == 0) {
			err = verify->contents ? check_content(verify, paths[i], target, NULL) : 0;
			json_view_free(target);
		}
	}
	return err;
}

static int check_list(struct verify *verify, struct json_view *list, enum publish_kind kind)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < json_view_count(list); i++) {
		const char *name = json_view_text(json_view_at(list, i));
		char path[PUBLISH_PATH_MAX];

		err = publish_item_path(kind, name != NULL ? name : "", path, verify->note);
		if (err == 0)
			err = kind == PUBLISH_SITE && verify->contents ? check_site(verify, path)
				: check_path(verify, path);
	}
	return err;
}

static int check_group(struct verify *verify, const char *group)
{
	struct json_view *target, *list;
	char path[PUBLISH_PATH_MAX];
	uint8_t *bytes = NULL;
	int64_t length = 0;
	int err = publish_item_path(PUBLISH_GROUP, group, path, verify->note);

	if (err == 0)
		err = find(verify, path, &target);
	if (err != 0)
		return err;
	json_view_integer(json_view_member(target, "length"), &length);
	err = check_content(verify, path, target, &bytes);
	json_view_free(target);
	if (err != 0)
		return err;
	list = json_view_parse((struct span){ bytes, (size_t)length }, verify->note);
	mem_free(bytes);
	if (list == NULL)
		return ERR_SYNTAX;
	err = check_list(verify, json_view_member(list, "zones"), PUBLISH_ZONE);
	if (err == 0)
		err = check_list(verify, json_view_member(list, "sites"), PUBLISH_SITE);
	if (err == 0)
		err = check_list(verify, json_view_member(list, "files"), PUBLISH_FILE);
	if (err == 0)
		err = check_list(verify, json_view_member(list, "secrets"), PUBLISH_SECRET);
	json_view_free(list);
	return err;
}

static int check_all(struct verify *verify, const char *root_file)
{
	struct publish_call *call = verify->call;
	struct json_member group = { 0 };
	uint8_t *root;
	size_t len;
	int err = file_read(root_file, ROOT_MAX, &root, &len);

	if (err != 0) {
		err_note_set(verify->note, root_file, 0, "the root to begin with cannot be read: %s", err_text(err));
		return err;
	}
	err = tuf_drive_init(verify->drive.store, (struct span){ root, len }, verify->note);
	mem_free(root);
	if (err != 0 && verify->note->file[0] == '\0')
		snprintf(verify->note->file, sizeof verify->note->file, "%s", root_file);
	if (err == 0)
		err = tuf_drive_on(&verify->drive, verify->note);
	if (err == 0)
		err = check_policy(verify);
	if (err != 0 || call->group != NULL || call->opened == NULL)
		return err != 0 ? err : check_group(verify, call->group != NULL ? call->group : "default");
	while (err == 0 && json_view_next(json_view_member(call->opened->config, "groups"), &group))
		err = check_group(verify, group.name);
	return err;
}

static int run(struct verify *verify, const char *url, const char *root_file)
{
	struct tuf_settings settings;
	char *metadata = mem_format("%s/client", verify->folder), *metadata_url = tuf_url_join(url, "metadata/");
	int err = tuf_store_open(metadata, true, &verify->drive.store, verify->note);

	verify->targets_url = tuf_url_join(url, "targets/");
	verify->copy.folder = verify->folder;
	verify->web = fetch_web_new(verify->call->ca);
	tuf_settings_init(&settings, verify->call->now_s);
	settings.roots_max = 4096;
	verify->drive.client = tuf_client_new(&settings);
	verify->drive.metadata_url = metadata_url;
	if (err == 0 && verify->web == NULL) {
		err_note_set(verify->note, NULL, 0, "libcurl does not start");
		err = ERR_UNAVAILABLE;
	}
	if (err == 0) {
		verify->drive.transport = fetch_web_transport(verify->web);
		err = check_all(verify, root_file);
	}
	/* What was fetched lies in a folder that is gone when this is read. */
	size_t len = strlen(verify->folder);
	if (err != 0 && strncmp(verify->note->file, verify->folder, len) == 0) {
		char *inner = mem_string(verify->note->file + len + 1), *name = tuf_url_join(url, inner);

		snprintf(verify->note->file, sizeof verify->note->file, "%s", name);
		mem_free(name);
		mem_free(inner);
	}
	tuf_client_free(verify->drive.client);
	tuf_store_close(verify->drive.store);
	fetch_web_free(verify->web);
	mem_free(verify->targets_url);
	mem_free(metadata_url);
	mem_free(metadata);
	return err;
}

int publish_verify_url(struct publish_call *call, const char *url, const char *root_file, bool contents, bool quiet,
		       struct err_note *note)
{
	char *folder = publish_tree_make("catchment-verify");
	struct verify verify = { .call = call, .contents = contents, .note = note };
	int err = folder == NULL ? -errno : 0;

	if (err != 0) {
		err_note_set(note, NULL, 0, "no folder can be made below TMPDIR: %s", err_text(err));
	} else {
		verify.folder = folder;
		err = run(&verify, url, root_file);
		publish_tree_remove(folder);
	}
	if (err == 0 && !quiet)
		printf("good: a client takes %zu items, %zu of them zones whose records are what was signed\n",
		       verify.items, verify.zones);
	mem_free(folder);
	return err;
}

int publish_verify_command(struct publish_call *call)
{
	struct err_note note = { 0 };
	char *url, *root, *folder = NULL;

	if (call->word_count > 1)
		return publish_call_wrong(call, "verify takes one repository or URL");
	bool is_url = call->word_count == 1 && strstr(call->words[0], "://") != NULL;
	if (call->word_count == 1 && !is_url)
		call->repo = call->words[0];
	if (is_url && call->root == NULL)
		return publish_call_wrong(call, "verify URL takes --root FILE: the root that the nodes trust");
	if (!is_url) {
		const char *repo = publish_call_repo(call);

		if (repo == NULL)
			return PUBLISH_USAGE;
		folder = publish_call_path(call, repo);
		if (folder == NULL)
			return PUBLISH_FAILED;
		/* With the publisher's folder all groups are known; without, the one of --group. */
		char *work = publish_call_work(call, repo);
		if (access(work, F_OK) == 0 && publish_work_open(work, false, NULL, &call->opened, &note) != 0)
			publish_call_fail(call, &note);
		mem_free(work);
	}
	url = is_url ? mem_string(call->words[0]) : mem_format("file://%s", folder);
	root = call->root != NULL ? mem_string(call->root) : mem_format("%s/metadata/1.root.json", folder);
	int err = publish_verify_url(call, url, root, true, false, &note);
	mem_free(url);
	mem_free(root);
	mem_free(folder);
	return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}
