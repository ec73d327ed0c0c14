/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_metadata.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* 4.2.2: the one form, in UTC. Neither strptime() nor sscanf() is as strict. */
static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

static int number(const char *text, size_t digits)
{
	int value = 0;

	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int tuf_time_parse(const char *text, int64_t *ret_s)
{
	if (strlen(text) != sizeof form - 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
			return ERR_SYNTAX;
	}
	int year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
	int hour = number(text + 11, 2), minute = number(text + 14, 2), second = number(text + 17, 2);

	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of(year, month))
		return ERR_SYNTAX;
	if (hour > 23 || minute > 59 || second > 59)
		return ERR_SYNTAX;
	struct tm tm = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
		.tm_hour = hour, .tm_min = minute, .tm_sec = second,
	};
	*ret_s = timegm(&tm);
	return 0;
}
