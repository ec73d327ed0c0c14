/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asked, and how it stands with them. The table is written by the thread that fetches, under the lock, and read
 * from others. */
#include <string.h>

#include "conf/base/clock.h"
#include "sync/web_mirrors_inner.h"

size_t web_mirrors_next(struct web_mirrors *mirrors, uint32_t tried)
{
	size_t preferred = mirrors->preferred;

	if (preferred < mirrors->settings.url_count && !(tried & UINT32_C(1) << preferred))
		return preferred;
	return mirror_next(&mirrors->choice, tried, clock_monotonic_ns());
}

bool web_mirrors_is_doubtful(struct web_mirrors *mirrors, size_t index, uint32_t tried)
{
	return mirrors->choice.mirrors[index].failures > 0
		&& mirror_next(&mirrors->choice, tried | UINT32_C(1) << index, 0) < mirrors->choice.count;
}

void web_mirrors_note_failure(struct web_mirrors *mirrors, size_t index, const char *text)
{
	uv_mutex_lock(&mirrors->lock);
	mirror_failed(&mirrors->choice.mirrors[index], false, text, clock_monotonic_ns());
	uv_mutex_unlock(&mirrors->lock);
}

void web_mirrors_note_file(struct web_mirrors *mirrors, size_t index, uint64_t bytes, bool same)
{
	uv_mutex_lock(&mirrors->lock);
	mirror_came(&mirrors->choice.mirrors[index]);
	mirrors->files[index]++;
	mirrors->bytes[index] += bytes;
	mirrors->same[index] += same;
	uv_mutex_unlock(&mirrors->lock);
}

void web_mirrors_follow(struct web_mirrors *mirrors, size_t index)
{
	uv_mutex_lock(&mirrors->lock);
	mirrors->current = index;
	uv_mutex_unlock(&mirrors->lock);
}

void web_mirrors_begin(struct web_mirrors *mirrors, bool by_hand, bool whole)
{
	mirrors->whole = whole;
	mirrors->preferred = mirrors->settings.url_count;
	uv_mutex_lock(&mirrors->lock);
	if (by_hand)
		mirror_wake_all(&mirrors->choice);
	uv_mutex_unlock(&mirrors->lock);
}

void web_mirrors_blame(struct web_mirrors *mirrors, uint32_t which, const char *why)
{
	uint64_t now = clock_monotonic_ns();

	if (which == 0 && mirrors->current < mirrors->settings.url_count)
		which = UINT32_C(1) << mirrors->current;
	uv_mutex_lock(&mirrors->lock);
	for (size_t i = 0; i < mirrors->settings.url_count; i++) {
		if (!(which & UINT32_C(1) << i))
			continue;
		mirror_failed(&mirrors->choice.mirrors[i], true, why, now);
		if (i == mirrors->preferred)
			mirrors->preferred = mirrors->settings.url_count;
	}
	uv_mutex_unlock(&mirrors->lock);
}

void web_mirrors_praise(struct web_mirrors *mirrors)
{
	uv_mutex_lock(&mirrors->lock);
	if (mirrors->current < mirrors->settings.url_count)
		mirror_proved(&mirrors->choice.mirrors[mirrors->current]);
	uv_mutex_unlock(&mirrors->lock);
}

size_t web_mirrors_count(const struct web_mirrors *mirrors)
{
	return mirrors->settings.url_count;
}

size_t web_mirrors_current(const struct web_mirrors *mirrors)
{
	return mirrors->current;
}

void web_mirrors_prefer(struct web_mirrors *mirrors, size_t index)
{
	mirrors->preferred = index;
}

size_t web_mirrors_turn(struct web_mirrors *mirrors, uint32_t not_these)
{
	size_t count = mirrors->settings.url_count;
	uint64_t now = clock_monotonic_ns();

	for (size_t i = 0; i < count; i++) {
		size_t index = mirrors->turn++ % count;

		if (index != mirrors->current && !(not_these & UINT32_C(1) << index)
		    && !mirror_rests(&mirrors->choice.mirrors[index], now))
			return index;
	}
	return count;
}

void web_mirrors_tell(struct web_mirrors *mirrors, size_t index, struct web_mirrors_status *ret)
{
	uv_mutex_lock(&mirrors->lock);
	*ret = (struct web_mirrors_status){
		.mirror = mirrors->choice.mirrors[index], .used = index == mirrors->current, .files = mirrors->files[index],
		.bytes = mirrors->bytes[index], .same = mirrors->same[index],
	};
	uv_mutex_unlock(&mirrors->lock);
}

const char *web_mirrors_last(const struct web_mirrors *mirrors)
{
	size_t current = mirrors->current;

	return current < mirrors->settings.url_count ? mirrors->settings.urls[current] : "";
}
