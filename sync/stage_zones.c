/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/stage_zones.h"

#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "sync/age.h"
#include "sync/content.h"
#include "sync/wallclock.h"
#include "zone/load.h"

static bool same_version(const struct zone_image *a, const struct zone_image *b)
{
	return memcmp(zone_image_header(a)->digest, zone_image_header(b)->digest, ZONE_IMAGE_DIGEST_BYTES) == 0;
}

static void log_notes(enum log_level level, const char *zone, const struct err_list *list)
{
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; i < list->kept; i++)
		log_line(level, "zone %s: %s", zone, err_note_print(&list->notes[i], text, sizeof text));
	if (list->count > list->kept)
		log_line(level, "zone %s: and %zu more", zone, list->count - list->kept);
}

static void log_loaded(const struct dataset_zone *info, const struct zone_image *image, const struct zone_image *before)
{
	const struct zone_image_header *header = zone_image_header(image);

	/* What a reload changed is told when it is switched to (server/reload): there the log line is an event too. */
	log_line(before == NULL ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "zone %s: serial %u, %u records, %s in %.1f ms",
		 info->name, header->serial, header->records, info->mapped ? "mapped" : "compiled",
		 (double)info->took_ns / 1e6);
}

/* The last version compiled, if the zone's digest policy of today takes it. */
static struct zone_image *last_good(const struct dataset_zone *info, const char *images)
{
	const struct zone_accept accept = { .zonemd = info->zonemd };
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_image *image;
	struct err_note note;

	if (images == NULL || zone_load_last_good(info->name, images, &image, &note) != 0)
		return NULL;
	if (zone_accept(&accept, info->name, zone_image_header(image), &errors, &warnings) != 0) {
		zone_image_release(image);
		image = NULL;
	}
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return image;
}

/* The newest source does not load: the version that runs goes on, or at the start the last one compiled. */
static struct zone_image *fall_back(struct dataset_zone *info, const struct dataset_zone *was,
				    const struct zone_entry *running, const char *images)
{
	struct zone_image *image;

	if (running != NULL && running->image != NULL) {
		info->loaded_at = was->loaded_at;
		image = zone_image_retain(running->image);
	} else if ((image = last_good(info, images)) != NULL) {
		info->loaded_at = clock_wall_s();
		info->mapped = true;
	}
	if (image != NULL)
		log_warn("zone %s: keeps its last good version, serial %u", info->name, zone_image_header(image)->serial);
	else
		log_error("zone %s: no version of it can be served: answers are SERVFAIL", info->name);
	return image;
}

static struct zone_image *load_zone(const struct conf_zone *zone, const char *images, const struct dataset_zone *was,
				    const struct zone_entry *running, struct dataset_zone *info)
{
	const struct zone_accept accept = { .zonemd = zone->zonemd, .dnssec = true, .now_s = clock_wall_s() };
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_loaded loaded = { 0 };
	struct zone_image *image;
	char text[sizeof(struct err_note) + 16];

	if (running != NULL && running->image != NULL && was->current && was->zonemd == zone->zonemd
	    && images != NULL
	    && zone_load_is_current(zone->name, zone->file, images, running->base->digest)) {
		info->mapped = was->mapped;
		info->took_ns = was->took_ns;
		info->current = true;
		info->loaded_at = was->loaded_at;
		info->warnings = was->warnings;
		return zone_image_retain(running->image);
	}
	if (zone_load_accepted(zone->name, zone->file, images, &accept, &loaded, &errors, &warnings) == 0) {
		image = loaded.image;
		info->mapped = loaded.mapped;
		info->took_ns = loaded.took_ns;
		info->current = true;
		info->loaded_at = clock_wall_s();
		log_loaded(info, image, running ? running->image : NULL);
		/* One copy of an unchanged version is enough. */
		if (running != NULL && running->image != NULL && same_version(image, running->image)) {
			zone_image_release(image);
			image = zone_image_retain(running->image);
			info->loaded_at = was->loaded_at;
		}
	} else {
		info->fault = mem_string(errors.kept ? err_note_print(&errors.notes[0], text, sizeof text) : "unknown");
		log_notes(LOG_LEVEL_ERROR, zone->name, &errors);
		image = fall_back(info, was, running, images);
	}
	info->warnings = (unsigned)warnings.count;
	log_notes(LOG_LEVEL_WARN, zone->name, &warnings);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return image;
}

