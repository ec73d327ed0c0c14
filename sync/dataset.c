/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/dataset.h"

#include "conf/base/mem.h"

void dataset_tls_fini(struct dataset_tls tls[DATASET_TLS_SERVICES])
{
	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		if (tls[i].certs != NULL)
			tls[i].release(tls[i].certs);
		mem_free(tls[i].fault);
		tls[i] = (struct dataset_tls){ 0 };
	}
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
	redirect_sites_free(dataset->sites);
	dataset_tls_fini(dataset->tls);
	mem_free(dataset->node);
	mem_free(dataset->version);
	prefixes_fini(&dataset->rate_limit.whitelist);
	mem_free(dataset);
}
