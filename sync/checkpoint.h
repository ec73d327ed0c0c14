/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint, from packed bytes to records: unpacked, counted, hashed and read in pieces, so that a small file that
 * unpacks to a large one costs time at most. Records must rise in the order of rr-text/1: none comes twice, and what is
 * kept of them is never more than there is to keep. Thread: any.
 */
#ifndef SYNC_CHECKPOINT_H
#define SYNC_CHECKPOINT_H

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "zone/compile.h"

struct checkpoint {		/* views */
	const char *path;	/* for messages */
	struct span packed;
	uint64_t raw_length;
	const char *raw_sha256;	/* digits, or "" */
	const struct name *zone;
};

/* Its records into compile, which is of no use after a fault. ERR_FORMAT, ERR_SYNTAX, ERR_INVALID: it is not what was
 * signed, or none; -ENOMEM: there is no room for a zone of that size. The note says it. */
int checkpoint_read(const struct checkpoint *checkpoint, struct zone_compile *compile, struct err_note *note);

#endif
