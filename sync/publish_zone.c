/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_zone.h"

#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/publish_chain.h"
#include "sync/publish_item.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/compile.h"
#include "zone/rdata.h"

/* A new checkpoint when fetching the chain has come to cost a quarter of it, but not for every change of a small
 * zone. */
/* a node takes no more than 64 */
enum { CHAIN_PART = 4, CHAIN_BYTES = 2048, CHAIN_STEPS = 32, CHAIN_ENTRIES = 60 };

void publish_zone_fini(struct publish_zone *zone)
{
	if (zone->image != NULL)
		zone_image_release(zone->image);
	if (zone->base != NULL)
		zone_image_release(zone->base);
	zone->image = zone->base = NULL;
}

bool publish_zone_sum(struct json_view *custom, const char *which, uint8_t ret_sum[LTHASH_SUM_BYTES])
{
	struct json_view *state = json_view_member(custom, which);
	const char *alg = json_view_text(json_view_member(state, "alg"));
	const char *digits = json_view_text(json_view_member(state, "sum"));

	return alg != NULL && strcmp(alg, LTHASH_NAME) == 0 && digits != NULL
		&& hash_get_hex(digits, ret_sum, LTHASH_SUM_BYTES) == LTHASH_SUM_BYTES;
}

bool publish_zone_serial(struct json_view *custom, const char *which, uint32_t *ret_serial)
{
	int64_t serial;

	if (!json_view_integer(json_view_member(custom, which), &serial) || serial < 0 || serial > UINT32_MAX)
		return false;
	*ret_serial = (uint32_t)serial;
	return true;
}

static void set_state(struct json_view *custom, const char *which, const struct lthash *state)
{
	struct json_view *view = json_build_object();
	uint8_t sum[LTHASH_SUM_BYTES];
	char digits[2 * sizeof sum + 1];

	lthash_sum(state, sum);
	hash_put_hex((struct span){ sum, sizeof sum }, digits);
	json_build_set_text(view, "alg", LTHASH_NAME);
	json_build_set_text(view, "sum", digits);
	json_build_set(custom, which, view);
}

struct text {
	uint8_t *bytes;
	size_t len, room;
};

static int take_line(void *ctx, const char *line, size_t len)
{
	struct text *text = ctx;

	if (text->len + len > text->room) {
		text->room = (text->len + len) * 2;
		text->bytes = mem_resize(text->bytes, text->room, 1);
	}
	memcpy(text->bytes + text->len, line, len);
	text->len += len;
	return 0;
}

