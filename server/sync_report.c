/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: what this node serves, in canonical JSON, signed with its Ed25519 key, in the envelope of TUF metadata:
 * {"signed":{...},"signatures":[{"keyid":PUBLIC KEY,"sig":HEX}]}. Two nodes with one head and two sums differ where no
 * serial tells.
 */
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/sync_inner.h"
#include "server/textbuf.h"
#include "sync/hash.h"
#include "sync/json_build.h"
#include "zone/wire.h"

static struct json_view *zone_object(const struct dataset *dataset, size_t i)
{
	const struct zone_entry *zone = zone_set_at(dataset->zones, i);
	const struct dataset_zone *info = &dataset->zone_infos[i];
	struct json_view *object = json_build_object();
	char digits[MANIFEST_HEX];

	json_build_set_text(object, "name", info->name);
	json_build_set(object, "synced", json_build_flag(info->synced));
	if (zone->aged)
		json_build_set(object, "aged", json_build_flag(true));
	if (zone->base == NULL)
		return object;
	state_image_digest(zone->base, digits);
	json_build_set_integer(object, "serial", zone->base->serial);
	json_build_set_integer(object, "records", zone->base->records);
	json_build_set_text(object, "image", digits);
	if (zone->base->rrsig_expires != 0)
		json_build_set_integer(object, "rrsig_expires",
				       dns_rrsig_time(zone->base->rrsig_expires, clock_wall_s()));
	if (info->item != NULL && info->item->sum[0] != '\0')
		json_build_set_text(object, "sum", info->item->sum);
	if (info->item != NULL && info->item->held_back)
		json_build_set(object, "held_back", json_build_flag(true));
	return object;
}

/* Names of others may be in it: what is not ASCII is shown as "?". */
static void set_sentence(struct json_view *object, const char *name, const char *text)
{
	char copy[SYNC_TEXT_MAX];

	snprintf(copy, sizeof copy, "%s", text);
	for (char *at = copy; *at != '\0'; at++)
		*at = (char)(*at < ' ' || *at > '~' ? '?' : *at);
	json_build_set_text(object, name, copy);
}

/* What is being rolled out, as this node has it: "in", or "prev" when it has to wait. */
static void list_staged(struct json_view *object, const struct content *content)
{
	struct json_view *list = json_build_list_in(object, "staged");

	for (size_t i = 0; content != NULL && i < content->manifest->item_count; i++) {
		const struct manifest_item *item = &content->manifest->items[i];

		if (!item->staged && !item->held_back)
			continue;
		struct json_view *entry = json_build_object();
		json_build_set_text(entry, "item", item->path);
		json_build_set_text(entry, "rollout", item->staged ? "in" : "prev");
		json_build_set_integer(entry, "release", item->release);
		json_build_append(list, entry);
	}
}

static void set_verified(struct json_view *object, const struct sync_status *status)
{
	struct json_view *verified = json_build_object_in(object, "verified");

	json_build_set_integer(verified, "root", status->verified.root);
	json_build_set_integer(verified, "timestamp", status->verified.timestamp);
	json_build_set_integer(verified, "snapshot", status->verified.snapshot);
	if (status->age_s >= 0)
		json_build_set_integer(object, "age", status->age_s);
}

static void set_clock(struct json_view *object, const struct sync_status *status)
{
	struct json_view *clock = json_build_object_in(object, "clock");

	json_build_set_text(clock, "state", wallclock_name(status->clock));
	if (status->has_offset)
		json_build_set_integer(clock, "offset", status->offset_s);
}

