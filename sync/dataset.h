/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dataset: everything that content and live settings decide, built aside, checked whole, immutable, switched by one
 * pointer. Main owns it and frees it when every worker has taken a newer one (server/publish). Zone images are shared between generations by their count.
 */
#ifndef SYNC_DATASET_H
#define SYNC_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "redirect/health.h"
#include "redirect/sites.h"
#include "sync/board.h"
#include "sync/site_counters.h"
#include "sync/zone_counters.h"
#include "zone/local.h"
#include "zone/respond.h"
#include "zone/set.h"

struct content;
struct manifest_item;
struct tls_certs;

/* What is told of a zone beside its image; same index as in the zone set. */
struct dataset_zone {
	char *name;		/* as configured */
	char *source;		/* master file */
	int64_t loaded_at;	/* wall clock of the version served; 0: nothing is served */
	uint64_t took_ns;	/* to load it */
	bool mapped;		/* came from its compiled image */
	char *fault;		/* why the newest source is not served, or NULL */
	unsigned warnings;	/* of the last load */
	enum conf_zonemd zonemd;	/* by which it was loaded */
	bool current;		/* the version served is the newest source */
	bool synced;		/* of content: source says which release */
	const struct manifest_item *item;	/* and which one; of the dataset's content */
	struct zone_counters *counters;	/* retained; NULL: dns.zone-statistics is off */
};

/* What a service over TLS shows to its clients: made by server/tls_stage, only carried here, and let go with release. */
enum dataset_tls_service { DATASET_TLS_DNS, DATASET_TLS_HTTP, DATASET_TLS_SERVICES };

struct dataset_tls {
	struct tls_certs *certs;	/* NULL: not configured */
	void (*release)(struct tls_certs *certs);
	char *fault;			/* why the newest files are not in use, or NULL */
};

/* How connections to the redirect front end are limited; of the whole process, HTTP and HTTPS each. */
struct dataset_http {
	unsigned max_clients, max_per_client;
	uint8_t ipv4_prefix_length, ipv6_prefix_length;	/* what counts as one client */
	uint64_t idle_ms, request_ms;
	struct prefixes proxies;	/* load balancers that must send a PROXY header */
};

/* Names that are answered with this node's own addresses. */
struct dataset_local {
	char *name, *from_site;		/* as configured */
	char *fault;			/* why the zone answers instead, or NULL */
};

struct dataset_locals {
	struct dataset_local *names;
	size_t count;
	struct local_set **sets;	/* by zone; NULL where there is none */
	size_t set_count;
};

struct dataset {
	uint64_t generation;	/* 1, 2, 3, ... */
	struct zone_set *zones;
	struct dataset_zone *zone_infos;
	struct dataset_locals locals;
	struct redirect_sites *sites;	/* empty without any */
	struct site_counters **site_counters;	/* of each site, retained */
	struct redirect_health *health;	/* of its targets: all up, until server/health says otherwise */
	struct zone_identity identity;	/* views into node and nsid below */
	struct board_tell tell;		/* for CH sync.server. */
	struct cookie_secrets cookies;
	bool cookies_shared;		/* from files, not made by this node for itself */
	uint64_t cookies_require_above;	/* UDP queries a second of the whole process; 0: never */
	struct respond_env respond;	/* of the parts above */
	struct dataset_tls tls[DATASET_TLS_SERVICES];
	char *node, *version, *release;
	size_t aged_refused;		/* zones of content that were too old to be answered from when this was staged */
	struct content *content;	/* retained; NULL: nothing came from a master */
	uint8_t nsid[CONF_NSID_MAX];
	uint64_t tcp_idle_ms, tcp_io_ms;
	unsigned tcp_max_clients, tcp_max_per_client;
	struct conf_rate_limit rate_limit;	/* its whitelist is the dataset's */
	struct dataset_http http;
	bool zone_statistics;		/* zone_infos have counters */
	unsigned workers;		/* of the process: as at the start, whatever the configuration says now */
};

/* Whether there is a zone that can be answered from. */
bool dataset_serves_zones(const struct dataset *dataset);
void dataset_free(struct dataset *dataset);
void dataset_tls_fini(struct dataset_tls tls[DATASET_TLS_SERVICES]);

#endif
