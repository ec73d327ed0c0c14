/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/err.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest last, so that printing can walk down from the end. */
static const struct unit durations[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 86400 * 1000 },
};
static const struct unit sizes[] = { { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 } };

static int parse(const char *text, const struct unit *units, size_t count, uint64_t bare, uint64_t *ret)
{
	const char *digit = text;
	uint64_t value = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		if (__builtin_mul_overflow(value, 10u, &value)
		    || __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
			return ERR_LIMIT;
	}
	if (digit == text)
		return ERR_SYNTAX;

	uint64_t factor = *digit == '\0' ? bare : 0;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(digit, units[i].name) == 0)
			factor = units[i].factor;
	}
	if (factor == 0)
		return ERR_SYNTAX;
	return __builtin_mul_overflow(value, factor, ret) ? ERR_LIMIT : 0;
}

int units_duration(const char *text, uint64_t *ret_ms)
{
	uint64_t ms;
	int err = parse(text, durations, sizeof durations / sizeof durations[0], 1000, &ms);

	if (err == 0)
		*ret_ms = ms;
	return err;
}

int units_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int err = parse(text, sizes, sizeof sizes / sizeof sizes[0], 1, &bytes);

	if (err == 0)
		*ret_bytes = bytes;
	return err;
}

const char *units_print_duration(uint64_t ms, char *buf, size_t size)
{
	size_t i = sizeof durations / sizeof durations[0] - 1;

	while (i > 0 && (ms == 0 || ms % durations[i].factor != 0))
		i--;
	if (ms == 0)
		i = 1;
	snprintf(buf, size, "%" PRIu64 "%s", ms / durations[i].factor, durations[i].name);
	return buf;
}

const char *units_print_size(uint64_t bytes, char *buf, size_t size)
{
	size_t i = sizeof sizes / sizeof sizes[0];

	while (i > 0 && (bytes == 0 || bytes % sizes[i - 1].factor != 0))
		i--;
	snprintf(buf, size, "%" PRIu64 "%s", i > 0 ? bytes / sizes[i - 1].factor : bytes, i > 0 ? sizes[i - 1].name : "");
	return buf;
}
