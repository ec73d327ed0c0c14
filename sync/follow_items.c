/* SPDX-License-Identifier: Apache-2.0 */
/* From the group's list to a manifest: each item looked up by its path down the delegations, its custom read within
 * limits, the version chosen that is for this node. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/guards.h"
#include "sync/rollout.h"
#include "sync/rrtext.h"
#include "sync/tuf_match.h"
#include "zone/name.h"

enum { SMALL_FILE_MAX = 64 << 20, STEP_RAW_MAX = 1 << 30 };

static enum follow_result fault(struct follow *follow, const char *path, const char *what)
{
	err_note_set(follow->note, NULL, 0, "%.200s: %s", path, what);
	return FOLLOW_CONTENT;
}

/* ---- custom of a zone ---- */

static bool get_digits(struct json_view *from, const char *name, char ret[MANIFEST_HEX])
{
	const char *text = json_view_text(json_view_member(from, name));
	uint8_t bytes[HASH_SHA256_BYTES];

	if (text == NULL || hash_get_hex(text, bytes, sizeof bytes) != HASH_SHA256_BYTES)
		return false;
	hash_put_hex((struct span){ bytes, sizeof bytes }, ret);
	return true;
}

static bool get_number(struct json_view *from, const char *name, int64_t least, int64_t most, int64_t *ret)
{
	return json_view_integer(json_view_member(from, name), ret) && *ret >= least && *ret <= most;
}

