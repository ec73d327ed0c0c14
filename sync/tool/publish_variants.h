/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the command variants: the list of nodes and addresses, and the sets that are made of it. Thread: one. */
#ifndef SYNC_TOOL_PUBLISH_VARIANTS_H
#define SYNC_TOOL_PUBLISH_VARIANTS_H

#include <arpa/inet.h>

#include "sync/tool/publish_call.h"
#include "zone/local_variant.h"

enum { VARIANTS_TARGETS_MAX = 16, VARIANTS_ADDRESSES_MAX = 64, VARIANTS_HTTPS_MAX = 8 };	/* of one node and name */

/* One address of a node. */
struct variants_address {
	char text[INET6_ADDRSTRLEN];
	uint16_t type;			/* A or AAAA */
	unsigned target;
};

/* One node's addresses for one name. */
struct variants_place {
	char *node, *name;		/* as text; name with its last dot */
	struct name wire;
	struct variants_address list[VARIANTS_ADDRESSES_MAX];
	size_t count;
	unsigned targets;
	char *https[VARIANTS_HTTPS_MAX];		/* SvcParams of each record */
	size_t https_count;
	unsigned line;
};

/* One set of addresses of one place: what has to be signed. */
struct variants_job {
	struct variants_place *place;
	uint8_t number;
	char *records;			/* lines of a master file */
	unsigned types;			/* RRsets in it: bit 0 A, 1 AAAA, 2 HTTPS */
	unsigned signed_types;
	bool done, in_round;
};

struct variants {
	struct publish_call *call;
	char *zone;			/* with its last dot */
	struct name apex;
	uint32_t ttl;
	struct variants_place *places;
	size_t place_count, place_room;
	struct variants_job *jobs;
	size_t job_count, job_room;
	char *out;			/* lines */
	size_t len, room, records;
};

/* The file words[1], and its sets as jobs. An exit code. publish_variants_fini() in any case. */
int publish_variants_read(struct variants *variants);
void publish_variants_fini(struct variants *variants);
void publish_variants_text(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));	/* appends */

#endif
