/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of what is said about a signed zone: findings as text, and zones signed by the tools of the field. */
#ifndef TESTS_UNIT_SUPPORT_ZONE_FINDINGS_H
#define TESTS_UNIT_SUPPORT_ZONE_FINDINGS_H

#include <stdbool.h>

#include "zone/image.h"

enum { ZONE_FINDINGS_MAX = 1 << 16 };

/* Every finding on a line of its own: "B ..." broken, "E ..." expired, "W ..." warning, "N ..." note. The text lives
 * until the next call. */
const char *zone_findings(const struct zone_image *image, int64_t now_s, bool thorough);
/* The same for text, which must load. */
const char *zone_findings_of(const char *origin, const char *text, int64_t now_s, bool thorough);

/* A copy of text with the first from in it replaced by to; from must be there. The caller's (mem_free). */
char *zone_edit(const char *text, const char *from, const char *to);

/* Whether the tool is installed. */
bool zone_has_tool(const char *tool);
/* Signs text (master file of origin) with ldns-signzone: a KSK and a ZSK for each of the algorithms (ldns' names,
 * with spaces), and options. The signed zone as text; the caller's (mem_free). Fails the test when it does not work.
 */
char *zone_sign(const char *origin, const char *text, const char *algorithms, const char *options);

#endif
