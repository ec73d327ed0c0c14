/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a signed zone: every zone that compiles can be looked at, superficially and thoroughly, and a
 * thorough look finds no less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/compile.h"
#include "zone/text.h"
#include "zone/verify.h"
#include "zone/zonemd.h"

enum { NOW = 1786795200 }; /* 2026-08-15T12:00:00Z: the seeds are signed for it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int compile(const char *text, size_t len, void **ret_bytes, size_t *ret_size)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct name apex;

	name_from_text("example.", &apex);
	struct zone_compile *zone = zone_compile_new(&apex);
	int read_err = zone_text_parse("fuzz", text, len, &apex, zone_compile_add, zone, &errors);
	int err = zone_compile_finish(zone, ret_bytes, ret_size, &errors, &warnings);

	/* Lines that do not read are left out: what is left may still be a zone. */
	(void)read_err;
	zone_compile_free(zone);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return err;
}

static void found(void *ctx, enum zone_verify_kind kind, const char *text)
{
	*(size_t *)ctx += (size_t)kind + strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t counts[ZONE_VERIFY_KINDS], thorough[ZONE_VERIFY_KINDS], sum = 0;
	struct zone_verify how = { .now_s = NOW, .texts = SIZE_MAX, .found = found, .ctx = &sum };
	bool dear = size % 8 == 0;	/* cryptography takes most of the time, and has few branches of ours */
	void *bytes;

	if (compile((const char *)data, size, &bytes, &size) != 0)
		return 0;
	zone_verify(bytes, &how, counts);
	how.thorough = true;
	if (dear)
		zone_verify(bytes, &how, thorough);
	if (dear && thorough[ZONE_VERIFY_BROKEN] < counts[ZONE_VERIFY_BROKEN]) {
		fputs("broken promise: a thorough look finds no less\n", stderr);
		abort();
	}
	zonemd_text(zonemd_verify(bytes));
	mem_free(bytes);
	return 0;
}
