/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_build.h"
#include "sync/manifest_inner.h"

static const char *const kinds[MANIFEST_KINDS] = { "zone", "sites", "part", "file", "secret", "policy", "list" };

void manifest_free(struct manifest *manifest)
{
	if (manifest == NULL)
		return;
	for (size_t i = 0; i < manifest->item_count; i++) {
		struct manifest_item *item = &manifest->items[i];

		mem_free(item->path);
		mem_free(item->steps);
		mem_free(item->overlay);
		mem_free(item->type);
		mem_free(item->state);
	}
	for (size_t i = 0; i < manifest->walk_count; i++) {
		for (size_t j = 0; j < manifest->walks[i].role_count; j++)
			mem_free(manifest->walks[i].roles[j].name);
		mem_free(manifest->walks[i].roles);
	}
	mem_free(manifest->walks);
	mem_free(manifest->items);
	mem_free(manifest->parts);
	mem_free(manifest->release);
	mem_free(manifest);
}

struct manifest_item *manifest_add(struct manifest *manifest, enum manifest_kind kind, const char *path)
{
	void *items = manifest->items;

	mem_grow(&items, &manifest->item_room, manifest->item_count, sizeof *manifest->items);
	manifest->items = items;
	struct manifest_item *item = &manifest->items[manifest->item_count++];
	*item = (struct manifest_item){ .kind = kind, .path = mem_string(path) };
	return item;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct manifest_item *)a)->path, ((const struct manifest_item *)b)->path);
}

void manifest_sort(struct manifest *manifest)
{
	if (manifest->item_count > 0)
		qsort(manifest->items, manifest->item_count, sizeof *manifest->items, by_path);
}

struct manifest_item *manifest_find(const struct manifest *manifest, const char *path)
{
	struct manifest_item key = { .path = (char *)(uintptr_t)path };

	if (manifest == NULL || manifest->item_count == 0)
		return NULL;
	return bsearch(&key, manifest->items, manifest->item_count, sizeof key, by_path);
}

