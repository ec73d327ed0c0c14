/* SPDX-License-Identifier: Apache-2.0 */
/* The guard rails of the offline keys, asked about a zone that is made; what its past says comes from the ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/guards.h"
#include "sync/ledger.h"
#include "sync/making.h"

void making_take_override(struct making *making)
{
	struct manifest_item *item = making->item;
	const struct content_wish *wish = making->build->wish;
	const struct manifest_item *had = wish->running != NULL ? manifest_find(wish->running->manifest, item->path) : NULL;
	bool used = had != NULL && had->lifted_sum[0] != '\0' && had->lifted_head == item->head
		&& strcmp(had->lifted_sum, item->sum) == 0;

	making->content_id = item->sum[0] != '\0' && !used
		? guards_content_id(making->zone->name, item->head, item->sum) : mem_string("");
	if (guards_lift(making->build->content->guards, making->content_id)) {
		item->lifted_head = item->head;
		memcpy(item->lifted_sum, item->sum, sizeof item->lifted_sum);
		content_remark(making->build, "zone %s: the offline keys let serial %u pass the guard rails", making->zone->name,
			       item->head);
	} else if (had != NULL) {
		item->lifted_head = had->lifted_head;
		memcpy(item->lifted_sum, had->lifted_sum, sizeof item->lifted_sum);
	}
}

enum content_fault making_check_size(struct making *making)
{
	const struct content_build *build = making->build;
	uint64_t mine = build->wish->conf->sync.max_zone_bytes, rail = guards_max_raw(build->content->guards, making->zone->name);

	if (making->text_length > rail && !guards_lift(build->content->guards, making->content_id)) {
		making_fault(making, "guard max_raw: it would have %" PRIu64 " bytes as text, %" PRIu64 " may be", making->text_length, rail);
		return CONTENT_GUARD;
	}
	if (mine != 0 && making->text_length > mine)
		return making_fault(making, "it would have %" PRIu64 " bytes as text, sync.max-zone-size of this node allows %" PRIu64,
			     making->text_length, mine);
	return CONTENT_GOOD;
}

/* The digest of what a zone is without its version. Large ones are counted only where that was done anyway. */
static bool body_of(const struct zone_image *image, const struct lthash *state, uint8_t ret_body[LTHASH_SUM_BYTES])
{
	struct lthash *counted = NULL;

	if (state == NULL && zone_image_header(image)->records >= MAKING_STATE_MIN)
		return false;
	if (state == NULL)
		state = counted = making_count(image);
	lthash_body(state, zone_image_header(image), ret_body);
	mem_free(counted);
	return true;
}

/* What the ledger says of it, and what it will say when this is served. */
static struct guards_past look_back(struct making *making, const struct content_zone *was,
				    const struct zone_changes *changes)
{
	const struct content_wish *wish = making->build->wish;
	const char *name = making->zone->name;
	struct content *content = making->build->content;
	struct guards_past past = { .held_back = making->item->held_back };
	uint8_t body[LTHASH_SUM_BYTES];

	if (was == NULL || changes->count == 0)
		return past;
	struct ledger_entry *entry = &content->past[content->past_count++];
	*entry = (struct ledger_entry){ .zone = mem_string(name), .had = zone_image_header(was->image)->records };
	body_of(was->image, was->state, entry->body);
	past.removed = ledger_removed(&wish->state->served, name, entry->body, wish->now_s, &past.had);
	past.served = body_of(making->image, making->state, body)
		&& ledger_served(&wish->state->served, name, body, wish->now_s);
	if (guards_lift(content->guards, making->content_id))
		entry->had = 0;
	else if (!past.served)
		entry->removed = guards_removed(changes);
	return past;
}

enum content_fault making_guard(struct making *making, const struct content_zone *was)
{
	const struct content_wish *wish = making->build->wish;
	const struct guards *guards = making->build->content->guards;
	struct changeset diff = { 0 };
	const struct zone_changes *changes = making->set.zone.len != 0 ? &making->set.changes : NULL;

	if (wish->offline || !guards_are_for(guards, making->zone->name))
		return CONTENT_GOOD;
	if (was != NULL && changes == NULL) {
		if (changeset_diff(zone_image_header(was->image), zone_image_header(making->image), &diff, making->note) != 0)
			return making_told(making, CONTENT_GUARD);
		changes = &diff.changes;
	}
	const struct guards_past past = look_back(making, was, changes);
	int err = guards_check(guards, making->content_id, making->zone->name,
			       was != NULL ? zone_image_header(was->image) : NULL, zone_image_header(making->image), changes,
			       &past, making->note);
	changeset_fini(&diff);
	return err == 0 ? CONTENT_GOOD : making_told(making, CONTENT_GUARD);
}
