/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of settings: what each key of the configuration file means, takes and does when left out. Checking,
 * defaults, conf_print_keys() and the manual page (held to it by a test) all come from here. Const; thread: any.
 *
 * A key is written with its path, list entries as []: "sites[].targets[].weight". A row with CONF_LIST describes the
 * entries of a list; the keys of a list of mappings have rows of their own.
 */
#ifndef CONF_SETTING_H
#define CONF_SETTING_H

#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_GROUP,	/* a mapping */
	CONF_TEXT,	/* min..max printable ASCII characters */
	CONF_NUMBER,	/* min..max */
	CONF_DURATION,	/* min..max ms */
	CONF_SIZE,	/* min..max bytes */
	CONF_BOOL,
	CONF_CHOICE,	/* one of choices */
	CONF_PATH,
	CONF_ADDRESS,	/* ADDRESS@PORT, port when left out */
	CONF_PREFIX,	/* ADDRESS or ADDRESS/LENGTH */
	CONF_IP,	/* ADDRESS */
	CONF_NAME,	/* a domain name */
	CONF_HOST,	/* a host name, *.NAME or * */
	CONF_URL,	/* where clients are sent */
	CONF_NSID,
	CONF_WORKERS,
	CONF_STATUS,	/* of a redirect */
};

enum {
	CONF_LIST = 1 << 0,
	CONF_REQUIRED = 1 << 1,	/* a list: at least one entry */
	CONF_RESTART = 1 << 2,	/* a reload cannot change it */
	CONF_LATER = 1 << 3,	/* not available in this version: only its default or an empty list is taken */
};

struct conf_setting {
	const char *key;
	enum conf_type type;
	unsigned flags;
	uint64_t min, max;	/* a list: max entries, 0 for no limit but the file's */
	const char *fallback;	/* the value when left out; NULL: none */
	union {
		const char *choices;	/* "error warn info debug" */
		uint16_t port;
	};
	const char *help;
};

extern const struct conf_setting conf_settings[];
extern const size_t conf_setting_count;

/* The row of key, or NULL. near is a row that stands at or before it, for speed, or NULL. */
const struct conf_setting *conf_setting_find(const char *key, const struct conf_setting *near);

enum { CONF_DESCRIBE_MAX = 320 };
/* What a value must be, to stand behind "expected": "a number from 512 to 4096". Returns buf. */
const char *conf_setting_expected(const struct conf_setting *setting, char buf[CONF_DESCRIBE_MAX]);
/* Type, default and when it may change, as the manual says it. Returns buf. */
const char *conf_setting_describe(const struct conf_setting *setting, char buf[CONF_DESCRIBE_MAX]);

#endif
