/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: what this node serves, in canonical JSON, signed with its Ed25519 key, in the envelope of TUF metadata:
 * {"signed":{...},"signatures":[{"keyid":PUBLIC KEY,"sig":HEX}]}. Two nodes with one head and two sums differ where no
 * serial tells.
 */
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
	if (zone->base == NULL)
		return object;
	state_image_digest(zone->base, digits);
	json_build_set_integer(object, "serial", zone->base->serial);
	json_build_set_integer(object, "records", zone->base->records);
	json_build_set_text(object, "image", digits);
	if (zone->base->rrsig_expires != 0)
		json_build_set_integer(object, "rrsig_expires",
				       dns_rrsig_time(zone->base->rrsig_expires, clock_wall_s()));
	for (size_t j = 0; info->synced && dataset->content != NULL && j < dataset->content->manifest->item_count; j++) {
		const struct manifest_item *item = &dataset->content->manifest->items[j];

		if (item->kind != MANIFEST_ZONE || strcmp(dataset->content->zones[item->zone].name, info->name) != 0)
			continue;
		if (item->sum[0] != '\0')
			json_build_set_text(object, "sum", item->sum);
		if (item->held_back)
			json_build_set(object, "held_back", json_build_flag(true));
		break;
	}
	return object;
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
	json_build_set_integer(object, "soak_until", status.soak_until);
	if (status.refused[0] != '\0')
		json_build_set_text(object, "bad", status.refused);
	if (status.last.at != 0) {
		json_build_set_text(object, "last_result", follow_result_name(status.last.result));
		if (status.last.text[0] != '\0' && json_build_is_text(status.last.text))
			json_build_set_text(object, "last_text", status.last.text);
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
