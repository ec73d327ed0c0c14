/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first pass: a walk over the YAML document beside the schema, telling every fault that one key shows by itself:
 * unknown, missing, twice, of the wrong kind, out of range, not available. One load; thread: its own.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include <stdbool.h>

#include "conf/base/err.h"
#include "conf/document.h"
#include "conf/place.h"

struct cyaml_schema_value;

/* schema: conf_schema, or conf_schema_sites. Adds to errors, and to places where each thing stands. False when the document has not the shape that libcyaml
 * loads, so that there is nothing for a second pass to look at; faulty values alone leave it true. */
bool conf_check_document(const char *file, yaml_document_t *document, const struct cyaml_schema_value *schema,
			 struct conf_places *places, struct err_list *errors);

#endif
