/* SPDX-License-Identifier: Apache-2.0 */
/* From the group's list to a manifest: each item looked up by its path down the delegations. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/guards.h"
#include "sync/tuf_match.h"
#include "zone/name.h"

enum { SMALL_FILE_MAX = 64 << 20 };

struct manifest_item *follow_target(struct follow *follow, enum manifest_kind kind, const char *path, bool must,
				    enum follow_result *ret_result)
{
	struct json_view *custom = NULL;
	struct tuf_file file;
	bool found;

	*ret_result = FOLLOW_NEW;
	struct manifest_item *known = follow_recall(follow, kind, path);
	if (known != NULL)
		return known;
	*ret_result = tuf_path_is_good(path) ? follow_find(follow, path, &file, &custom, &found) : FOLLOW_CONTENT;
	if (*ret_result == FOLLOW_CONTENT)
		follow_fault(follow, "subscribe.json", "a name in it cannot be part of a path");
	if (*ret_result != FOLLOW_NEW)
		return NULL;
	if (!found) {
		*ret_result = must ? FOLLOW_CONTENT : FOLLOW_NEW;
		return NULL;
	}
	struct manifest_item *item = manifest_add(follow->manifest, kind, path);
	for (size_t i = 0; i < file.hashes.count; i++) {
		if (file.hashes.list[i].kind == HASH_SHA256)
			hash_put_hex((struct span){ file.hashes.list[i].bytes, HASH_SHA256_BYTES }, item->blob.sha256);
	}
	item->blob.length = (uint64_t)file.length;
	if (item->blob.sha256[0] == '\0')
		*ret_result = follow_fault(follow, path, "no SHA-256 of it is listed");
	else if (file.length > (kind == MANIFEST_ZONE ? FOLLOW_BLOB_MAX : SMALL_FILE_MAX))
		*ret_result = follow_fault(follow, path, "it is larger than is taken");
	else
		*ret_result = follow_custom(follow, custom, item);
	if (*ret_result == FOLLOW_NEW)
		follow_remember(follow, item);
	return item;
}

/* Small files that are read on the way. *ret_bytes is the caller's. */
static enum follow_result read_now(struct follow *follow, const struct manifest_item *item, uint8_t **ret_bytes)
{
	char *name = follow_target_name(item->path, item->blob.sha256);
	int err = item->blob.length <= FOLLOW_LIST_MAX ? follow_need(follow, name, &item->blob, follow->note) : ERR_LIMIT;

	if (err == ERR_LIMIT)
		follow_fault(follow, item->path, "it is larger than is taken");
	if (err == 0)
		err = state_read_blob(follow->settings->state, &item->blob, ret_bytes, follow->note);
	mem_free(name);
	if (err != 0)
		content_name_item(follow->note, item->path);
	return err == 0 ? FOLLOW_NEW : follow_result_of(err);
}

/* ---- policy ---- */

static enum follow_result add_policy(struct follow *follow, struct guards **ret_guards)
{
	static const char *const paths[] = { "policy/guards.json", "policy/probes.json", "policy/gate.json" };
	enum follow_result result = FOLLOW_NEW;

	for (size_t i = 0; i < sizeof paths / sizeof paths[0] && result == FOLLOW_NEW; i++) {
		struct manifest_item *item = follow_target(follow, MANIFEST_POLICY, paths[i], false, &result);
		uint8_t *bytes;

		if (item == NULL || result != FOLLOW_NEW)
			continue;
		result = read_now(follow, item, &bytes);
		if (result != FOLLOW_NEW)
			continue;
		if (i == 0 && guards_parse((struct span){ bytes, item->blob.length }, ret_guards, follow->note) != 0)
			result = FOLLOW_CONTENT;
		else if (i == 0 && guards_unbound(*ret_guards) > 0)
			follow_remark(follow, "%s: %zu overrides name a release only and lift nothing: expected zone, head and sum",
				      item->path, guards_unbound(*ret_guards));
		mem_free(bytes);
	}
	return result;
}

/* ---- the list ---- */

/* As the publisher writes it: lower case, "@" for the root, other bytes than [a-z0-9._-] as %hh. The caller's; NULL: no
 * domain name. */
