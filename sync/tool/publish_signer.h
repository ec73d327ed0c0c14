/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever has the DNSSEC keys: a command of the operator's that is given a zone and gives it back signed. No such
 * key is ever read here. The command is run by /bin/sh in a folder of its own that is removed afterwards, with the
 * zone (a master file without directives) on its standard input and as the file CATCHMENT_ZONE_FILE, the name of
 * the zone in CATCHMENT_ZONE and its serial in CATCHMENT_SERIAL; it writes the signed zone to its standard output.
 * What it says on standard error is for people. Thread: one at a time.
 */
#ifndef SYNC_TOOL_PUBLISH_SIGNER_H
#define SYNC_TOOL_PUBLISH_SIGNER_H

#include "conf/base/err.h"
#include "conf/base/span.h"

/* What the command wrote. *ret_text is the caller's (mem_free), with a NUL behind it. ERR_UNAVAILABLE: it failed. */
int publish_signer_run(const char *command, const char *zone, uint32_t serial, struct span text, uint8_t **ret_text,
		       size_t *ret_len, struct err_note *note);

#endif
