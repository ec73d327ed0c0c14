/* SPDX-License-Identifier: Apache-2.0 */
/* zone list, show: what is known of the zones. */
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/commands.h"

enum {
	LIST_BATCH = 200,	/* rows of one line */
	NAME_COLUMN_MAX = 48,	/* longer names push their row's other columns aside */
};

const struct dataset_zone *command_zone_info(const struct dataset *dataset, const struct zone_entry *zone)
{
	return &dataset->zone_infos[zone_set_index(dataset->zones, zone)];
}

const struct zone_entry *command_zone(struct call *call, const char *text)
{
	const struct zone_entry *zone;
	struct name name;

	if (name_from_text(text, &name) != 0) {
		call_fail(call, CALL_USAGE, "\"%.300s\" is no domain name", text);
		return NULL;
	}
	zone = zone_set_get(call->node->dataset->zones, &name);
	if (zone == NULL)
		call_fail(call, CALL_REFUSED, "zone %.300s: not configured here", text);
	return zone;
}

const char *command_zone_state(const struct zone_entry *zone, const struct dataset_zone *info)
{
	if (zone->base == NULL)
		return "not loaded";
	return info->current ? "current" : "older version";
}

size_t command_zones_failed(const struct dataset *dataset)
{
	size_t failed = 0;

	for (size_t i = 0; i < zone_set_count(dataset->zones); i++)
		failed += zone_set_at(dataset->zones, i)->base == NULL || dataset->zone_infos[i].fault != NULL;
	return failed;
}

static const char *signed_text(const struct zone_image_header *base)
{
	if (!(base->flags & ZONE_IMAGE_SIGNED))
		return "no";
	return base->flags & ZONE_IMAGE_NSEC3 ? "nsec3" : base->flags & ZONE_IMAGE_NSEC ? "nsec" : "no";
}

/* A streamed list: where it is. */
struct listing {
	size_t index;
	uint64_t generation;	/* of the dataset it began with */
	int column;
};

static void list_row(struct call *call, json_t *list, const struct zone_entry *zone, const struct dataset_zone *info,
		     int column)
{
	const struct zone_image_header *base = zone->base;
	json_t *row = json_object();
	char serial[16] = "-", records[16] = "-";

	if (base != NULL) {
		snprintf(serial, sizeof serial, "%u", base->serial);
		snprintf(records, sizeof records, "%u", base->records);
	}
	call_text(call, "%-*s  %10s  %10s  %-6s  %s\n", column, info->name, serial, records,
		  base ? signed_text(base) : "-", command_zone_state(zone, info));
	json_object_set_new(row, "name", call_string(info->name));
	json_object_set_new(row, "serial", base ? json_integer(base->serial) : json_null());
	json_object_set_new(row, "records", base ? json_integer(base->records) : json_null());
	json_object_set_new(row, "signed", base ? call_string(signed_text(base)) : json_null());
	json_object_set_new(row, "loaded", json_boolean(base != NULL));
	json_object_set_new(row, "current", json_boolean(info->current));
	json_array_append_new(list, row);
}

static void list_batch(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	struct listing *listing = call->state;
	json_t *list = json_array();
	size_t end = zone_set_count(dataset->zones);
	bool last = end - listing->index <= LIST_BATCH;

	if (dataset->generation != listing->generation) {
		json_decref(list);
		call_fail(call, CALL_REFUSED, "the content changed while it was listed: ask again");
		return;
	}
	if (!last)
		end = listing->index + LIST_BATCH;
	for (size_t i = listing->index; i < end; i++)
		list_row(call, list, zone_set_at(dataset->zones, i), &dataset->zone_infos[i], listing->column);
	listing->index = end;
	call_set(call, "zones", list);
	if (last)
		call_done(call);
	else
		call_more(call);
}

static void free_state(struct call *call)
{
	mem_free(call->state);
}

void command_zone_list(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	struct listing *listing = mem_alloc(sizeof *listing);

	listing->generation = dataset->generation;
	listing->column = 4;
	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		int len = (int)strnlen(dataset->zone_infos[i].name, NAME_COLUMN_MAX);

		listing->column = len > listing->column ? len : listing->column;
	}
	call->state = listing;
	call->release = free_state;
	if (zone_set_count(dataset->zones) > 0)
		call_text(call, "%-*s  %10s  %10s  %-6s  %s\n", listing->column, "name", "serial", "records",
			  "signed", "state");
	call_produce(call, list_batch);
}

