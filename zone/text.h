/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Master files (RFC 1035, 5; RFC 2308, 4; RFC 3597), read through ldns. The only door to ldns. Directives: $ORIGIN,
 * $TTL, $INCLUDE (relative to the including file, at most ZONE_TEXT_INCLUDES deep). Thread: any; nothing is shared.
 */
#ifndef ZONE_TEXT_H
#define ZONE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "zone/image.h"
#include "zone/name.h"
#include "zone/record.h"

enum { ZONE_TEXT_INCLUDES = 16, ZONE_TEXT_FILES = 10000 };	/* depth of $INCLUDE, and files in all */

/* Takes one record; a non-zero return stops the reading and is returned from it. */
typedef int zone_text_record_fn(void *ctx, const struct record *record);

/* Reads path, giving every record to on_record in the order of the file. Faults (file, line, what was expected) go to
 * errors; reading goes on behind a faulty record, so that all faults are told. Returns 0, or a negative code when
 * anything was wrong. */
int zone_text_read(const char *path, const struct name *origin, zone_text_record_fn *on_record, void *ctx,
		   struct err_list *errors);

/* Is told of every file, the first one and those included, once it is open and before it is read. */
struct stat;
typedef void zone_text_file_fn(void *ctx, const char *path, const struct stat *stat);
struct zone_text_watch {
	zone_text_file_fn *on_file;
	void *ctx;
};
int zone_text_read_watched(const char *path, const struct name *origin, zone_text_record_fn *on_record, void *ctx,
			   const struct zone_text_watch *watch, struct err_list *errors);

/* The same from memory; $INCLUDE is refused. path is for messages. */
int zone_text_parse(const char *path, const char *text, size_t len, const struct name *origin,
		    zone_text_record_fn *on_record, void *ctx, struct err_list *errors);

/* Names of types and classes, "TYPE65280" and "CLASS42" where there is no other; give buf, of ZONE_TEXT_TYPE_MAX. */
enum { ZONE_TEXT_TYPE_MAX = 24 };
const char *zone_text_type(uint16_t type, char *buf);
const char *zone_text_class(uint16_t class, char *buf);
int zone_text_type_parse(const char *text, uint16_t *ret_type);	/* ERR_SYNTAX */

/* RDATA in presentation form. The caller's (mem_free); never NULL: what ldns cannot print is written as RFC 3597
 * says. */
char *zone_text_rdata(uint16_t type, const uint8_t *rdata, size_t len);

#endif
