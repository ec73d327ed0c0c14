/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of the file, as libcyaml's tables: which key holds a mapping, a list or a scalar, and where in struct
 * conf_raw it goes. What a scalar may say is in conf/setting.c. The only door to libcyaml. Thread: any.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "conf/raw.h"

/* The whole file. Every key is optional here and every scalar a string: conf/check.c asks for more, and says more. */
extern const cyaml_schema_value_t conf_schema;
/* The same with the key "sites" alone: what content from elsewhere may say. */
extern const cyaml_schema_value_t conf_schema_sites;

enum { CONF_SCHEMA_FAULT_MAX = 256 };

/* Loads text, which conf_check_document() has found well shaped. ERR_INVALID with libcyaml's sentence in fault.
 * *ret_raw may be NULL for a file that gives no known key. */
int conf_schema_load(const char *text, size_t len, struct conf_raw **ret_raw, char fault[CONF_SCHEMA_FAULT_MAX]);
void conf_schema_free(struct conf_raw *raw);

#endif
