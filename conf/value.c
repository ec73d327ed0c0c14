/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/addr.h"
#include "conf/base/err.h"
#include "conf/base/prefix.h"
#include "conf/base/units.h"
#include "conf/conf.h"
#include "conf/text.h"

static const char bools[] = "true false yes no on off";	/* by turns */

static int number_of(const char *text, uint64_t *ret)
{
	/* units_size() without a unit: digits, and nothing that overflows. */
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return ERR_SYNTAX;
	return units_size(text, ret);
}

static bool is_number(const struct conf_setting *s, const char *text)
{
	uint64_t value;

	return number_of(text, &value) == 0 && value >= s->min && value <= s->max;
}

static bool is_duration(const struct conf_setting *s, const char *text)
{
	uint64_t ms;

	return units_duration(text, &ms) == 0 && ms >= s->min && ms <= s->max;
}

static bool is_size(const struct conf_setting *s, const char *text)
{
	uint64_t bytes;

	return units_size(text, &bytes) == 0 && bytes >= s->min && bytes <= s->max;
}

/* The place of text among the words of choices, or -1. */
static int place_of(const char *choices, const char *text)
{
	size_t len = strlen(text);
	int place = 0;

	for (const char *word = choices; *word != '\0'; place++) {
		size_t word_len = strcspn(word, " ");

		if (word_len == len && memcmp(word, text, len) == 0)
			return place;
		word += word_len + (word[word_len] == ' ');
	}
	return -1;
}

static const char *text_fault(const struct conf_setting *s, const char *text)
{
	size_t len = strlen(text);

	if (s->max != 0 && !(s->flags & CONF_LIST) && (len < s->min || len > s->max))
		return "";
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return "";
	}
	/* It ends up in HTTP headers, which lose blanks at their ends. */
	return len > 0 && (text[0] == ' ' || text[len - 1] == ' ') ? "it begins or ends with a blank" : NULL;
}

static const char *address_fault(const struct conf_setting *s, const char *text)
{
	struct addr addr;

	if (addr_parse(text, s->port, &addr) != 0)
		return "";
	return addr_port(&addr) == 0 ? "port 0 is not one to listen on" : NULL;
}

static bool is_prefix(const char *text)
{
	struct prefix prefix;

	return prefix_parse(text, &prefix) == 0;
}

static bool is_ip(const char *text)
{
	struct addr addr;

	return strchr(text, '@') == NULL && addr_parse(text, 1, &addr) == 0;
}

static bool is_name(const char *text)
{
	uint8_t wire[CONF_WIRE_MAX];
	size_t len;

	return conf_text_name(text, wire, &len) == 0;
}

static const char *host_fault(const char *text)
{
	const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

	if (strcmp(text, "*") == 0 || conf_text_is_host(name))
		return NULL;
	if (strchr(text, '/') != NULL || strchr(text, ':') != NULL)
		return "neither a scheme nor a port belongs to it";
	return text[0] != '\0' && text[strlen(text) - 1] == '.' ? "write it without its last dot" : "";
}

static const char *status_fault(const char *text)
{
	if (strcmp(text, "301") == 0 || strcmp(text, "308") == 0)
		return "browsers keep a permanent redirect for ever, which would pin a client to this one node";
	return place_of("302 303 307", text) >= 0 ? NULL : "";
}

static const char *nsid_fault(const struct conf_setting *s, const char *text)
{
	uint8_t nsid[CONF_NSID_MAX];
	size_t len;

	switch (conf_value_nsid(text, nsid, s->max, &len)) {
	case 0: return NULL;
	case ERR_SYNTAX: return "behind 0x there must be pairs of hexadecimal digits";
	default: return "";
	}
}

static const char *general(bool good)
{
	return good ? NULL : "";
}

const char *conf_value_fault(const struct conf_setting *s, const char *text)
{
	enum log_level level;

	switch (s->type) {
	case CONF_TEXT: return text_fault(s, text);
	case CONF_NUMBER: return general(is_number(s, text));
	case CONF_DURATION: return general(is_duration(s, text));
	case CONF_SIZE: return general(is_size(s, text));
	case CONF_BOOL: return general(place_of(bools, text) >= 0);
	case CONF_CHOICE:
		/* The log's own alias "warning" too. */
		return general(place_of(s->choices, text) >= 0
			       || (strcmp(s->key, "log.level") == 0 && log_level_parse(text, &level) == 0));
	case CONF_PATH:
		return text[0] == '\0' ? "it is empty" : strlen(text) >= 4096 ? "it is longer than 4095 bytes" : NULL;
	case CONF_ADDRESS: return address_fault(s, text);
	case CONF_PREFIX: return general(is_prefix(text));
	case CONF_IP: return general(is_ip(text));
	case CONF_NAME: return general(is_name(text));
	case CONF_HOST: return host_fault(text);
	case CONF_URL: return conf_text_url_fault(text);
	case CONF_NSID: return nsid_fault(s, text);
	case CONF_WORKERS: return general(strcmp(text, "auto") == 0 || is_number(s, text));
	case CONF_STATUS: return status_fault(text);
	case CONF_GROUP: break;
	}
	return "";
}

static const struct conf_setting *row_of(const char *key)
{
	const struct conf_setting *row = conf_setting_find(key, NULL);

	assert(row != NULL);
	return row;
}

const char *conf_value_text(const char *key, const char *text)
{
	return text != NULL ? text : row_of(key)->fallback;
}

uint64_t conf_value_number(const char *key, const char *text)
{
	const struct conf_setting *row = row_of(key);
	uint64_t value;

	return number_of(text ? text : row->fallback, &value) == 0 ? value : row->min;
}

uint64_t conf_value_duration(const char *key, const char *text)
{
	const struct conf_setting *row = row_of(key);
	uint64_t ms;

	return units_duration(text ? text : row->fallback, &ms) == 0 ? ms : row->min;
}

uint64_t conf_value_size(const char *key, const char *text)
{
	const struct conf_setting *row = row_of(key);
	uint64_t bytes;

	return units_size(text ? text : row->fallback, &bytes) == 0 ? bytes : row->min;
}

bool conf_value_bool(const char *key, const char *text)
{
	int place = place_of(bools, text ? text : row_of(key)->fallback);

	return place >= 0 && place % 2 == 0;
}

unsigned conf_value_choice(const char *key, const char *text)
{
	const struct conf_setting *row = row_of(key);
	int place = place_of(row->choices, text ? text : row->fallback);

	return place < 0 ? 0 : (unsigned)place;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int nsid_hex(const char *hex, uint8_t *ret, size_t size, size_t *ret_len)
{
	uint8_t bytes[CONF_NSID_MAX];
	size_t len = strlen(hex);

	if (len == 0 || len % 2 != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++) {
		if (hex_digit(hex[i]) < 0)
			return ERR_SYNTAX;
		if (i / 2 < sizeof bytes)
			bytes[i / 2] = (uint8_t)((i % 2 ? bytes[i / 2] << 4 : 0) | hex_digit(hex[i]));
	}
	if (len / 2 > size || len / 2 > sizeof bytes)
		return ERR_LIMIT;
	memcpy(ret, bytes, len / 2);
	*ret_len = len / 2;
	return 0;
}

int conf_value_nsid(const char *text, uint8_t *ret, size_t size, size_t *ret_len)
{
	if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0X", 2) == 0)
		return nsid_hex(text + 2, ret, size, ret_len);
	if (strlen(text) > size)
		return ERR_LIMIT;
	memcpy(ret, text, strlen(text));
	*ret_len = strlen(text);
	return 0;
}
