/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/age.h"

#include <string.h>

enum { SERVE_MAX_LEAST_S = 60 };	/* less would make a short pause an outage */

bool age_read(struct json_view *custom, struct manifest_item *item)
{
	struct json_view *most = json_view_member(custom, "serve_max"), *on_aged = json_view_member(custom, "on_aged");
	const char *text = json_view_text(most), *what = json_view_text(on_aged);
	bool zone = item->kind == MANIFEST_ZONE;

	if (text != NULL && zone && strcmp(text, "soa-expire") == 0)
		item->serve_soa_expire = true;
	else if (most != NULL && (!json_view_integer(most, &item->serve_max_s) || item->serve_max_s < SERVE_MAX_LEAST_S))
		return false;
	item->aged_servfail = what != NULL && strcmp(what, "servfail") == 0;
	if (on_aged != NULL && !item->aged_servfail && (what == NULL || strcmp(what, "serve") != 0))
		return false;
	return zone || !item->aged_servfail;
}

int64_t age_limit(const struct manifest_item *item, const struct zone_image_header *base)
{
	if (item->serve_soa_expire)
		return base != NULL ? base->soa_expire : 0;
	return item->serve_max_s;
}

static int64_t limit_of(const struct content *content, const struct manifest_item *item)
{
	const struct zone_image *image =
		item->kind == MANIFEST_ZONE && content->zone_count > 0 ? content->zones[item->zone].image : NULL;

	return age_limit(item, image != NULL ? zone_image_header(image) : NULL);
}

int64_t age_first_limit(const struct content *content)
{
	int64_t first = 0;

	for (size_t i = 0; i < content->manifest->item_count; i++) {
		int64_t limit = limit_of(content, &content->manifest->items[i]);

		if (limit > 0 && (first == 0 || limit < first))
			first = limit;
	}
	return first;
}

bool age_is_over(const struct content *content, const struct manifest_item *item, int64_t age_s)
{
	int64_t limit = limit_of(content, item);

	return limit > 0 && age_s > limit;
}

void age_count(const struct content *content, int64_t age_s, struct age_count *ret)
{
	*ret = (struct age_count){ 0 };
	if (content == NULL || content->first_limit_s == 0 || age_s <= content->first_limit_s)
		return;
	for (size_t i = 0; i < content->manifest->item_count; i++) {
		const struct manifest_item *item = &content->manifest->items[i];
		if (!age_is_over(content, item, age_s))
			continue;
		ret->aged++;
		ret->refused += item->aged_servfail;
		if (ret->first == NULL)
			ret->first = item;
	}
}

bool age_refuses(const struct content_zone *zone, int64_t age_s)
{
	int64_t limit = zone->item->aged_servfail ? age_limit(zone->item, zone_image_header(zone->image)) : 0;

	return limit > 0 && age_s > limit;
}
