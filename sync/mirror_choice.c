/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/mirror_choice.h"

#include <stdio.h>

enum { NS_PER_MS = 1000000 };

bool mirror_rests(const struct mirror *mirror, uint64_t now_ns)
{
	return now_ns < mirror->rests_until_ns;
}

size_t mirror_next(const struct mirror_choice *choice, uint32_t tried, uint64_t now_ns)
{
	size_t resting = choice->count;

	for (size_t i = 0; i < choice->count; i++) {
		if (tried & UINT32_C(1) << i)
			continue;
		if (!mirror_rests(&choice->mirrors[i], now_ns))
			return i;
		if (resting == choice->count)
			resting = i;
	}
	return resting;
}

void mirror_failed(struct mirror *mirror, bool blamed, const char *text, uint64_t now_ns)
{
	uint64_t rest_ms = MIRROR_REST_MS;

	snprintf(mirror->text, sizeof mirror->text, "%s", text);
	mirror->blamed = blamed;
	/* Many files side by side fail as one. */
	if (mirror_rests(mirror, now_ns))
		return;
	for (unsigned i = 0; i < mirror->failures && rest_ms < MIRROR_REST_MOST_MS; i++)
		rest_ms *= 2;
	if (rest_ms > MIRROR_REST_MOST_MS)
		rest_ms = MIRROR_REST_MOST_MS;
	mirror->failures++;
	mirror->rests_until_ns = now_ns + rest_ms * NS_PER_MS;
}

void mirror_came(struct mirror *mirror)
{
	if (!mirror->blamed)
		mirror_proved(mirror);
}

void mirror_proved(struct mirror *mirror)
{
	*mirror = (struct mirror){ 0 };
}

void mirror_wake_all(struct mirror_choice *choice)
{
	for (size_t i = 0; i < choice->count; i++)
		choice->mirrors[i].rests_until_ns = 0;
}