/* What the node thinks of itself, in short: what of its zones answers, until when the first signature is good. */
static void set_health(struct json_view *object, const struct node *node, const struct sync_status *status)
{
	struct json_view *health = json_build_object_in(object, "health");
	const struct dataset *dataset = node->dataset;
	int64_t now = clock_wall_s(), first = 0, loaded = 0;

	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		const struct zone_image_header *base = zone_set_at(dataset->zones, i)->base;
		int64_t expires = base != NULL && base->rrsig_expires != 0 ? dns_rrsig_time(base->rrsig_expires, now) : 0;

		loaded += base != NULL;
		if (expires != 0 && (first == 0 || expires < first))
			first = expires;
	}
	json_build_set_integer(health, "zones", (int64_t)zone_set_count(dataset->zones));
	json_build_set_integer(health, "zones_answered", loaded);
	json_build_set_integer(health, "aged", (int64_t)status->aged.aged);
	json_build_set_integer(health, "aged_refused", (int64_t)status->aged.refused);
	json_build_set_integer(health, "servfail", (int64_t)node_counter(node, COUNTER_DNS_SERVFAIL));
	json_build_set_integer(health, "responses", (int64_t)node_counter(node, COUNTER_DNS_RESPONSES));
	if (first != 0)
		json_build_set_integer(health, "rrsig_expires", first);
}

static struct json_view *body(struct sync *sync)
{
	const struct node *node = sync->node;
	struct json_view *object = json_build_object(), *zones;
	struct sync_status status;

	sync_status(sync, &status);
	json_build_set_integer(object, "v", 1);
	json_build_set_text(object, "_type", "report");
	json_build_set_text(object, "node", node->boot->node.name);
	json_build_set_text(object, "group", node->boot->sync.group);
	json_build_set_text(object, "software", CATCHMENT_VERSION);
	json_build_set_integer(object, "at", clock_wall_s());
	json_build_set_text(object, "release", status.release[0] ? status.release : "none");
	json_build_set_text(object, "state", sync_state_name(status.state));
	json_build_set_integer(object, "generation", (int64_t)status.generation);
	json_build_set_integer(object, "timestamp", status.timestamp);
	json_build_set_integer(object, "snapshot", status.snapshot);
	json_build_set_integer(object, "fetched_at", status.fetched_at);
	json_build_set_integer(object, "expires_at", status.expires_at);
	set_verified(object, &status);
	set_clock(object, &status);
	set_health(object, node, &status);
	json_build_set_integer(object, "soak_until", status.soak_until);
	if (status.refused[0] != '\0') {
		json_build_set_text(object, "bad", status.refused);
		set_sentence(object, "bad_text", status.refused_why[0] != '\0' ? status.refused_why : "an operator went back");
	}
	if (status.soak_until > clock_wall_s())
		json_build_set_text(object, "gate", sync_gate_name(status.gate));
	list_staged(object, node->dataset->content);
	if (status.last.at != 0) {
		json_build_set_text(object, "last_result", follow_result_name(status.last.result));
		if (status.last.text[0] != '\0')
			set_sentence(object, "last_text", status.last.text);
	}
	json_build_set_integer(object, "sites", (int64_t)redirect_sites_count(node->dataset->sites));
	zones = json_build_list_in(object, "zones");
	for (size_t i = 0; i < zone_set_count(node->dataset->zones); i++)
		json_build_append(zones, zone_object(node->dataset, i));
	return object;
}

void sync_report(struct sync *sync, struct textbuf *out)
{
	uint8_t signature[NODE_KEY_SIGNATURE_BYTES];
	char key[2 * NODE_KEY_BYTES + 1], sig[2 * NODE_KEY_SIGNATURE_BYTES + 1];
	struct json_view *report = body(sync);
	size_t len;
	uint8_t *canonical = json_view_canonical(report, &len);

	node_key_sign(sync->key, (struct span){ canonical, len }, signature);
	hash_put_hex((struct span){ node_key_sign_public(sync->key), NODE_KEY_BYTES }, key);
	hash_put_hex((struct span){ signature, sizeof signature }, sig);
	textbuf_add(out, "{\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"%s\"}],\"signed\":", key, sig);
	textbuf_append(out, (const char *)canonical, len);
	textbuf_add(out, "}");
	mem_free(canonical);
	json_view_free(report);
}
