/* SPDX-License-Identifier: Apache-2.0 */
/* A query that is signed (RFC 8945): no key is shared with anybody yet, so all that is done is to say so, in the form
 * that tells the client which key was meant. Transaction lifetime; any thread. */
#ifndef ZONE_TSIG_H
#define ZONE_TSIG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/name.h"

struct tsig {
	bool present;
	struct name key;
	struct name algorithm;
	uint8_t time_signed[6];
	uint16_t fudge, original_id;
};

enum { TSIG_BYTES_MAX = 2 * DNS_NAME_MAX + DNS_RR_FIXED_BYTES + 16 };

/* From the record's owner (uncompressed) and RDATA. False: malformed. */
bool tsig_read(struct span owner, struct span rdata, struct tsig *ret_tsig);
/* The unsigned TSIG with error BADKEY (5.3.2). out has TSIG_BYTES_MAX; gives the bytes written. */
size_t tsig_write_badkey(const struct tsig *tsig, uint8_t *out);

#endif
