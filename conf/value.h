/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars of the configuration: does a text say what its setting takes, and what does it say? Thread: any. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/setting.h"

/* NULL when text is a value of setting; "" when it is not what conf_setting_expected() says; else a reason to add. */
const char *conf_value_fault(const struct conf_setting *setting, const char *text);

/* The value of key: text, or the default of its row when text is NULL. Gives the least the row allows when text is
 * not a value, which has been told by then. */
uint64_t conf_value_number(const char *key, const char *text);
uint64_t conf_value_duration(const char *key, const char *text);	/* ms */
uint64_t conf_value_size(const char *key, const char *text);		/* bytes */
bool conf_value_bool(const char *key, const char *text);
unsigned conf_value_choice(const char *key, const char *text);		/* the place in the row's choices */
const char *conf_value_text(const char *key, const char *text);

/* NSID as text or 0xHEX into at most size bytes. ERR_SYNTAX or ERR_LIMIT. */
int conf_value_nsid(const char *text, uint8_t *ret, size_t size, size_t *ret_len);

#endif