void manifest_set_steps(struct manifest_step **list, size_t *count, const struct manifest_step *steps, size_t step_count)
{
	struct manifest_step *copy = step_count > 0 ? mem_copy(steps, step_count * sizeof *steps) : NULL;

	mem_free(*list);
	*list = copy;
	*count = step_count;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool manifest_same_item(const struct manifest_item *a, const struct manifest_item *b)
{
	if (a->kind != b->kind || strcmp(a->path, b->path) != 0)
		return false;
	if (a->serve_max_s != b->serve_max_s || a->serve_soa_expire != b->serve_soa_expire || a->aged_servfail != b->aged_servfail)
		return false;
	if (a->kind == MANIFEST_ZONE && a->sum[0] != '\0' && b->sum[0] != '\0')
		return a->head == b->head && strcmp(a->sum, b->sum) == 0;
	return strcmp(a->blob.sha256, b->blob.sha256) == 0 && a->order == b->order && a->head == b->head && same_text(a->type, b->type)
		&& a->max_age_s == b->max_age_s;
}

bool manifest_same(const struct manifest *a, const struct manifest *b)
{
	if (a == NULL || b == NULL || a->item_count != b->item_count || strcmp(a->release, b->release) != 0)
		return false;
	for (size_t i = 0; i < a->item_count; i++) {
		if (!manifest_same_item(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

unsigned manifest_count_of(const struct manifest *manifest, const char *release)
{
	char *end;
	int64_t number = strtoll(release, &end, 10);
	unsigned count = 0;

	for (size_t i = 0; *end == '\0' && i < manifest->item_count; i++) {
		const struct manifest_item *item = &manifest->items[i];

		count += item->release == number && !item->held_back && item->kind != MANIFEST_LIST;
	}
	return count;
}

/* ---- writing ---- */

static void set_text(struct json_view *object, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_build_set_text(object, name, text);
}

static void set_number(struct json_view *object, const char *name, uint64_t value)
{
	if (value != 0)
		json_build_set_integer(object, name, (int64_t)value);
}

static void set_flag(struct json_view *object, const char *name, bool value)
{
	if (value)
		json_build_set(object, name, json_build_flag(true));
}

static void set_steps(struct json_view *object, const char *name, const struct manifest_step *steps, size_t count)
{
	struct json_view *list = count > 0 ? json_build_list_in(object, name) : NULL;

	for (size_t i = 0; i < count; i++) {
		struct json_view *step = json_build_object();

		set_text(step, "sha256", steps[i].blob.sha256);
		set_number(step, "length", steps[i].blob.length);
		set_number(step, "from", steps[i].from);
		set_number(step, "to", steps[i].to);
		set_number(step, "raw", steps[i].raw);
		json_build_append(list, step);
	}
}

struct json_view *manifest_print_item(const struct manifest_item *item)
{
	struct json_view *object = json_build_object();

	json_build_set_text(object, "kind", kinds[item->kind]);
	json_build_set_text(object, "path", item->path);
	set_text(object, "sha256", item->blob.sha256);
	set_number(object, "length", item->blob.length);
	set_flag(object, "held_back", item->held_back);
	set_flag(object, "staged", item->staged);
	set_number(object, "lifted_head", item->lifted_head);
	set_text(object, "lifted_sum", item->lifted_sum);
	set_number(object, "text", item->text_length);
	set_number(object, "soak", (uint64_t)item->soak_s);
	set_number(object, "release", (uint64_t)item->release);
	set_number(object, "order", (uint64_t)item->order);
	set_number(object, "serial", item->serial);
	set_number(object, "head", item->head);
	set_number(object, "raw_length", item->raw_length);
	set_text(object, "raw_sha256", item->raw_sha256);
	set_text(object, "sum", item->sum);
	set_text(object, "checkpoint_sum", item->checkpoint_sum);
	set_steps(object, "steps", item->steps, item->step_count);
	set_text(object, "image", item->image);
	set_number(object, "image_serial", item->image_serial);
	set_steps(object, "overlay", item->overlay, item->overlay_count);
	if (item->state != NULL) {
		char digits[2 * MANIFEST_STATE_BYTES + 1];

		hash_put_hex((struct span){ item->state, MANIFEST_STATE_BYTES }, digits);
		json_build_set_text(object, "state", digits);
	}
	set_text(object, "type", item->type);
	set_number(object, "max_age", (uint64_t)item->max_age_s);
	set_number(object, "serve_max", (uint64_t)item->serve_max_s);
	set_flag(object, "serve_soa_expire", item->serve_soa_expire);
	set_flag(object, "aged_servfail", item->aged_servfail);
	return object;
}

static void sum_of(struct json_view *document, char ret_digits[MANIFEST_HEX])
{
	uint8_t digest[HASH_SHA256_BYTES];
	size_t len;
	uint8_t *bytes = json_view_canonical(document, &len);

	ret_digits[0] = '\0';
	if (bytes == NULL)	/* a number that is no integer: not ours */
		return;
	hash_sha256((struct span){ bytes, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, ret_digits);
	mem_free(bytes);
}

char *manifest_print(const struct manifest *manifest, size_t *ret_len)
{
	struct json_view *document = json_build_object(), *list;
	char digits[MANIFEST_HEX];

	json_build_set_integer(document, "v", 1);
	json_build_set_integer(document, "generation", (int64_t)manifest->generation);
	json_build_set_text(document, "release", manifest->release);
	json_build_set_integer(document, "timestamp", manifest->timestamp);
	json_build_set_integer(document, "snapshot", manifest->snapshot);
	json_build_set_integer(document, "fetched", manifest->fetched_s);
	list = json_build_list_in(document, manifest->part_count > 0 ? "parts" : "items");
	for (size_t i = 0; i < manifest->part_count; i++) {
		struct json_view *part = json_build_object();

		set_text(part, "sha256", manifest->parts[i].sha256);
		set_number(part, "length", manifest->parts[i].length);
		json_build_append(list, part);
	}
	for (size_t i = 0; manifest->part_count == 0 && i < manifest->item_count; i++)
		json_build_append(list, manifest_print_item(&manifest->items[i]));
	sum_of(document, digits);
	json_build_set_text(document, "sum", digits);
	char *text = json_build_print(document, ret_len);
	json_view_free(document);
	return text;
}

/* ---- reading: what we wrote, and what a disk may have made of it ---- */

static void get_digits(struct json_view *object, const char *name, char ret[MANIFEST_HEX])
{
	const char *text = json_view_text(json_view_member(object, name));
	uint8_t bytes[HASH_SHA256_BYTES];

	if (text != NULL && hash_get_hex(text, bytes, sizeof bytes) == HASH_SHA256_BYTES)
		memcpy(ret, text, MANIFEST_HEX);
}

static uint64_t get_number(struct json_view *object, const char *name)
{
	int64_t value = 0;

	return json_view_integer(json_view_member(object, name), &value) && value > 0 ? (uint64_t)value : 0;
}

static void get_steps(struct json_view *object, const char *name, struct manifest_step **ret, size_t *ret_count)
{
	struct json_view *list = json_view_member(object, name);
	size_t count = json_view_is_list(list) ? json_view_count(list) : 0;

	*ret = mem_array(count, sizeof **ret);
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		struct json_view *from = json_view_at(list, i);
		struct manifest_step *step = &(*ret)[i];

		get_digits(from, "sha256", step->blob.sha256);
		step->blob.length = get_number(from, "length");
		step->from = (uint32_t)get_number(from, "from");
		step->to = (uint32_t)get_number(from, "to");
		step->raw = get_number(from, "raw");
	}
}

static int kind_of(const char *text)
{
	for (int i = 0; text != NULL && i < MANIFEST_KINDS; i++) {
		if (strcmp(text, kinds[i]) == 0)
			return i;
	}
	return -1;
}

bool manifest_read_item(struct json_view *from, struct manifest *manifest)
{
	const char *path = json_view_text(json_view_member(from, "path"));
	int kind = kind_of(json_view_text(json_view_member(from, "kind")));

	if (kind < 0 || path == NULL)
		return false;
	struct manifest_item *item = manifest_add(manifest, (enum manifest_kind)kind, path);
	get_digits(from, "sha256", item->blob.sha256);
	item->blob.length = get_number(from, "length");
	json_view_flag(json_view_member(from, "held_back"), &item->held_back);
	json_view_flag(json_view_member(from, "staged"), &item->staged);
	item->lifted_head = (uint32_t)get_number(from, "lifted_head");
	get_digits(from, "lifted_sum", item->lifted_sum);
	item->text_length = get_number(from, "text");
	item->soak_s = (int64_t)get_number(from, "soak");
	item->release = (int64_t)get_number(from, "release");
	item->order = (int64_t)get_number(from, "order");
	item->serial = (uint32_t)get_number(from, "serial");
	item->head = (uint32_t)get_number(from, "head");
	item->raw_length = get_number(from, "raw_length");
	get_digits(from, "raw_sha256", item->raw_sha256);
	get_digits(from, "sum", item->sum);
	get_digits(from, "checkpoint_sum", item->checkpoint_sum);
	get_steps(from, "steps", &item->steps, &item->step_count);
	get_digits(from, "image", item->image);
	item->image_serial = (uint32_t)get_number(from, "image_serial");
	get_steps(from, "overlay", &item->overlay, &item->overlay_count);
	const char *state = json_view_text(json_view_member(from, "state"));
	item->state = state != NULL ? mem_alloc(MANIFEST_STATE_BYTES) : NULL;
	if (state != NULL && hash_get_hex(state, item->state, MANIFEST_STATE_BYTES) != MANIFEST_STATE_BYTES)
		return false;
	item->type = mem_string(json_view_text(json_view_member(from, "type")));
	item->max_age_s = (int64_t)get_number(from, "max_age");
	item->serve_max_s = (int64_t)get_number(from, "serve_max");
	json_view_flag(json_view_member(from, "serve_soa_expire"), &item->serve_soa_expire);
	json_view_flag(json_view_member(from, "aged_servfail"), &item->aged_servfail);
	return true;
}

static bool read_parts(struct json_view *list, struct manifest *manifest)
{
	manifest->part_count = json_view_count(list);
	manifest->parts = mem_array(manifest->part_count, sizeof *manifest->parts);
	for (size_t i = 0; i < manifest->part_count; i++) {
		get_digits(json_view_at(list, i), "sha256", manifest->parts[i].sha256);
		manifest->parts[i].length = get_number(json_view_at(list, i), "length");
		if (manifest->parts[i].sha256[0] == '\0' || manifest->parts[i].length > MANIFEST_BYTES_MAX)
			return false;
	}
	return manifest->part_count > 0 && manifest->part_count <= MANIFEST_PARTS;
}

static bool read_all(struct json_view *document, struct manifest *manifest)
{
	struct json_view *list = json_view_member(document, "items");
	const char *release = json_view_text(json_view_member(document, "release"));

	if (get_number(document, "v") != 1)
		return false;
	manifest->generation = get_number(document, "generation");
	manifest->release = mem_string(release);
	manifest->timestamp = (int64_t)get_number(document, "timestamp");
	manifest->snapshot = (int64_t)get_number(document, "snapshot");
	manifest->fetched_s = (int64_t)get_number(document, "fetched");
	if (release != NULL && json_view_is_list(json_view_member(document, "parts")))
		return read_parts(json_view_member(document, "parts"), manifest);
	if (!json_view_is_list(list) || release == NULL)
		return false;
	for (size_t i = 0; i < json_view_count(list); i++) {
		if (!manifest_read_item(json_view_at(list, i), manifest))
			return false;
	}
	manifest_sort(manifest);
	return true;
}

int manifest_parse(struct span bytes, struct manifest **ret, struct err_note *note)
{
	struct json_view *document = json_view_parse(bytes, note);
	char given[MANIFEST_HEX] = "", digits[MANIFEST_HEX] = "";

	if (document != NULL && json_view_is_object(document)) {
		get_digits(document, "sum", given);
		json_build_remove(document, "sum");
		sum_of(document, digits);
	}
	if (given[0] == '\0' || strcmp(given, digits) != 0) {
		json_view_free(document);
		err_note_set(note, NULL, 0, "the manifest is damaged");
		return ERR_FORMAT;
	}
	struct manifest *manifest = mem_alloc(sizeof *manifest);
	bool good = read_all(document, manifest);
	json_view_free(document);
	if (!good) {
		manifest_free(manifest);
		err_note_set(note, NULL, 0, "the manifest is not of this form: it may be of a later version");
		return ERR_FORMAT;
	}
	*ret = manifest;
	return 0;
}
