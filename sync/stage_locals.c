/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/stage_locals.h"

#include <string.h>
#include <strings.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"

/* What a site's own targets have to offer. */
struct offer {
	struct local_address addresses[LOCAL_ADDRESSES_MAX + 1];
	struct local_service services[LOCAL_SERVICES_MAX + 1];
	size_t address_count, service_count;	/* one more than the most: too many */
};

static bool has_address(const struct offer *offer, struct span bytes)
{
	for (size_t i = 0; i < offer->address_count; i++) {
		if (offer->addresses[i].len == bytes.len && memcmp(offer->addresses[i].bytes, bytes.at, bytes.len) == 0)
			return true;
	}
	return false;
}

/* An address that several targets share is up when the first of them is. */
static void offer_endpoint(struct offer *offer, const struct redirect_health *health,
			   const struct redirect_endpoint *endpoint)
{
	if (endpoint->address.any.sa_family == AF_UNSPEC || offer->address_count > LOCAL_ADDRESSES_MAX)
		return;
	struct span bytes = addr_bytes(&endpoint->address);
	if (has_address(offer, bytes))
		return;
	struct local_address *address = &offer->addresses[offer->address_count++];
	address->len = (uint8_t)bytes.len;
	memcpy(address->bytes, bytes.at, bytes.len);
	address->up = &health->endpoints[endpoint->id];
}

/* In SRV a target stands by its name; one that is an address itself by the local name, which leads to it. */
static void offer_service(struct offer *offer, const struct redirect_health *health,
			  const struct redirect_target *target, const char *name)
{
	struct addr literal;
	bool named = target->host != NULL && addr_parse(target->host, 1, &literal) != 0;

	if (offer->service_count > LOCAL_SERVICES_MAX || target->weight == 0)
		return;
	offer->services[offer->service_count++] = (struct local_service){
		.host = named ? target->host : name, .port = target->port, .weight = (uint16_t)target->weight,
		.https = target->https, .up = &health->targets[target->id],
	};
}

static void make_offer(const struct dataset *dataset, const struct redirect_site *site, const char *name,
		       struct offer *offer)
{
	offer->address_count = offer->service_count = 0;
	for (size_t i = 0; i < site->target_count; i++) {
		const struct redirect_target *target = &site->targets[i];

		for (size_t k = 0; k < target->endpoint_count; k++)
			offer_endpoint(offer, dataset->health, &target->endpoints[k]);
		offer_service(offer, dataset->health, target, name);
	}
}

/* The site with this very host among its own: a pattern is named as it is written. */
static const struct redirect_site *site_of(const struct redirect_sites *sites, const char *host)
{
	for (size_t i = 0; i < redirect_sites_count(sites); i++) {
		const struct redirect_site *site = redirect_sites_at(sites, i);

		for (size_t k = 0; k < site->host_count; k++) {
			if (strcasecmp(site->hosts[k], host) == 0)
				return site;
		}
	}
	return NULL;
}

static int add_local(const struct conf *conf, const struct conf_local_name *local, struct dataset *dataset,
		     struct offer *offer, struct err_note *note)
{
	const struct redirect_site *site = site_of(dataset->sites, local->from_site);
	const struct zone_entry *zone;
	struct name name;

	if (site == NULL || name_from_text(local->name, &name) != 0) {
		err_note_set(note, NULL, 0, "no site has the host \"%s\"", local->from_site);
		return ERR_INVALID;
	}
	zone = zone_set_find(dataset->zones, &name, false);
	if (zone == NULL || zone->base == NULL) {
		err_note_set(note, NULL, 0, zone == NULL ? "it is in no zone of this node" : "its zone is not loaded");
		return ERR_INVALID;
	}
	make_offer(dataset, site, local->name, offer);
	const struct local_wish wish = {
		.name = local->name, .ttl_s = local->ttl_s, .node = conf->node.name, .now_s = clock_wall_s(),
		.addresses = offer->addresses, .address_count = offer->address_count,
		.services = offer->services, .service_count = offer->service_count,
	};
	struct local_set **set = &dataset->locals.sets[zone_set_index(dataset->zones, zone)];
	if (*set == NULL) {
		*set = local_set_new(zone->base);
		zone_set_locals(dataset->zones, zone_set_index(dataset->zones, zone), *set);
	}
	return local_set_add(*set, &wish, note);
}

unsigned stage_locals(const struct conf *conf, struct dataset *dataset)
{
	struct dataset_locals *locals = &dataset->locals;
	struct offer *offer;
	unsigned failed = 0;

	if (conf->local_name_count == 0)
		return 0;
	offer = mem_alloc(sizeof *offer);
	locals->set_count = zone_set_count(dataset->zones);
	locals->sets = mem_array(locals->set_count, sizeof *locals->sets);
	locals->names = mem_array(conf->local_name_count, sizeof *locals->names);
	locals->count = conf->local_name_count;
	for (size_t i = 0; i < conf->local_name_count; i++) {
		const struct conf_local_name *local = &conf->local_names[i];
		struct err_note note = { 0 };

		locals->names[i].name = mem_string(local->name);
		locals->names[i].from_site = mem_string(local->from_site);
		if (add_local(conf, local, dataset, offer, &note) == 0)
			continue;
		locals->names[i].fault = mem_string(note.text);
		log_error("%s:%u: local-names[%zu].name: %s: %s", conf->file, local->line, i, local->name, note.text);
		failed++;
	}
	mem_free(offer);
	return failed;
}
