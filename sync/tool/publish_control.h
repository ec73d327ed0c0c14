/* SPDX-License-Identifier: Apache-2.0 */
/* The signed report of a node by its control socket (docs/control-protocol.md): of a node on this machine, or of one whose
 * socket was forwarded here (ssh -L). */
#ifndef SYNC_TOOL_PUBLISH_CONTROL_H
#define SYNC_TOOL_PUBLISH_CONTROL_H

#include "sync/json_view.h"

/* The caller's (json_view_free), or NULL with the note. timeout_ms: for each piece. */
struct json_view *publish_control_report(const char *path, uint64_t timeout_ms, uint64_t max_bytes, struct err_note *note);

#endif
