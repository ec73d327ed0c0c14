/* SPDX-License-Identifier: Apache-2.0 */
/* Clock readings. Pure code is given a reading and never takes one. Thread: any. */
#ifndef CONF_BASE_CLOCK_H
#define CONF_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_monotonic_ns(void);	/* never steps; for durations */
int64_t clock_wall_s(void);		/* seconds since 1970, UTC */
int64_t clock_wall_us(void);		/* the same in microseconds */
int64_t clock_boot_s(void);		/* never steps, goes on while the machine sleeps; from some time on */

enum { CLOCK_TEXT_MAX = 32 };
const char *clock_print(int64_t wall_s, char *buf, size_t size);	/* 2026-01-02T03:04:05Z; returns buf */

#endif
