/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/site_counters.h"

#include <string.h>

#include "conf/base/mem.h"

enum { LINE_WORDS = 8 };	/* of a cache line: workers do not write to each other's */

struct site_counters {
	atomic_uint users;
	unsigned workers;
	size_t stride;		/* words of one worker */
	_Atomic uint64_t *values;
};

const char *site_counter_label(enum site_counter counter)
{
	static const char *const labels[SITE_COUNTER_COUNT] = {
#define X(status) [SITE_COUNTER_##status] = #status,
		SITE_STATUSES(X)
		SITE_METHODS(X)
#undef X
		[SITE_COUNTER_OTHER_STATUS] = "other",
#define X(protocol, text) [SITE_COUNTER_##protocol] = text, [SITE_COUNTER_##protocol##_TLS] = text,
		SITE_PROTOCOLS(X)
#undef X
	};

	return labels[counter];
}

static bool same_targets(const struct redirect_target *a, size_t a_count, const struct redirect_target *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++) {
		if (strcmp(a[i].url, b[i].url) != 0)
			return false;
	}
	return a_count == b_count;
}

static bool same_site(const struct redirect_site *a, const struct redirect_site *b)
{
	return a != NULL && b != NULL && strcmp(a->hosts[0], b->hosts[0]) == 0
		&& same_targets(a->targets, a->target_count, b->targets, b->target_count)
		&& same_targets(a->fallback, a->fallback_count, b->fallback, b->fallback_count);
}

struct site_counters *site_counters_take(const struct redirect_site *site, unsigned workers,
					 const struct redirect_site *site_before, struct site_counters *before)
{
	struct site_counters *counters;
	size_t words = SITE_COUNTER_COUNT + site->target_count + site->fallback_count + 1;

	if (before != NULL && before->workers == workers && same_site(site, site_before)) {
		atomic_fetch_add(&before->users, 1);
		return before;
	}
	counters = mem_alloc(sizeof *counters);
	counters->users = 1;
	counters->workers = workers;
	counters->stride = (words + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
	counters->values = mem_array(workers * counters->stride, sizeof *counters->values);
	return counters;
}

void site_counters_release(struct site_counters *counters)
{
	if (counters == NULL || atomic_fetch_sub(&counters->users, 1) != 1)
		return;
	mem_free(counters->values);
	mem_free(counters);
}

static enum site_counter status_counter(unsigned status)
{
	switch (status) {
#define X(number) case number: return SITE_COUNTER_##number;
		SITE_STATUSES(X)
#undef X
	default: return SITE_COUNTER_OTHER_STATUS;
	}
}

static enum site_counter method_counter(enum redirect_method method)
{
	switch (method) {
	case REDIRECT_GET: return SITE_COUNTER_GET;
	case REDIRECT_HEAD: return SITE_COUNTER_HEAD;
	case REDIRECT_OPTIONS_METHOD: return SITE_COUNTER_OPTIONS;
	default: return SITE_COUNTER_OTHER;
	}
}

static enum site_counter protocol_counter(const struct redirect_answer *answer)
{
	enum site_counter counter = answer->version == 20   ? SITE_COUNTER_HTTP_2
				    : answer->version == 10 ? SITE_COUNTER_HTTP_1_0 : SITE_COUNTER_HTTP_1_1;

	return answer->client != NULL && answer->client->tls ? counter + 1 : counter;
}

static size_t target_word(const struct redirect_site *site, const struct redirect_target *target)
{
	if (target == site->writes)
		return SITE_COUNTER_COUNT + site->target_count + site->fallback_count;
	if (target >= site->targets && target < site->targets + site->target_count)
		return SITE_COUNTER_COUNT + (size_t)(target - site->targets);
	return SITE_COUNTER_COUNT + site->target_count + (size_t)(target - site->fallback);
}

static void bump(_Atomic uint64_t *value)
{
	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + 1, memory_order_relaxed);
}

void site_counters_add(struct site_counters *counters, unsigned worker, const struct redirect_answer *answer)
{
	_Atomic uint64_t *values = counters->values + worker * counters->stride;

	bump(&values[status_counter(answer->status)]);
	bump(&values[method_counter(answer->method)]);
	bump(&values[protocol_counter(answer)]);
	if (answer->target != NULL)
		bump(&values[target_word(answer->site, answer->target)]);
}

static uint64_t sum_word(const struct site_counters *counters, size_t word)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < counters->workers; i++)
		sum += atomic_load_explicit(&counters->values[i * counters->stride + word], memory_order_relaxed);
	return sum;
}

uint64_t site_counters_sum(const struct site_counters *counters, enum site_counter counter)
{
	return sum_word(counters, counter);
}

uint64_t site_counters_target(const struct site_counters *counters, const struct redirect_site *site,
			      const struct redirect_target *target)
{
	return sum_word(counters, target_word(site, target));
}
