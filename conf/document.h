/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to one libyaml document, or a sentence why not. What comes out has passed the limits below and holds no
 * alias, so that walking it costs no more than its length. The only door to libyaml. Thread: any.
 */
#ifndef CONF_DOCUMENT_H
#define CONF_DOCUMENT_H

#include <stddef.h>
#include <yaml.h>

#include "conf/base/err.h"

enum {
	CONF_DEPTH_MAX = 32,		/* mappings and lists inside each other; ours need 7 */
	CONF_NODES_MAX = 1 << 20,	/* keys, scalars, mappings and lists; libyaml takes ~150 bytes for each */
};

/* 0 and *ret, whose root is there, for yaml_document_delete(); else ERR_SYNTAX or ERR_LIMIT and faults in errors. */
int conf_document_load(const char *file, const char *text, size_t len, yaml_document_t *ret, struct err_list *errors);

#endif
