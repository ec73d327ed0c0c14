/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct manifest_step steps[] = {
	{ .from = 1, .to = 2, .blob = { "", 10 } },  { .from = 2, .to = 3, .blob = { "", 10 } },
	{ .from = 3, .to = 4, .blob = { "", 10 } },  { .from = 4, .to = 5, .blob = { "", 10 } },
	{ .from = 1, .to = 5, .blob = { "", 25 } },	/* merged: fewer bytes than the four */
	{ .from = 2, .to = 5, .blob = { "", 100 } },	/* and one that is not */
	{ .from = 9, .to = 9, .blob = { "", 1 } },	/* leads nowhere, round and round */
};

/* "1-2 2-3" */
static void expect(uint32_t running, const char *sum, uint32_t serial, uint64_t checkpoint, enum content_plan plan,
		   const char *way)
{
	struct manifest manifest = { 0 };
	struct content content = { .manifest = &manifest };
	struct manifest_item item = {
		.kind = MANIFEST_ZONE, .path = (char *)(uintptr_t)"zones/a/zone", .serial = serial, .head = 5, .sum = A,
		.blob = { A, checkpoint }, .steps = (struct manifest_step *)(uintptr_t)steps, .step_count = COUNT(steps),
	};
	const struct manifest_step *path[MANIFEST_STEPS_MAX];
	struct manifest_item *was = manifest_add(&manifest, MANIFEST_ZONE, "zones/a/zone");
	char text[128] = "";
	size_t count;

	was->head = running;
	strcpy(was->sum, sum);
	assert_int_equal(content_plan(&item, running != 0 ? &content : NULL, path, &count), plan);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%u-%u ", path[i]->from, path[i]->to);
	assert_string_equal(text, way);
	mem_free(was->path);
	mem_free(manifest.items);
}

static void test_plans(void **state)
{
	(void)state;
	expect(5, A, 1, 1000, CONTENT_PLAN_KEEP, "");
	expect(5, B, 1, 1000, CONTENT_PLAN_CHECKPOINT, "1-5 ");	/* the same serial, another zone */
	expect(4, B, 1, 1000, CONTENT_PLAN_STEPS, "4-5 ");
	expect(2, B, 1, 1000, CONTENT_PLAN_STEPS, "2-3 3-4 4-5 ");
	expect(1, B, 1, 1000, CONTENT_PLAN_STEPS, "1-5 ");
	expect(2, B, 5, 20, CONTENT_PLAN_CHECKPOINT, "");	/* which is smaller than the steps */
	expect(2, B, 4, 15, CONTENT_PLAN_CHECKPOINT, "4-5 ");	/* also with the step behind it */
	expect(2, B, 4, 25, CONTENT_PLAN_STEPS, "2-3 3-4 4-5 ");	/* which is to be counted */
	expect(2, B, 7, 20, CONTENT_PLAN_STEPS, "2-3 3-4 4-5 ");	/* small, and leads nowhere */
	expect(0, B, 4, 1000, CONTENT_PLAN_CHECKPOINT, "4-5 ");
	expect(9, B, 4, 1000, CONTENT_PLAN_CHECKPOINT, "4-5 ");	/* no way from what runs */
	expect(0, B, 7, 1000, CONTENT_PLAN_CHECKPOINT, "");	/* none at all: refused when it is built */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
