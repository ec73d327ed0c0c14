/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain names. A struct name is one absolute name in lower case (RFC 4343) with everything a look-up wants to know
 * about it: where its labels begin and the hash of each of its suffixes. Plain data, transaction lifetime; thread: any.
 */
#ifndef ZONE_NAME_H
#define ZONE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/wire.h"

struct name {
	uint8_t len;		/* bytes of wire, root label included: 1..255 */
	uint8_t labels;		/* without the root: 0..127 */
	uint8_t wire[DNS_NAME_MAX + 1];	/* lower case, uncompressed */
	uint8_t start[DNS_LABELS_MAX + 1]; /* label i begins at wire[start[i]]; start[labels] is the root label */
	uint32_t hash[DNS_LABELS_MAX + 1]; /* of the suffix that begins with label i; hash[labels] is the root's */
};

/* Reads an uncompressed name of at most 255 bytes. ERR_SYNTAX on a pointer, another label type, or no end. */
int name_read(struct reader *reader, struct name *ret_name);
/* The same from bytes that hold one name and nothing else. */
int name_from_wire(const uint8_t *wire, size_t len, struct name *ret_name);
/* Master-file text ("www.Example.org.", escapes \. and \DDD; "." is the root; a missing last dot is taken as there). */
int name_from_text(const char *text, struct name *ret_name);
/* Text with a last dot, special and non-printable bytes escaped (RFC 1035, 5.1; RFC 4343, 2.1); returns buf.
 * buf has DNS_NAME_TEXT_MAX bytes. wire is any valid uncompressed name. */
const char *name_print(const uint8_t *wire, char *buf);
/* Bytes of the valid uncompressed name at wire, root label included. */
size_t name_wire_len(const uint8_t *wire);
/* Canonical order of RFC 4034, 6.1 of two valid names, case ignored: <0, 0, >0. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* Whether name is at or below the name of ancestor_len bytes at ancestor (lower case). */
bool name_is_below(const struct name *name, const uint8_t *ancestor, size_t ancestor_len);

uint8_t name_lower(uint8_t byte);	/* ASCII only */

/* Hash of a suffix from that of the one without its first label: the image and the zone set are keyed by it, so it is
 * part of the image format. The label's bytes are lower case. */
#define NAME_ROOT_HASH 0x9e3779b9u
uint32_t name_hash_label(uint32_t parent_hash, const uint8_t *label, size_t label_len);

#endif
