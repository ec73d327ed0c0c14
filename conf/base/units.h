/* SPDX-License-Identifier: Apache-2.0 */
/* Durations ("500ms", "10s", "2h") and sizes ("4096", "16K", "2G") as operators write them. Thread: any. */
#ifndef CONF_BASE_UNITS_H
#define CONF_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* A whole number and one of ms s m h d; a bare number is seconds. Gives milliseconds. ERR_SYNTAX or ERR_LIMIT. */
int units_duration(const char *text, uint64_t *ret_ms);
/* A whole number and none or one of K M G (powers of 1024). Gives bytes. ERR_SYNTAX or ERR_LIMIT. */
int units_size(const char *text, uint64_t *ret_bytes);

enum { UNITS_TEXT_MAX = 32 };
const char *units_print_duration(uint64_t ms, char *buf, size_t size);	/* in the largest unit that divides it */
const char *units_print_size(uint64_t bytes, char *buf, size_t size);	/* the same */

#endif
