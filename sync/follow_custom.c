/* SPDX-License-Identifier: Apache-2.0 */
/* What a target's custom says of an item, read within limits; and which version is for this node while a newer one is rolled
 * out to others. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/age.h"
#include "sync/follow_inner.h"
#include "sync/rollout.h"
#include "sync/rrtext.h"

enum { STEP_RAW_MAX = 64 << 20 };	/* of a changeset: about half a million changes; above, the checkpoint costs less */

enum follow_result follow_fault(struct follow *follow, const char *path, const char *what)
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
		if (get_number(from, "raw", STEP_RAW_MAX + 1, INT64_MAX, &raw)) {
			used--;
			continue;
		}
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
		return follow_fault(follow, item->path, "custom: expected codec zstd and fmt " RRTEXT_NAME);
	if (!get_number(raw, "length", 1, INT64_MAX, &length) || !get_digits(raw, "sha256", item->raw_sha256))
		return follow_fault(follow, item->path, "custom: raw has no length and sha256");
	if (!get_serial(custom, "serial", &item->serial) || !get_serial(custom, "head", &item->head))
		return follow_fault(follow, item->path, "custom: expected the serials serial and head");
	if (!get_sum(custom, "state", item->sum) || !get_sum(custom, "checkpoint_state", item->checkpoint_sum))
		return follow_fault(follow, item->path, "custom: expected a state digest of 64 hexadecimal digits");
	item->raw_length = (uint64_t)length;
	if (!read_steps(json_view_member(custom, "cs"), item))
		return follow_fault(follow, item->path, "custom: cs is not a list of changesets");
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
	get_number(prev, "release", 0, INT64_MAX, &item->release);
	if (stay(follow, prev, item))
		return FOLLOW_NEW;
	if (!get_digits(prev, "sha256", item->blob.sha256) || !get_number(prev, "length", 0, FOLLOW_BLOB_MAX, &length))
		return follow_fault(follow, item->path, "custom: rollout: prev has no length and sha256");
	item->blob.length = (uint64_t)length;
	if (item->kind != MANIFEST_ZONE)
		return FOLLOW_NEW;
	if (!get_serial(prev, "head", &item->head))
		return follow_fault(follow, item->path, "custom: rollout: prev has no head");
	/* Its checkpoint may be older than its head; the changesets of the new one lead there. */
	item->serial = item->head;
	get_serial(prev, "serial", &item->serial);
	item->sum[0] = item->checkpoint_sum[0] = '\0';
	if (!get_sum(prev, "state", item->sum))
		return follow_fault(follow, item->path, "custom: rollout: prev has no good state digest");
	if (!get_number(raw, "length", 1, INT64_MAX, &length) || !get_digits(raw, "sha256", item->raw_sha256))
		return follow_fault(follow, item->path, "custom: rollout: prev has no raw length and sha256");
	item->raw_length = (uint64_t)length;
	if (json_view_member(prev, "cs") != NULL && !read_steps(json_view_member(prev, "cs"), item))
		return follow_fault(follow, item->path, "custom: rollout: cs of prev is not a list of changesets");
	return FOLLOW_NEW;
}

static enum follow_result read_rollout(struct follow *follow, struct json_view *custom, struct manifest_item *item)
{
	struct json_view *rollout = json_view_member(custom, "rollout");

	if (rollout == NULL)
		return FOLLOW_NEW;
	get_number(rollout, "soak", 0, 86400, &item->soak_s);
	item->staged = rollout_selects(rollout, follow->settings->conf->node.name);
	if (item->staged)
		return FOLLOW_NEW;
	item->soak_s = 0;
	struct json_view *prev = json_view_member(rollout, "prev");
	/* Without a version before there is nothing else to serve: it is new, and it is for all. */
	return prev != NULL && json_view_is_object(prev) ? hold_back(follow, prev, item) : FOLLOW_NEW;
}

/* ---- one target ---- */

enum follow_result follow_custom(struct follow *follow, struct json_view *custom, struct manifest_item *item)
{
	enum follow_result result = FOLLOW_NEW;
	int64_t version = 1;

	json_view_integer(json_view_member(custom, "v"), &version);
	if (version != 1)
		return follow_fault(follow, item->path, "custom: it is of a later version than this node knows");
	json_view_integer(json_view_member(custom, "release"), &item->release);
	if (item->kind == MANIFEST_ZONE)
		result = read_zone(follow, custom, item);
	item->type = mem_string(json_view_text(json_view_member(custom, "type")));
	get_number(custom, "max_age", 0, (int64_t)365 * 86400, &item->max_age_s);
	if (!age_read(custom, item))
		return follow_fault(follow, item->path, "custom: expected serve_max of 60 s or more, or \"soa-expire\" for a zone, and on_aged"
			     " serve, or servfail for a zone");
	return result == FOLLOW_NEW ? read_rollout(follow, custom, item) : result;
}
