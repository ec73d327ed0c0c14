/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files that build the section anycast (conf/anycast.c, conf/routing.c): values taken through these are noted in
 * conf_anycast.print and live in its arena. One load; thread: its own.
 */
#ifndef CONF_ANYCAST_H
#define CONF_ANYCAST_H

#include "conf/build.h"

uint64_t conf_anycast_number(struct conf_build *build, const char *key, const char *text);
uint64_t conf_anycast_duration(struct conf_build *build, const char *key, const char *text);
bool conf_anycast_bool(struct conf_build *build, const char *key, const char *text);
unsigned conf_anycast_choice(struct conf_build *build, const char *key, const char *text);
/* text, or the default of key's row (which need not be one when text is given), or NULL. */
char *conf_anycast_text(struct conf_build *build, const char *key, const char *text);
void *conf_anycast_array(struct conf_build *build, size_t count, size_t size);	/* zeroed */
const char **conf_anycast_texts(struct conf_build *build, const char *key, char **texts, size_t count,
				size_t *ret_count);

#endif