static bool get_serial(struct json_view *from, const char *name, uint32_t *ret)
{
	int64_t value;

	if (!get_number(from, name, 0, UINT32_MAX, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool get_sum(struct json_view *from, const char *name, char ret[MANIFEST_HEX])
{
	struct json_view *state = json_view_member(from, name);
	const char *alg = json_view_text(json_view_member(state, "alg"));

	/* An algorithm that is not known here is as none: then the SHA-256 of the files has to do. */
	return state == NULL || alg == NULL || strcmp(alg, LTHASH_NAME) != 0 || get_digits(state, "sum", ret);
}

static bool read_steps(struct json_view *list, struct manifest_item *item)
{
	struct manifest_step steps[MANIFEST_STEPS_MAX];
	size_t count = json_view_count(list), used = 0;

	/* The newest are last; more than are taken is no fault, and the checkpoint leads everywhere. */
	for (size_t i = count > MANIFEST_STEPS_MAX ? count - MANIFEST_STEPS_MAX : 0; i < count; i++) {
		struct json_view *from = json_view_at(list, i);
		struct manifest_step *step = &steps[used++];
		int64_t length, raw;

		*step = (struct manifest_step){ 0 };
		if (!get_serial(from, "from", &step->from) || !get_serial(from, "to", &step->to)
		    || !get_digits(from, "sha256", step->blob.sha256)
		    || !get_number(from, "length", 1, FOLLOW_BLOB_MAX, &length)
		    || !get_number(from, "raw", 1, STEP_RAW_MAX, &raw))
			return false;
		step->blob.length = (uint64_t)length;
		step->raw = (uint64_t)raw;
	}
	manifest_set_steps(&item->steps, &item->step_count, steps, used);
	return true;
}

static bool is(struct json_view *custom, const char *name, const char *value)
{
	const char *text = json_view_text(json_view_member(custom, name));

	return text != NULL && strcmp(text, value) == 0;
}

static enum follow_result read_zone(struct follow *follow, struct json_view *custom, struct manifest_item *item)
{
	struct json_view *raw = json_view_member(custom, "raw");
	int64_t length;

	if (!is(custom, "codec", "zstd") || !is(custom, "fmt", RRTEXT_NAME))
		return fault(follow, item->path, "custom: expected codec zstd and fmt " RRTEXT_NAME);
	if (!get_number(raw, "length", 1, (int64_t)1 << 40, &length) || !get_digits(raw, "sha256", item->raw_sha256))
		return fault(follow, item->path, "custom: raw has no length and sha256");
	if (!get_serial(custom, "serial", &item->serial) || !get_serial(custom, "head", &item->head))
		return fault(follow, item->path, "custom: expected the serials serial and head");
	if (!get_sum(custom, "state", item->sum) || !get_sum(custom, "checkpoint_state", item->checkpoint_sum))
		return fault(follow, item->path, "custom: expected a state digest of 64 hexadecimal digits");
	item->raw_length = (uint64_t)length;
	if (!read_steps(json_view_member(custom, "cs"), item))
		return fault(follow, item->path, "custom: cs is not a list of changesets");
	return FOLLOW_NEW;
}

/* ---- the version before, for those who have to wait ---- */

/* What this node has of it already, whichever generation that is from: it only has to stay. */
static bool stay(struct follow *follow, struct json_view *prev, struct manifest_item *item)
{
	const struct manifest_item *had =
		follow->running != NULL ? manifest_find(follow->running->manifest, item->path) : NULL;
	char sha256[MANIFEST_HEX] = "";
	uint32_t head = 0;

	get_digits(prev, "sha256", sha256);
	get_serial(prev, "head", &head);
	if (had == NULL || (item->kind == MANIFEST_ZONE ? had->head != head : strcmp(had->blob.sha256, sha256) != 0))
		return false;
	item->blob = had->blob;
	item->serial = had->serial;
	item->head = had->head;
	item->release = had->release;
	item->raw_length = had->raw_length;
	memcpy(item->raw_sha256, had->raw_sha256, sizeof item->raw_sha256);
	memcpy(item->sum, had->sum, sizeof item->sum);
	manifest_set_steps(&item->steps, &item->step_count, had->steps, had->step_count);
	mem_free(item->type);
	item->type = mem_string(had->type);
	item->max_age_s = had->max_age_s;
	return true;
}

static enum follow_result hold_back(struct follow *follow, struct json_view *prev, struct manifest_item *item)
{
	struct json_view *raw = json_view_member(prev, "raw");
	int64_t length;

	item->held_back = true;
	item->release = 0;
	if (stay(follow, prev, item))
		return FOLLOW_NEW;
	if (!get_digits(prev, "sha256", item->blob.sha256) || !get_number(prev, "length", 0, FOLLOW_BLOB_MAX, &length))
		return fault(follow, item->path, "custom: rollout: prev has no length and sha256");
	item->blob.length = (uint64_t)length;
	if (item->kind != MANIFEST_ZONE)
		return FOLLOW_NEW;
	if (!get_serial(prev, "head", &item->head))
		return fault(follow, item->path, "custom: rollout: prev has no head");
	/* Its checkpoint may be older than its head; the changesets of the new one lead there. */
	item->serial = item->head;
	get_serial(prev, "serial", &item->serial);
	item->sum[0] = item->checkpoint_sum[0] = '\0';
	if (!get_sum(prev, "state", item->sum))
		return fault(follow, item->path, "custom: rollout: prev has no good state digest");
	if (!get_number(raw, "length", 1, (int64_t)1 << 40, &length) || !get_digits(raw, "sha256", item->raw_sha256))
		return fault(follow, item->path, "custom: rollout: prev has no raw length and sha256");
	item->raw_length = (uint64_t)length;
	if (json_view_member(prev, "cs") != NULL && !read_steps(json_view_member(prev, "cs"), item))
		return fault(follow, item->path, "custom: rollout: cs of prev is not a list of changesets");
	return FOLLOW_NEW;
}

static enum follow_result read_rollout(struct follow *follow, struct json_view *custom, struct manifest_item *item)
{
	struct json_view *rollout = json_view_member(custom, "rollout");

	if (rollout == NULL)
		return FOLLOW_NEW;
	get_number(rollout, "soak", 0, 86400, &item->soak_s);
	if (rollout_selects(rollout, follow->settings->conf->node.name))
		return FOLLOW_NEW;
	item->soak_s = 0;
	struct json_view *prev = json_view_member(rollout, "prev");
	/* Without a version before there is nothing else to serve: it is new, and it is for all. */
	return prev != NULL && json_view_is_object(prev) ? hold_back(follow, prev, item) : FOLLOW_NEW;
}

/* ---- one target ---- */

static enum follow_result read_custom(struct follow *follow, struct json_view *custom, struct manifest_item *item)
{
	enum follow_result result = FOLLOW_NEW;
	int64_t version = 1;

	json_view_integer(json_view_member(custom, "v"), &version);
	if (version != 1)
		return fault(follow, item->path, "custom: it is of a later version than this node knows");
	json_view_integer(json_view_member(custom, "release"), &item->release);
	if (item->kind == MANIFEST_ZONE)
		result = read_zone(follow, custom, item);
	item->type = mem_string(json_view_text(json_view_member(custom, "type")));
	get_number(custom, "max_age", 0, (int64_t)365 * 86400, &item->max_age_s);
	return result == FOLLOW_NEW ? read_rollout(follow, custom, item) : result;
}

struct manifest_item *follow_target(struct follow *follow, enum manifest_kind kind, const char *path, bool must,
				    enum follow_result *ret_result)
{
	struct json_view *custom = NULL;
	struct tuf_file file;
	bool found;

	*ret_result = tuf_path_is_good(path) ? follow_find(follow, path, &file, &custom, &found) : FOLLOW_CONTENT;
	if (*ret_result == FOLLOW_CONTENT)
		fault(follow, "subscribe.json", "a name in it cannot be part of a path");
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
		*ret_result = fault(follow, path, "no SHA-256 of it is listed");
	else if (file.length > (kind == MANIFEST_ZONE ? FOLLOW_BLOB_MAX : SMALL_FILE_MAX))
		*ret_result = fault(follow, path, "it is larger than is taken");
	else
		*ret_result = read_custom(follow, custom, item);
	return item;
}

/* Small files that are read on the way. *ret_bytes is the caller's. */
static enum follow_result read_now(struct follow *follow, const struct manifest_item *item, uint8_t **ret_bytes)
{
	char *name = follow_target_name(item->path, item->blob.sha256);
	int err = item->blob.length <= FOLLOW_LIST_MAX ? follow_need(follow, name, &item->blob, follow->note) : ERR_LIMIT;

	if (err == ERR_LIMIT)
		fault(follow, item->path, "it is larger than is taken");
	if (err == 0)
		err = state_read_blob(follow->settings->state, &item->blob, ret_bytes, follow->note);
	mem_free(name);
	return err == 0 ? FOLLOW_NEW : follow_result_of(err);
}

/* ---- policy ---- */

static enum follow_result add_policy(struct follow *follow, struct guards **ret_guards)
{
	static const char *const paths[] = { "policy/guards.json", "policy/probes.json" };
	enum follow_result result = FOLLOW_NEW;

	for (size_t i = 0; i < 2 && result == FOLLOW_NEW; i++) {
		struct manifest_item *item = follow_target(follow, MANIFEST_POLICY, paths[i], false, &result);
		uint8_t *bytes;

		if (item == NULL || result != FOLLOW_NEW)
			continue;
		result = read_now(follow, item, &bytes);
		if (result != FOLLOW_NEW)
			continue;
		if (i == 0 && guards_parse((struct span){ bytes, item->blob.length }, ret_guards, follow->note) != 0)
			result = FOLLOW_CONTENT;
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

static enum follow_result add_item(struct follow *follow, enum manifest_kind kind, const char *name, int64_t order,
				   const struct guards *guards)
{
	char *path = name != NULL ? path_of(kind, name) : NULL;
	enum follow_result result;

	if (path == NULL)
		return fault(follow, "subscribe.json", "a name in it is none");
	struct manifest_item *item = follow_target(follow, kind, path, true, &result);
	if (result == FOLLOW_NEW) {
		item->order = order;
		char *zone = kind == MANIFEST_ZONE ? content_zone_name(path) : NULL;
		if (zone != NULL && item->raw_length > guards_max_raw(guards, zone)) {
			fault(follow, path, "guard max_raw: it would have more bytes than it may");
			result = FOLLOW_GUARD;
		}
		mem_free(zone);
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
		return fault(follow, "subscribe.json", "expected lists of at most 131072 names");
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
			result = fault(follow, path, "expected {\"v\":1,\"zones\":[...],...}");
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
	guards_free(guards);
	json_view_free(document);
	mem_free(path);
	return result;
}
