/* SPDX-License-Identifier: Apache-2.0 */
/* Single words of a master file: numbers, periods, classes; and what must be asked of a record's words before ldns
 * reads them, because it would not complain. Pure; thread: any. */
#ifndef ZONE_WORDS_H
#define ZONE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "zone/lines.h"

/* Digits only, at most limit. */
bool zone_words_number(const char *word, uint32_t limit, uint32_t *ret);
/* Seconds, or a sum of weeks, days, hours, minutes and seconds: 3600, 1h30m; at most limit. */
bool zone_words_period(const char *word, uint32_t limit, uint32_t *ret);
/* "IN", "CH", "HS", "NONE", "ANY", "CLASS42". */
bool zone_words_class(const char *word, uint16_t *ret);

/* What is wrong with the RDATA words from first on for a type of these fields (zone/rdata.h), or NULL. */
const char *zone_words_fault(const struct zone_lines *lines, unsigned first, const char *fields);

#endif