static void show_row(struct call *call, const char *key, const char *value)
{
	call_text(call, "%-14s  %s\n", key, value);
}

static void show_time(struct call *call, const char *title, const char *key, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	if (at != 0)
		show_row(call, title, clock_print(at, text, sizeof text));
	call_set(call, key, call_time(at));
}

static void show_image(struct call *call, const struct zone_image_header *base)
{
	char hex[2 * ZONE_IMAGE_DIGEST_BYTES + 1];

	for (int i = 0; i < ZONE_IMAGE_DIGEST_BYTES; i++)
		snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", base->digest[i]);
	call_text(call, "%-14s  %u\n", "serial", base->serial);
	call_text(call, "%-14s  %u of %u names\n", "records", base->records, base->names);
	show_row(call, "signed", signed_text(base));
	call_text(call, "%-14s  %llu bytes\n", "image", (unsigned long long)base->size);
	show_row(call, "digest", hex);
	call_set(call, "serial", json_integer(base->serial));
	call_set(call, "records", json_integer(base->records));
	call_set(call, "names", json_integer(base->names));
	call_set(call, "image_bytes", json_integer((json_int_t)base->size));
	call_set(call, "digest", call_string(hex));
	call_set(call, "signed", call_string(signed_text(base)));
	show_time(call, "rrsig expires", "rrsig_expires_at",
		  base->rrsig_expires != 0 ? dns_rrsig_time(base->rrsig_expires, clock_wall_s()) : 0);
}

static void show_no_image(struct call *call)
{
	static const char *const keys[] = { "serial", "records", "names", "image_bytes", "digest", "signed",
					    "rrsig_expires_at" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		call_set(call, keys[i], NULL);
}

/* What was counted of it, when zones are. */
static void show_counters(struct call *call, const struct zone_counters *counters)
{
	json_t *statistics = counters != NULL ? json_object() : NULL;

	for (int i = 0; counters != NULL && i < ZONE_COUNTER_COUNT; i++) {
		uint64_t value = zone_counters_sum(counters, (enum zone_counter)i);

		call_text(call, "%-14s  %llu\n", zone_counter_name((enum zone_counter)i), (unsigned long long)value);
		json_object_set_new(statistics, zone_counter_name((enum zone_counter)i), json_integer((json_int_t)value));
	}
	call_set(call, "statistics", statistics);
}

void command_zone_show(struct call *call)
{
	const struct zone_entry *zone = command_zone(call, call->args[0]);

	if (zone == NULL)
		return;

	const struct dataset_zone *info = command_zone_info(call->node->dataset, zone);
	double took_ms = (double)(info->took_ns / 1000) / 1000;
	show_row(call, "name", info->name);
	show_row(call, "state", command_zone_state(zone, info));
	call_set(call, "name", call_string(info->name));
	call_set(call, "state", call_string(command_zone_state(zone, info)));
	call_set(call, "current", json_boolean(info->current));
	if (zone->base != NULL)
		show_image(call, zone->base);
	else
		show_no_image(call);
	show_row(call, "source", info->source);
	call_set(call, "source", call_string(info->source));
	show_time(call, "loaded", "loaded_at", info->loaded_at);
	call_set(call, "expires_at", NULL);	/* local files do not expire */
	if (zone->base != NULL)
		call_text(call, "%-14s  %.3f ms, %s\n", "took", took_ms,
			  info->mapped ? "mapped from its compiled image" : "compiled from its source");
	call_set(call, "took_ms", json_real(took_ms));
	call_set(call, "mapped", json_boolean(info->mapped));
	if (info->warnings > 0)
		call_text(call, "%-14s  %u: see zone check\n", "warnings", info->warnings);
	call_set(call, "warnings", json_integer(info->warnings));
	if (info->fault != NULL)
		show_row(call, "fault", info->fault);
	call_set(call, "fault", call_string(info->fault));
	show_counters(call, info->counters);
	call_done(call);
}
