/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_chain.h"

#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/zstd.h"

bool publish_step_read(struct json_view *entry, struct publish_step *ret_step)
{
	int64_t from, to, steps = 1;
	const char *sha256 = json_view_text(json_view_member(entry, "sha256"));

	if (!json_view_integer(json_view_member(entry, "from"), &from)
	    || !json_view_integer(json_view_member(entry, "to"), &to)
	    || !json_view_integer(json_view_member(entry, "length"), &ret_step->length)
	    || !json_view_integer(json_view_member(entry, "raw"), &ret_step->raw) || sha256 == NULL)
		return false;
	json_view_integer(json_view_member(entry, "steps"), &steps);
	ret_step->from = (uint32_t)from;
	ret_step->to = (uint32_t)to;
	ret_step->steps = steps;
	ret_step->sha256 = sha256;
	return true;
}

int publish_chain_way(struct json_view *cs, uint32_t from, uint32_t to, size_t ret_way[PUBLISH_WAY_MAX])
{
	int count = 0;

	while (from != to) {
		struct publish_step step, best = { .steps = 0 };

		if (count == PUBLISH_WAY_MAX)
			return -1;
		for (size_t i = 0; i < json_view_count(cs); i++) {
			/* RFC 1982: not beyond where we want to be. */
			if (!publish_step_read(json_view_at(cs, i), &step) || step.from != from
			    || step.steps <= best.steps
			    || (int32_t)(to - step.to) < 0)
				continue;
			best = step;
			ret_way[count] = i;
		}
		if (best.steps == 0)
			return -1;
		count++;
		from = best.to;
	}
	return count;
}

int64_t publish_chain_bytes(struct json_view *cs, const size_t *way, int count)
{
	int64_t bytes = 0;

	for (int i = 0; i < count; i++) {
		struct publish_step step;

		if (publish_step_read(json_view_at(cs, way[i]), &step))
			bytes += step.length;
	}
	return bytes;
}

char *publish_chain_file(const char *path, const struct publish_step *step)
{
	return mem_format("targets/%.*s/cs/%s.%u-%u", (int)(strrchr(path, '/') - path), path, step->sha256,
			  step->from, step->to);
}

int publish_chain_read(const struct publish_repo *repo, const char *path, const struct publish_step *step,
		       struct changeset *ret_set, struct err_note *note)
{
	char *file = publish_chain_file(path, step);
	uint8_t *packed, *text;
	int err = publish_repo_target(repo, file, step->length, step->sha256, &packed, note);

	if (err == 0) {
		err = zstd_unpack((struct span){ packed, (size_t)step->length }, (size_t)step->raw, &text, note);
		mem_free(packed);
	}
	if (err == 0) {
		err = changeset_parse(file, (struct span){ text, (size_t)step->raw }, ret_set, note);
		mem_free(text);
	}
	mem_free(file);
	return err;
}

int publish_chain_combine(const struct publish_repo *repo, const char *path, struct json_view *cs, const size_t *way,
			  int count, struct changeset *ret_set, struct err_note *note)
{
	struct changeset all = { 0 };
	int err = 0;

	for (int i = 0; err == 0 && i < count; i++) {
		struct changeset next, both;
		struct publish_step step;

		publish_step_read(json_view_at(cs, way[i]), &step);
		err = publish_chain_read(repo, path, &step, i == 0 ? &all : &next, note);
		if (err != 0 || i == 0)
			continue;
		err = changeset_combine(&all, &next, &both, note);
		changeset_fini(&all);
		changeset_fini(&next);
		if (err == 0)
			all = both;
		else
			return err;
	}
	if (err == 0)
		*ret_set = all;
	else if (all.changes.list != NULL)
		changeset_fini(&all);
	return err;
}

static int put_step(struct publish_repo *repo, const char *path, const struct changeset *set, int64_t steps,
		    struct json_view **ret_entry, struct err_note *note)
{
	uint8_t digest[HASH_SHA256_BYTES], *packed;
	char digits[PUBLISH_KEYID_MAX];
	size_t raw, len;
	char *text = changeset_print(set, &raw);
	int err = zstd_pack((struct span){ (const uint8_t *)text, raw }, ZSTD_LEVEL_MAX, &packed, &len);

