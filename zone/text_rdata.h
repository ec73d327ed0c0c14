/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a master file to wire form: what zone/text_read asks of zone/text. Pure; thread: any. */
#ifndef ZONE_TEXT_RDATA_H
#define ZONE_TEXT_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/lines.h"

enum { ZONE_TEXT_RDATA_MAX = 65535 };

/* A name as written, behind which origin is put unless it ends with a dot, into out (DNS_NAME_MAX bytes). NULL, or
 * what is wrong with it. */
const char *zone_text_name(const char *word, bool quoted, struct span origin, uint8_t *out, size_t *ret_len);

/* The words from first on as RDATA into out (ZONE_TEXT_RDATA_MAX bytes). NULL, or what is wrong. Its form is not
 * checked further than its words can be: ask zone_rdata_fault(). The words may be joined afterwards. */
const char *zone_text_read_rdata(uint16_t type, struct zone_lines *lines, unsigned first, struct span origin,
				 uint8_t *out, size_t *ret_len);

#endif
