/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON: the canonical form is one that reads as the same, and the same that another emitter makes of
 * it. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_view.h"

/* jansson's sorted, compact form with every escape undone but those of the quotation mark and the backslash. */
static size_t unescape(char *text)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		const char *letter = *at == '\\' ? strchr(letters, at[1]) : NULL;
		char digits[5] = { 0 };

		if (letter != NULL) {
			*to++ = meant[letter - letters];
			at++;
		} else if (*at == '\\' && at[1] == 'u') {
			memcpy(digits, at + 2, 4);
			*to++ = (char)strtoul(digits, NULL, 16); /* control characters only: the rest stays raw */
			at += 5;
		} else {
			if (*at == '\\')
				*to++ = *at++;
			*to++ = *at;
		}
	}
	return (size_t)(to - text);
}

static void compare(struct json_view *view, const uint8_t *canonical, size_t len)
{
	char *other = json_dumps((json_t *)view, JSON_COMPACT | JSON_SORT_KEYS);
	struct err_note note;

	if (other == NULL || unescape(other) != len || memcmp(other, canonical, len) != 0)
		abort();
	free(other);
	/* It is JSON itself where no control character was to be written raw. */
	for (size_t i = 0; i < len; i++) {
		if (canonical[i] < 0x20)
			return;
	}
	struct json_view *again = json_view_parse((struct span){ canonical, len }, &note);
	if (again == NULL || json_equal((json_t *)view, (json_t *)again) == 0)
		abort();
	json_view_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_note note;
	struct json_view *view = json_view_parse((struct span){ data, size }, &note);
	size_t len;
	uint8_t *canonical = view != NULL ? json_view_canonical(view, &len) : NULL;

	if (canonical != NULL)
		compare(view, canonical, len);
	mem_free(canonical);
	json_view_free(view);
	return 0;
}