static char *zone_path(const char *name)
{
	char text[DNS_NAME_TEXT_MAX], *path;
	struct name apex;
	size_t len;

	if (name_from_text(name, &apex) != 0)
		return NULL;
	if (apex.labels == 0)
		return mem_string("zones/@/zone");
	name_print(apex.wire, text);
	text[strlen(text) - 1] = '\0';
	path = mem_alloc(3 * strlen(text) + sizeof "zones//zone");
	len = (size_t)sprintf(path, "zones/");
	for (const char *at = text; *at != '\0'; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || strchr("._-", *at) != NULL;

		len += (size_t)sprintf(path + len, plain ? "%c" : "%%%02x", (unsigned char)*at);
	}
	strcpy(path + len, "/zone");
	return path;
}

static char *path_of(enum manifest_kind kind, const char *name)
{
	switch (kind) {
	case MANIFEST_ZONE: return zone_path(name);
	case MANIFEST_SITES: return mem_format("sites/%s/sites.yaml", name);
	case MANIFEST_FILE: return mem_format("files/%s", name);
	default: return mem_format("secrets/%s", name);
	}
}

static bool is_lifted(const struct guards *guards, const char *zone, const struct manifest_item *item)
{
	char *id = guards_content_id(zone, item->head, item->sum);
	bool lifted = guards_lift(guards, id);

	mem_free(id);
	return lifted;
}

/* Before anything of it is fetched. */
static enum follow_result check_size(struct follow *follow, const struct manifest_item *item, const struct guards *guards)
{
	uint64_t most = follow->settings->conf->sync.max_zone_bytes > 0 ? follow->settings->conf->sync.max_zone_bytes : UINT64_MAX;
	char *zone = content_zone_name(item->path);
	enum follow_result result = FOLLOW_NEW;

	if (item->raw_length > most || item->blob.length > most) {
		result = FOLLOW_CONTENT;
		err_note_set(follow->note, NULL, 0, "%.200s: the zone has %" PRIu64 " bytes as text, sync.max-zone-size of this node allows"
			     " %" PRIu64, item->path, item->raw_length > item->blob.length ? item->raw_length : item->blob.length, most);
	} else if (zone != NULL && item->raw_length > guards_max_raw(guards, zone) && !is_lifted(guards, zone, item)) {
		follow_fault(follow, item->path, "guard max_raw: it would have more bytes than it may");
		result = FOLLOW_GUARD;
	}
	mem_free(zone);
	return result;
}

static enum follow_result add_item(struct follow *follow, enum manifest_kind kind, const char *name, int64_t order,
				   const struct guards *guards)
{
	char *path = name != NULL ? path_of(kind, name) : NULL;
	enum follow_result result;

	if (path == NULL)
		return follow_fault(follow, "subscribe.json", "a name in it is none");
	struct manifest_item *item = follow_target(follow, kind, path, true, &result);
	if (result == FOLLOW_NEW) {
		item->order = order;
		if (kind == MANIFEST_ZONE)
			result = check_size(follow, item, guards);
	}
	mem_free(path);
	return result;
}

static enum follow_result add_list(struct follow *follow, struct json_view *document, const char *key,
				   enum manifest_kind kind, const struct guards *guards)
{
	struct json_view *list = json_view_member(document, key);
	enum follow_result result = FOLLOW_NEW;

	if (list == NULL)
		return FOLLOW_NEW;
	if (!json_view_is_list(list) || json_view_count(list) > FOLLOW_ITEMS_MAX)
		return follow_fault(follow, "subscribe.json", "expected lists of at most 131072 names");
	for (size_t i = 0; i < json_view_count(list) && result == FOLLOW_NEW; i++)
		result = add_item(follow, kind, json_view_text(json_view_at(list, i)), (int64_t)i + 1, guards);
	return result;
}

/* ---- what a sites.yaml names ---- */

struct parts {
	struct follow *follow;
	enum follow_result result;
};