static void set_sha256(struct json_view *object, const char *name, struct span bytes)
{
	uint8_t digest[HASH_SHA256_BYTES];
	char digits[PUBLISH_KEYID_MAX];

	hash_sha256(bytes, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	json_build_set_text(object, name, digits);
}

/* The checkpoint of image: a file, and what is said of it. */
static int put_checkpoint(struct publish_repo *repo, const char *path, const struct zone_image_header *base,
			  const struct lthash *state, struct json_view *target, struct err_note *note)
{
	struct json_view *custom = json_build_object_in(target, "custom"), *raw = json_build_object_in(custom, "raw");
	struct json_view *hashes = json_build_object_in(target, "hashes");
	struct text text = { 0 };
	uint8_t *packed;
	size_t len;

	rrtext_write(base, take_line, &text);
	struct span bytes = { text.bytes, text.len };
	json_build_set_integer(raw, "length", (int64_t)bytes.len);
	set_sha256(raw, "sha256", bytes);
	int err = zstd_pack(bytes, ZSTD_LEVEL, &packed, &len);
	mem_free(text.bytes);
	if (err != 0) {
		err_note_set(note, NULL, 0, "%s: the checkpoint cannot be packed: %s", path, err_text(err));
		return err;
	}
	json_build_set_integer(target, "length", (int64_t)len);
	set_sha256(hashes, "sha256", (struct span){ packed, len });
	json_build_set_integer(custom, "serial", base->serial);
	set_state(custom, "checkpoint_state", state);
	char *file = publish_target_file(path, json_view_text(json_view_member(hashes, "sha256")));
	err = publish_repo_put(repo, file, (struct span){ packed, len }, note);
	mem_free(file);
	mem_free(packed);
	return err;
}

static int make_first(struct publish_repo *repo, const char *path, const struct zone_image_header *base,
		      struct publish_zone_made *made, struct err_note *note)
{
	struct json_view *target = json_build_object(), *custom = json_build_object_in(target, "custom");

	json_build_set_integer(custom, "v", 1);
	json_build_set_text(custom, "kind", publish_kind_text(PUBLISH_ZONE));
	json_build_set_text(custom, "codec", "zstd");
	json_build_set_text(custom, "fmt", RRTEXT_NAME);
	json_build_list_in(custom, "cs");
	lthash_add_image(&made->state, base);
	made->outcome = PUBLISH_ZONE_CHANGED;
	made->target = target;
	made->from = made->to = base->serial;
	made->added = base->records;
	made->checkpoint = true;
	return put_checkpoint(repo, path, base, &made->state, target, note);
}

static bool wants_checkpoint(struct json_view *target, uint32_t serial, uint32_t head)
{
	struct json_view *cs = json_view_member(json_view_member(target, "custom"), "cs");
	size_t way[PUBLISH_WAY_MAX];
	int count = publish_chain_way(cs, serial, head, way);
	int64_t length = 0;

	if (count < 0 || count > CHAIN_STEPS)
		return true;
	json_view_integer(json_view_member(target, "length"), &length);
	int64_t most = length / CHAIN_PART > CHAIN_BYTES ? length / CHAIN_PART : CHAIN_BYTES;
	return publish_chain_bytes(cs, way, count) > most || json_view_count(cs) > CHAIN_ENTRIES;
}

static void count_changes(const struct zone_changes *changes, struct publish_zone_made *made)
{
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->list[i].add)
			made->added++;
		else
			made->removed++;
	}
}

static int make_next(struct publish_repo *repo, const char *path, const struct zone_image_header *base,
		     const struct changeset *set, bool keep_checkpoint, struct publish_zone_made *made,
		     struct err_note *note)
{
	struct json_view *custom = json_view_member(made->target, "custom");
	uint32_t serial = set->from;
	int err = publish_chain_add(repo, path, custom, set, note);

	publish_zone_serial(custom, "serial", &serial);
	publish_chain_prune(custom, serial, base->serial);
	if (err == 0 && !keep_checkpoint && wants_checkpoint(made->target, serial, base->serial)) {
		err = put_checkpoint(repo, path, base, &made->state, made->target, note);
		serial = base->serial;
		made->checkpoint = true;
	}
	publish_chain_prune(custom, serial, base->serial);
	return err;
}

static int step_from(struct publish_repo *repo, const char *path, const struct zone_image_header *base,
		     struct json_view *old_target, const struct publish_zone *old, bool keep_checkpoint,
		     struct publish_zone_made *made, struct err_note *note)
{
	const struct zone_image_header *before = zone_image_header(old->image);
	struct changeset set;
	int err;

	made->from = before->serial;
	made->to = base->serial;
	made->state = old->state;
	if (memcmp(before->digest, base->digest, sizeof before->digest) == 0)
		return 0;
	err = changeset_diff(before, base, &set, note);
	if (err == 0 && set.changes.count > 0 && (int32_t)(base->serial - before->serial) <= 0) {
		changeset_fini(&set);
		err = ERR_INVALID;
	}
	if (err != 0) {
		err_note_set(note, NULL, 0,
			     "the records changed, but serial %u is not above the released %u (RFC 1982): raise it",
			     base->serial, before->serial);
		return err;
	}
	if (set.changes.count > 0) {
		made->outcome = PUBLISH_ZONE_CHANGED;
		made->target = json_build_copy(old_target);
		lthash_apply(&made->state, &set.changes);
		count_changes(&set.changes, made);
		err = make_next(repo, path, base, &set, keep_checkpoint, made, note);
	}
	changeset_fini(&set);
	return err;
}

