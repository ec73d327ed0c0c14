/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/dataset.h"

#include "conf/base/mem.h"
#include "sync/content.h"

void dataset_tls_fini(struct dataset_tls tls[DATASET_TLS_SERVICES])
{
	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		if (tls[i].certs != NULL)
			tls[i].release(tls[i].certs);
		mem_free(tls[i].fault);
		tls[i] = (struct dataset_tls){ 0 };
	}
}

static void free_locals(struct dataset_locals *locals)
{
	for (size_t i = 0; i < locals->set_count; i++)
		local_set_free(locals->sets[i]);
	for (size_t i = 0; i < locals->count; i++) {
		mem_free(locals->names[i].name);
		mem_free(locals->names[i].from_site);
		mem_free(locals->names[i].fault);
	}
	mem_free(locals->sets);
	mem_free(locals->names);
}

bool dataset_serves_zones(const struct dataset *dataset)
{
	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		if (zone_set_at(dataset->zones, i)->base != NULL)
			return true;
	}
	return false;
}

void dataset_free(struct dataset *dataset)
{
	if (dataset == NULL)
		return;
	for (size_t i = 0; dataset->zones != NULL && i < zone_set_count(dataset->zones); i++) {
		mem_free(dataset->zone_infos[i].name);
		mem_free(dataset->zone_infos[i].source);
		mem_free(dataset->zone_infos[i].fault);
		zone_counters_release(dataset->zone_infos[i].counters);
	}
	mem_free(dataset->zone_infos);
	zone_set_free(dataset->zones);
	free_locals(&dataset->locals);
	for (size_t i = 0; dataset->site_counters != NULL && i < redirect_sites_count(dataset->sites); i++)
		site_counters_release(dataset->site_counters[i]);
	mem_free(dataset->site_counters);
	redirect_health_free(dataset->health);
	redirect_sites_free(dataset->sites);
	dataset_tls_fini(dataset->tls);
	mem_free(dataset->node);
	mem_free(dataset->version);
	mem_free(dataset->release);
	content_release(dataset->content);
	board_tell_fini(&dataset->tell);
	prefixes_fini(&dataset->rate_limit.whitelist);
	prefixes_fini(&dataset->http.proxies);
	mem_free(dataset);
}
