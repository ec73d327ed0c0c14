/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a node over UDP, one after the other: what it says of itself (CH TXT), and the serial of a zone. */
#ifndef SYNC_TOOL_PUBLISH_ASK_H
#define SYNC_TOOL_PUBLISH_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/addr.h"

/* The first text of a CH TXT record, as release.catchment. has one. 0, -ETIMEDOUT, ERR_UNKNOWN: it does not tell. */
int publish_ask_text(const struct addr *node, const char *name, uint64_t timeout_ms, char *ret_text, size_t size);
/* The serial of the SOA that it answers with authority. The same codes. */
int publish_ask_serial(const struct addr *node, const char *zone, uint64_t timeout_ms, uint32_t *ret_serial);

#endif