/* What is told of a zone that goes on as it runs. */
static void copy_info(const struct dataset_zone *was, struct dataset_zone *info)
{
	*info = *was;
	info->name = mem_string(was->name);
	info->source = mem_string(was->source);
	info->fault = mem_string(was->fault);
	info->counters = was->counters != NULL ? zone_counters_retain(was->counters) : NULL;
}

/* One zone of the configuration: as it runs when its source has not changed, else loaded. */
static int stage_zone(const struct stage_wish *wish, size_t i, const char *images, struct dataset *dataset,
		      unsigned *failed, struct err_list *errors)
{
	const struct conf *conf = wish->conf;
	const struct conf_zone *zone = &conf->zones[i];
	struct dataset_zone *info = &dataset->zone_infos[i];
	const struct zone_entry *running = NULL;
	const struct dataset_zone *was = NULL;
	struct name apex;

	if (name_from_text(zone->name, &apex) != 0) {
		err_list_add(errors, conf->file, zone->line, "zones[%zu].name: \"%s\" is no domain name", i, zone->name);
		return ERR_SYNTAX;
	}
	if (wish->running != NULL)
		running = zone_set_get(wish->running->zones, &apex);
	if (running != NULL)
		was = &wish->running->zone_infos[zone_set_index(wish->running->zones, running)];
	info->name = mem_string(zone->name);
	info->source = mem_string(zone->file);
	info->zonemd = zone->zonemd;
	if (conf->dns.zone_statistics)
		info->counters = was != NULL && was->counters != NULL ? zone_counters_retain(was->counters)
								      : zone_counters_new(dataset->workers);
	struct zone_image *image = load_zone(zone, images, was, running, info);
	*failed += !info->current;
	int err = zone_set_add(dataset->zones, &apex, image);
	if (err != 0)
		err_list_add(errors, conf->file, zone->line, "zones[%zu].name: \"%s\" is given twice", i, zone->name);
	zone_image_release(image);
	return err;
}

/* One zone again, all others as they run: without a look at any of them. */
static void stage_one(const struct stage_wish *wish, size_t i, const char *images, struct dataset *dataset,
		      unsigned *failed)
{
	struct dataset_zone *info = &dataset->zone_infos[i];
	const struct dataset_zone *was = &wish->running->zone_infos[i];

	mem_free(info->fault);
	info->fault = NULL;
	info->current = false;
	struct zone_image *image = load_zone(&wish->conf->zones[i], images, was, zone_set_at(wish->running->zones, i), info);
	zone_set_replace(dataset->zones, i, image);
	zone_image_release(image);
	*failed += !info->current;
}

/* The configuration is the one the running dataset was made from: its zones are the same, in the same order. */
static int stage_as_they_run(const struct stage_wish *wish, const char *images, struct dataset *dataset,
			     unsigned *failed, struct err_list *errors)
{
	const struct dataset *running = wish->running;
	const struct zone_entry *only = NULL;
	struct name name;

	if (wish->only_zone != NULL) {
		if (name_from_text(wish->only_zone, &name) == 0)
			only = zone_set_get(running->zones, &name);
		if (only == NULL) {
			err_list_add(errors, NULL, 0, "zone %s: not configured here", wish->only_zone);
			return ERR_UNKNOWN;
		}
		if (running->zone_infos[zone_set_index(running->zones, only)].synced) {
			err_list_add(errors, NULL, 0, "zone %s: comes from the master: see sync now", wish->only_zone);
			return ERR_UNAVAILABLE;
		}
	}
	dataset->zones = zone_set_copy(running->zones);
	dataset->aged_refused = running->aged_refused;
	for (size_t i = 0; i < zone_set_count(running->zones); i++)
		copy_info(&running->zone_infos[i], &dataset->zone_infos[i]);
	if (only != NULL)
		stage_one(wish, zone_set_index(running->zones, only), images, dataset, failed);
	return 0;
}

/* ---- zones of content ---- */

