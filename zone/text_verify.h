/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of DNSSEC, through ldns. Pure; thread: any. */
#ifndef ZONE_TEXT_VERIFY_H
#define ZONE_TEXT_VERIFY_H

#include "conf/base/span.h"

/* Whether signature is one over data by the public key (the last field of a DNSKEY). 0; ERR_INVALID: it is not;
 * ERR_UNAVAILABLE: there is no such algorithm here. */
int zone_text_verify(uint8_t algorithm, struct span public_key, struct span signature, struct span data);

#endif