int publish_zone_make(struct publish_repo *repo, const char *path, struct zone_image *image,
		      struct json_view *old_target,
		      const struct publish_zone *old, bool keep_checkpoint, struct publish_zone_made *ret_made,
		      struct err_note *note)
{
	const struct zone_image_header *base = zone_image_header(image);
	struct publish_zone_made made = { .outcome = PUBLISH_ZONE_SAME };
	int err = old != NULL ? step_from(repo, path, base, old_target, old, keep_checkpoint, &made, note)
			      : make_first(repo, path, base, &made, note);

	if (err != 0) {
		json_view_free(made.target);
		return err;
	}
	if (made.outcome == PUBLISH_ZONE_CHANGED) {
		struct json_view *custom = json_view_member(made.target, "custom");

		json_build_set_integer(custom, "head", base->serial);
		set_state(custom, "state", &made.state);
	}
	*ret_made = made;
	return 0;
}

/* Records of a checkpoint on their way into an image, without those that a changeset removes. */
struct rebuilding {
	struct zone_compile *compile;
	const struct zone_changes *changes;
	uint8_t *canonical;
	size_t removed;
};

static bool is_removed(struct rebuilding *rebuilding, const struct record *record)
{
	const struct zone_changes *changes = rebuilding->changes;
	size_t low = 0, high = changes->count;
	uint16_t covers = record->type == DNS_RRSIG && record->rdata.len >= 2 ? dns_get_u16(record->rdata.at) : 0;
	struct zone_change change = {
		.type = record->type, .key = zone_type_key(record->type, covers), .ttl = record->ttl,
		.owner = record->owner, .rdata = record->rdata,
		.canonical = { rebuilding->canonical, record->rdata.len },
	};

	zone_rdata_canonical(record->type, record->rdata, rebuilding->canonical);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = zone_change_compare(&changes->list[middle], &change);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int take_record(void *ctx, const struct record *record)
{
	struct rebuilding *rebuilding = ctx;

	if (rebuilding->changes != NULL && is_removed(rebuilding, record)) {
		rebuilding->removed++;
		return 0;
	}
	return zone_compile_add(rebuilding->compile, record);
}

static size_t add_records(struct rebuilding *rebuilding)
{
	size_t removals = 0;

	for (size_t i = 0; rebuilding->changes != NULL && i < rebuilding->changes->count; i++) {
		const struct zone_change *change = &rebuilding->changes->list[i];
		struct record record = {
			.owner = change->owner, .type = change->type, .class = DNS_CLASS_IN, .ttl = change->ttl,
			.rdata = change->rdata, .file = "",
		};

		if (change->add)
			zone_compile_add(rebuilding->compile, &record);
		removals += !change->add;
	}
	return removals;
}

static int finish(struct rebuilding *rebuilding, struct zone_image **ret_image, struct err_note *note)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	void *bytes;
	size_t size;
	int err;

	if (add_records(rebuilding) != rebuilding->removed) {
		err_note_set(note, NULL, 0, "a changeset removes records that are not there");
		return ERR_INVALID;
	}
	err = zone_compile_finish(rebuilding->compile, &bytes, &size, &errors, &warnings);
	if (err != 0 && errors.kept > 0)
		*note = errors.notes[0];
	err_list_fini(&errors);
	err_list_fini(&warnings);
	if (err == 0) {
		err = zone_image_open(bytes, size, false, ret_image, note);
		if (err != 0)
			mem_free(bytes);
	}
	return err;
}

