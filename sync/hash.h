/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-2 of files as signed metadata lists it: each algorithm known here must match, and one of them must be there;
 * one that is not known is passed over. Through libcrypto, which uses the processor's own instructions. Thread: any.
 */
#ifndef SYNC_HASH_H
#define SYNC_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

enum hash_kind { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_KINDS };
enum { HASH_BYTES_MAX = 64, HASH_TEXT_MAX = 2 * HASH_BYTES_MAX + 1, HASH_SHA256_BYTES = 32 };

struct hash {
	enum hash_kind kind;
	uint8_t bytes[HASH_BYTES_MAX];
};

/* In the order in which they were added; plain data. */
struct hash_list {
	struct hash list[HASH_KINDS];
	size_t count;
};

/* Adds "sha256" and its digits; both cases of letters. ERR_UNKNOWN: an algorithm not known here, the list is as it
 * was. ERR_SYNTAX: not the digits of one. */
int hash_list_add(struct hash_list *list, const char *name, const char *digits);
const char *hash_name(enum hash_kind kind);
const char *hash_text(const struct hash *hash, char buf[HASH_TEXT_MAX]);	/* lower-case digits; buf */

/* All hashes of a list over the bytes of one file, as they come. */
struct hash_run;
struct hash_run *hash_run_new(const struct hash_list *list);
void hash_run_take(struct hash_run *run, struct span bytes);
/* Once, at the end: NULL when all match, else the first that does not; it lives as long as the run. */
const struct hash *hash_run_mismatch(struct hash_run *run);
void hash_run_free(struct hash_run *run);
/* The same for bytes that are all there. NULL, or a hash of the list. */
const struct hash *hash_list_mismatch(const struct hash_list *list, struct span bytes);

void hash_sha256(struct span bytes, uint8_t ret_digest[HASH_SHA256_BYTES]);

void hash_put_hex(struct span bytes, char *ret_text);	/* 2 * len digits and a NUL */
/* The digits as bytes, at most room of them. Their number, or ERR_SYNTAX, ERR_LIMIT. */
int hash_get_hex(const char *digits, uint8_t *ret_bytes, size_t room);

#endif