	mem_free(text);
	if (err != 0) {
		err_note_set(note, NULL, 0, "%s: the changeset cannot be packed: %s", path, err_text(err));
		return err;
	}
	hash_sha256((struct span){ packed, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	struct publish_step step = { .from = set->from, .to = set->to, .sha256 = digits };
	char *file = publish_chain_file(path, &step);
	err = publish_repo_put(repo, file, (struct span){ packed, len }, note);
	mem_free(file);
	mem_free(packed);
	if (err != 0)
		return err;
	struct json_view *entry = json_build_object();
	json_build_set_integer(entry, "from", set->from);
	json_build_set_integer(entry, "to", set->to);
	json_build_set_integer(entry, "length", (int64_t)len);
	json_build_set_text(entry, "sha256", digits);
	json_build_set_integer(entry, "raw", (int64_t)raw);
	if (steps > 1)
		json_build_set_integer(entry, "steps", steps);
	*ret_entry = entry;
	return 0;
}

/* The newest 16 entries of one size as one entry of 16 times the size, put in front of the first of the next size. */
static int merge(struct publish_repo *repo, const char *path, struct json_view *cs, int64_t steps,
		 struct err_note *note)
{
	size_t way[PUBLISH_WAY_MAX];
	int count = 0;

	for (size_t i = json_view_count(cs); i > 0 && count < PUBLISH_MERGE; i--) {
		struct publish_step step;

		if (publish_step_read(json_view_at(cs, i - 1), &step) && step.steps == steps)
			way[PUBLISH_MERGE - ++count] = i - 1;
	}
	if (count < PUBLISH_MERGE)	/* some are gone: a zone that was added anew */
		return 0;
	struct changeset set;
	struct json_view *entry;
	int err = publish_chain_combine(repo, path, cs, way, PUBLISH_MERGE, &set, note);
	if (err != 0)
		return err;
	err = put_step(repo, path, &set, steps * PUBLISH_MERGE, &entry, note);
	changeset_fini(&set);
	if (err == 0)
		json_build_insert(cs, way[0], entry);	/* oldest first, by where it begins */
	return err;
}

int publish_chain_add(struct publish_repo *repo, const char *path, struct json_view *custom,
		      const struct changeset *set,
		      struct err_note *note)
{
	struct json_view *cs = json_build_list_in(custom, "cs"), *entry;
	int64_t step = 0;
	int err = put_step(repo, path, set, 1, &entry, note);

	if (err != 0)
		return err;
	json_build_append(cs, entry);
	json_view_integer(json_view_member(custom, "step"), &step);
	json_build_set_integer(custom, "step", ++step);
	for (int64_t size = 1; !repo->dry && err == 0 && size <= PUBLISH_MERGE
	     && step % (size * PUBLISH_MERGE) == 0; size *= PUBLISH_MERGE)
		err = merge(repo, path, cs, size, note);
	return err;
}

struct kept_way {
	size_t way[PUBLISH_WAY_MAX];
	int count;
};

static bool is_on(const struct kept_way *kept, size_t index)
{
	for (int i = 0; i < kept->count; i++) {
		if (kept->way[i] == index)
			return true;
	}
	return false;
}

void publish_chain_prune(struct json_view *custom, uint32_t checkpoint, uint32_t head)
{
	struct json_view *cs = json_build_list_in(custom, "cs");
	struct json_view *prev = json_view_member(json_view_member(custom, "rollout"), "prev");
	struct kept_way all, some = { .count = 0 };
	int64_t before;
	int seen[3] = { 0 };

	all.count = publish_chain_way(cs, checkpoint, head, all.way);
	/* Who is not selected for what is being rolled out goes only so far. */
	if (json_view_integer(json_view_member(prev, "head"), &before))
		some.count = publish_chain_way(cs, checkpoint, (uint32_t)before, some.way);
	for (size_t i = json_view_count(cs); i > 0; i--) {
		bool needed = is_on(&all, i - 1) || is_on(&some, i - 1);
		struct publish_step step;

		if (publish_step_read(json_view_at(cs, i - 1), &step)) {
			int size = step.steps == 1 ? 0 : step.steps == PUBLISH_MERGE ? 1 : 2;

			needed |= seen[size]++ < PUBLISH_STEPS_KEPT;
		}
		if (!needed)
			json_build_remove_at(cs, i - 1);
	}
}