static int read_checkpoint(const struct publish_repo *repo, const char *path, struct json_view *target,
			   uint8_t **ret_text,
			   size_t *ret_len, struct err_note *note)
{
	struct json_view *raw = json_view_member(json_view_member(target, "custom"), "raw");
	const char *sha256 = json_view_text(json_view_member(json_view_member(target, "hashes"), "sha256"));
	const char *raw_sha256 = json_view_text(json_view_member(raw, "sha256"));
	int64_t length, raw_length;
	uint8_t *packed, *text;

	if (sha256 == NULL || raw_sha256 == NULL || !json_view_integer(json_view_member(target, "length"), &length)
	    || !json_view_integer(json_view_member(raw, "length"), &raw_length) || raw_length < 0) {
		err_note_set(note, NULL, 0, "%s: its custom is not that of a zone", path);
		return ERR_FORMAT;
	}
	char *file = publish_target_file(path, sha256);
	int err = publish_repo_target(repo, file, length, sha256, &packed, note);
	if (err == 0) {
		err = zstd_unpack((struct span){ packed, (size_t)length }, (size_t)raw_length, &text, note);
		mem_free(packed);
	}
	if (err == 0) {
		struct json_view *check = json_build_object();

		set_sha256(check, "sha256", (struct span){ text, (size_t)raw_length });
		if (strcmp(json_view_text(json_view_member(check, "sha256")), raw_sha256) != 0) {
			err_note_set(note, file, 0, "unpacked it is not what was signed");
			mem_free(text);
			err = ERR_FORMAT;
		}
		json_view_free(check);
	}
	mem_free(file);
	if (err == 0) {
		*ret_text = text;
		*ret_len = (size_t)raw_length;
	}
	return err;
}

static int build_image(const struct publish_repo *repo, const char *path, struct json_view *target,
		       const struct zone_changes *changes, struct zone_image **ret_image, struct err_note *note)
{
	char name[PUBLISH_PATH_MAX];
	struct name apex;
	uint8_t *text;
	size_t len;
	int err = read_checkpoint(repo, path, target, &text, &len, note);

	if (err != 0)
		return err;
	if (name_from_text(publish_path_name(path, name), &apex) != 0) {
		mem_free(text);
		return ERR_INVALID;
	}
	struct rebuilding rebuilding = {
		.compile = zone_compile_new(&apex), .changes = changes, .canonical = mem_array(DNS_MESSAGE_MAX, 1),
	};
	err = rrtext_read(path, (struct span){ text, len }, &apex, take_record, &rebuilding, note);
	if (err == 0)
		err = finish(&rebuilding, ret_image, note);
	zone_compile_free(rebuilding.compile);
	mem_free(rebuilding.canonical);
	mem_free(text);
	return err;
}

int publish_zone_rebuild(const struct publish_repo *repo, const char *path, struct json_view *target,
			 const uint32_t *upto,
			 struct publish_zone *ret_zone, struct err_note *note)
{
	struct json_view *custom = json_view_member(target, "custom"), *cs = json_view_member(custom, "cs");
	uint8_t sum[LTHASH_SUM_BYTES], wanted[LTHASH_SUM_BYTES];
	struct publish_zone zone = { .image = NULL };
	struct changeset set = { 0 };
	size_t way[PUBLISH_WAY_MAX];
	uint32_t serial, head;

	if (!publish_zone_serial(custom, "serial", &serial) || !publish_zone_serial(custom, "head", &head)
	    || !publish_zone_sum(custom, "state", wanted)) {
		err_note_set(note, NULL, 0, "%s: its custom is not that of a zone", path);
		return ERR_FORMAT;
	}
	int count = publish_chain_way(cs, serial, upto != NULL ? *upto : head, way);
	if (count < 0) {
		err_note_set(note, NULL, 0, "%s: no changesets lead from serial %u to %u", path, serial,
			     upto != NULL ? *upto : head);
		return ERR_FORMAT;
	}
	int err = count > 0 ? publish_chain_combine(repo, path, cs, way, count, &set, note) : 0;
	if (err != 0)
		return err;
	err = build_image(repo, path, target, count > 0 ? &set.changes : NULL, &zone.image, note);
	if (count > 0)
		changeset_fini(&set);
	if (err != 0)
		return err;
	lthash_add_image(&zone.state, zone_image_header(zone.image));
	lthash_sum(&zone.state, sum);
	if (upto == NULL && memcmp(sum, wanted, sizeof sum) != 0) {
		err_note_set(note, NULL, 0, "%s: serial %u has another digest than was signed", path, head);
		publish_zone_fini(&zone);
		return ERR_FORMAT;
	}
	*ret_zone = zone;
	return 0;
}
