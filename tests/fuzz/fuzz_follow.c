/* SPDX-License-Identifier: Apache-2.0 */
/* What a master with good keys can send, and anybody without them: the first byte says where the rest stands. Whatever
 * it is, it is taken or refused with a reason; what is taken loads again without a network; and what is good afterwards
 * is followed. */
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/zstd.h"
#include "tests/unit/support/follow_bench.h"

enum { RELEASES = 300, RAW = 300, HEAL_EVERY = 8 };	/* a bench keeps every file of its metadata */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct follow_bench *bench;
static unsigned used;

static void end_bench(void)
{
	if (bench != NULL)
		follow_bench_free(bench);
}

static struct follow_bench *fresh(void)
{
	static bool told;

	if (!told)
		atexit(end_bench);
	told = true;
	if (bench != NULL && used++ >= RELEASES) {
		follow_bench_free(bench);
		bench = NULL;
	}
	if (bench == NULL) {
		bench = follow_bench_new();
		used = 0;
	}
	return bench;
}

/* Members of a custom, as JSON; false: they are none, which metadata could not be either. */
static bool put_custom(struct span bytes)
{
	char *text = mem_format("{\"x\":0%.*s}", (int)bytes.len, (const char *)bytes.at);
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char *canonical = value != NULL && strlen(text) == bytes.len + 7 ? json_dumps(value, JSON_COMPACT) : NULL;
	bool good = canonical != NULL && strchr(canonical, '.') == NULL;	/* canonical JSON has no other numbers */

	if (good)
		follow_bench_put(bench, FOLLOW_BENCH_ZONE, SPAN_TEXT("packed"), canonical);
	json_decref(value);
	free(canonical);
	mem_free(text);
	return good;
}

static bool put_rollout(struct span bytes)
{
	char *text = mem_format("{\"v\":1,\"rollout\":%.*s}", (int)bytes.len, (const char *)bytes.at);
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	bool good = value != NULL && memchr(bytes.at, '.', bytes.len) == NULL && memchr(bytes.at, 'e', bytes.len) == NULL
		    && memchr(bytes.at, 'E', bytes.len) == NULL && memchr(bytes.at, '\0', bytes.len) == NULL;

	if (good)
		follow_bench_put(bench, "files/h.example/x.txt", SPAN_TEXT("new\n"), text);
	json_decref(value);
	mem_free(text);
	return good;
}

static bool put_step(struct span raw)
{
	uint8_t *packed;
	size_t len;

	if (raw.len == 0 || zstd_pack(raw, 1, &packed, &len) != 0)
		return false;
	follow_bench_put_step(bench, (struct span){ packed, len }, raw.len, 1, 2);
	mem_free(packed);
	return true;
}

static bool put(unsigned where, struct span rest)
{
	static const char *const paths[] = {
		FOLLOW_BENCH_LIST, "policy/guards.json", "policy/probes.json", "sites/dl/sites.yaml", "secrets/cookies/one",
		"files/h.example/x.txt",
	};
	static const char *const names[] = { "timestamp.json", "2.root.json" };

	switch (where) {
	case 0: case 1: case 2: case 3: case 4: case 5:
		follow_bench_put(bench, paths[where], rest, "{\"v\":1}");
		return true;
	case 6:
		follow_bench_put_zone(bench, rest, 2, ",\"head\":2");
		return true;
	case 7:
		return put_custom(rest);
	case 8:
		return put_rollout(rest);
	case 9:
		return put_step(rest);
	case 10:	/* as packed as it comes */
		follow_bench_put_step(bench, rest, RAW, 1, 2);
		return rest.len > 0;
	default:
		follow_bench_spoil(bench, names[where % 2], rest);
		return true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_note note;

	if (size == 0)
		return 0;
	fresh();
	follow_bench_put_good(bench);
	if (put(data[0] % 13, (struct span){ data + 1, size - 1 })) {
		enum follow_result result = follow_bench_release(bench, &note);

		/* What was refused for what it says is not looked at again, and says the same when it is. */
		if (result == FOLLOW_NEW && follow_bench_look(bench, &note) != FOLLOW_SAME)
			abort();
		if (used % HEAL_EVERY == 0 || result == FOLLOW_TRUST)
			follow_bench_heal(bench);
	}
	return 0;
}