static void add_synced(const struct stage_wish *wish, size_t i, struct dataset *dataset)
{
	const struct content_zone *zone = &wish->content->zones[i];
	const struct zone_entry *running = wish->running != NULL ? zone_set_get(wish->running->zones, &zone->apex) : NULL;
	struct dataset_zone *info = &dataset->zone_infos[zone_set_count(dataset->zones)];
	const struct dataset_zone *was = NULL;

	bool refused = age_refuses(zone, wish->content_age_s);
	dataset->aged_refused += refused;
	/* The operator at the node has the last word. */
	if (zone_set_get(dataset->zones, &zone->apex) != NULL) {
		log_warn("zone %s: of content, but the configuration has a zone of this name, which is served", zone->name);
		return;
	}
	if (running != NULL)
		was = &wish->running->zone_infos[zone_set_index(wish->running->zones, running)];
	*info = (struct dataset_zone){
		.name = mem_string(zone->name), .source = mem_format("sync, release %s", wish->content->manifest->release),
		.loaded_at = zone->loaded_at, .took_ns = zone->took_ns, .current = true, .synced = true, .item = zone->item,
	};
	if (wish->conf->dns.zone_statistics)
		info->counters = was != NULL && was->counters != NULL ? zone_counters_retain(was->counters)
								      : zone_counters_new(dataset->workers);
	zone_set_add(dataset->zones, &zone->apex, refused ? NULL : zone->image);
	if (!refused)
		return;
	char age[WALLCLOCK_SPAN_MAX], limit[WALLCLOCK_SPAN_MAX];
	info->fault = mem_format("no word from the master for %s, serve_max is %s: answers are SERVFAIL",
				 wallclock_print_span(wish->content_age_s, age, sizeof age),
				 wallclock_print_span(age_limit(zone->item, zone_image_header(zone->image)), limit, sizeof limit));
	zone_set_aged(dataset->zones);
}

/* The zones of the configuration as they run; the wish keeps them, whatever their sources are now. */
static int stage_local_as_they_run(const struct stage_wish *wish, const char *images, struct dataset *dataset,
				   unsigned *failed, struct err_list *errors)
{
	struct name apex;

	for (size_t i = 0; i < wish->conf->zone_count; i++) {
		const struct zone_entry *running = NULL;

		if (name_from_text(wish->conf->zones[i].name, &apex) == 0)
			running = zone_set_get(wish->running->zones, &apex);
		const struct dataset_zone *was =
			running != NULL ? &wish->running->zone_infos[zone_set_index(wish->running->zones, running)] : NULL;
		if (was == NULL || was->synced) {
			int err = stage_zone(wish, i, images, dataset, failed, errors);

			if (err != 0)
				return err;
			continue;
		}
		copy_info(was, &dataset->zone_infos[i]);
		*failed += was->fault != NULL;
		zone_set_add(dataset->zones, &apex, running->image);
	}
	return 0;
}

/* Those that came from the master are on disk already. */
static bool any_compiled(const struct dataset *dataset, const struct dataset *running)
{
	for (size_t i = 0; dataset->zones != NULL && i < zone_set_count(dataset->zones); i++) {
		const struct zone_entry *zone = zone_set_at(dataset->zones, i);
		const struct zone_entry *was = running != NULL ? zone_set_same(running->zones, zone) : NULL;

		if (!dataset->zone_infos[i].mapped && !dataset->zone_infos[i].synced && zone->image != NULL && (was == NULL || was->image != zone->image))
			return true;
	}
	return false;
}

int stage_zones(const struct stage_wish *wish, struct dataset *dataset, unsigned *ret_failed, struct err_list *errors)
{
	const struct conf *conf = wish->conf;
	char *images = wish->images ? mem_format("%s/zones", conf->state_dir) : NULL;
	unsigned failed = 0;
	int err = 0;

	size_t synced = wish->content != NULL ? wish->content->zone_count : 0;

	dataset->zone_infos = mem_array(conf->zone_count + synced, sizeof *dataset->zone_infos);
	if (wish->running != NULL && (wish->keep_zones || wish->only_zone != NULL)) {
		err = stage_as_they_run(wish, images, dataset, &failed, errors);
	} else {
		dataset->zones = zone_set_new(conf->zone_count + synced);
		if (wish->keep_local && wish->running != NULL)
			err = stage_local_as_they_run(wish, images, dataset, &failed, errors);
		for (size_t i = 0; i < conf->zone_count && err == 0 && !(wish->keep_local && wish->running != NULL); i++)
			err = stage_zone(wish, i, images, dataset, &failed, errors);
		for (size_t i = 0; i < synced && err == 0; i++)
			add_synced(wish, i, dataset);
	}
	/* Once for all zones: thousands of them would wait for the disk thousands of times. */
	if (images != NULL && any_compiled(dataset, wish->running) && file_sync_all(images) != 0)
		log_warn("zones: %s: the compiled images may not survive a power cut", images);
	mem_free(images);
	*ret_failed = failed;
	return err;
}