static int add_part(void *ctx, const char *path)
{
	struct parts *parts = ctx;
	struct manifest *manifest = parts->follow->manifest;

	for (size_t i = manifest->item_count; i > 0; i--) {
		if (manifest->items[i - 1].kind == MANIFEST_PART && strcmp(manifest->items[i - 1].path, path) == 0)
			return 0;
	}
	follow_target(parts->follow, MANIFEST_PART, path, true, &parts->result);
	return parts->result == FOLLOW_NEW ? 0 : ERR_INVALID;
}

static enum follow_result add_parts(struct follow *follow, size_t index)
{
	/* Items may move when one is added. */
	const struct manifest_item item = follow->manifest->items[index];
	struct parts parts = { follow, FOLLOW_NEW };
	struct err_list errors = { 0 };
	struct conf *sites;
	uint8_t *bytes;
	enum follow_result result = read_now(follow, &item, &bytes);

	if (result != FOLLOW_NEW)
		return result;
	char *path = mem_string(item.path);
	if (conf_parse_sites(path, (const char *)bytes, item.blob.length, follow->settings->conf, &sites, &errors) != 0) {
		*follow->note = errors.notes[0];
		result = FOLLOW_CONTENT;
	} else {
		if (content_sites_names(sites, path, add_part, &parts, follow->note) != 0)
			result = parts.result != FOLLOW_NEW ? parts.result : FOLLOW_CONTENT;
		conf_free(sites);
	}
	err_list_fini(&errors);
	mem_free(bytes);
	mem_free(path);
	return result;
}

/* What stands twice would be built, counted and served twice. Sorted: a zone in two spellings has one path. */
static enum follow_result refuse_doubles(struct follow *follow)
{
	const struct manifest *manifest = follow->manifest;

	for (size_t i = 1; i < manifest->item_count; i++) {
		if (strcmp(manifest->items[i - 1].path, manifest->items[i].path) == 0)
			return follow_fault(follow, manifest->items[i].path, "subscribe.json lists it twice");
	}
	return FOLLOW_NEW;
}

static void set_release(struct manifest *manifest)
{
	int64_t newest = 0;

	for (size_t i = 0; i < manifest->item_count; i++) {
		if (manifest->items[i].release > newest)
			newest = manifest->items[i].release;
	}
	manifest->release = newest > 0 ? mem_format("%" PRId64, newest) : mem_format("snapshot-%" PRId64, manifest->snapshot);
}

enum follow_result follow_items(struct follow *follow)
{
	char *path = mem_format("fleet/%s/subscribe.json", follow->settings->conf->sync.group);
	struct json_view *document = NULL;
	struct guards *guards = NULL;
	enum follow_result result;
	int64_t version = 0;
	uint8_t *bytes;

	struct manifest_item *list = follow_target(follow, MANIFEST_LIST, path, true, &result);
	if (result == FOLLOW_NEW)
		result = read_now(follow, list, &bytes);
	if (result == FOLLOW_NEW) {
		document = json_view_parse((struct span){ bytes, list->blob.length }, follow->note);
		mem_free(bytes);
		if (document == NULL || !json_view_integer(json_view_member(document, "v"), &version) || version != 1)
			result = follow_fault(follow, path, "expected {\"v\":1,\"zones\":[...],...}");
	}
	if (result == FOLLOW_NEW)
		result = add_policy(follow, &guards);
	if (result == FOLLOW_NEW)
		result = add_list(follow, document, "zones", MANIFEST_ZONE, guards);
	if (result == FOLLOW_NEW)
		result = add_list(follow, document, "sites", MANIFEST_SITES, guards);
	if (result == FOLLOW_NEW)
		result = add_list(follow, document, "files", MANIFEST_FILE, guards);
	if (result == FOLLOW_NEW)
		result = add_list(follow, document, "secrets", MANIFEST_SECRET, guards);
	for (size_t i = 0, count = follow->manifest->item_count; i < count && result == FOLLOW_NEW; i++) {
		if (follow->manifest->items[i].kind == MANIFEST_SITES)
			result = add_parts(follow, i);
	}
	set_release(follow->manifest);
	manifest_sort(follow->manifest);
	if (result == FOLLOW_NEW)
		result = refuse_doubles(follow);
	guards_free(guards);
	json_view_free(document);
	mem_free(path);
	return result;
}
