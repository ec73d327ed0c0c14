/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a zone while they are collected: compact, on one list per owner. Inside zone/compile; one thread. */
#ifndef ZONE_RECORDS_H
#define ZONE_RECORDS_H

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "zone/names.h"
#include "zone/record.h"

enum { ZONE_RECORDS_MAX = 1 << 30 };

struct zone_stored {
	const uint8_t *rdata;	/* as wire; names of zone_layout() types as their numbers, 4 bytes each */
	uint32_t next;		/* of the same owner: number plus 1; 0: none */
	uint32_t ttl;
	uint32_t line;
	uint16_t file;		/* in files */
	uint16_t type;
	uint16_t len;		/* of rdata as stored */
};

struct zone_records {
	struct name apex;
	uint32_t apex_number;	/* in names */
	struct zone_names names;
	struct zone_stored *list;
	size_t count, capacity;
	char **files;
	size_t file_count, file_capacity;
	struct arena arena;
	uint8_t last_owner[DNS_NAME_MAX];	/* of the record before: mostly it is the same again */
	size_t last_owner_len;
	uint32_t last_number;
};

void zone_records_init(struct zone_records *records, const struct name *apex);
void zone_records_fini(struct zone_records *records);

/* Checks one record by itself and keeps a copy of it. Faults go to errors. */
void zone_records_add(struct zone_records *records, const struct record *record, struct err_list *errors,
		      struct err_list *warnings);

/* RDATA of a stored record as wire, into out (ZONE_RDATA_MAX bytes); its length. */
enum { ZONE_RDATA_MAX = 65535 };
size_t zone_records_rdata(const struct zone_records *records, const struct zone_stored *stored, uint8_t *out);
/* Number of a name in the RDATA of a zone_layout() type. */
uint32_t zone_stored_name(const struct zone_stored *stored, unsigned index);
/* The first record of that type at a name, or NULL. */
const struct zone_stored *zone_records_find(const struct zone_records *records, const struct zone_key *owner,
					    uint16_t type);
static inline const char *zone_records_file(const struct zone_records *records, const struct zone_stored *stored)
{
	return records->files[stored->file];
}

#endif
