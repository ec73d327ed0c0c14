/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real root zones at hand. Copies of it are passed on in two forms: whole, and without the signatures over all
 * but SOA and DNSKEY. Whole, nothing must be said and the digest must be right; else what is said must be just that,
 * and the zone is signed anew for the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "tests/unit/support/zone_findings.h"
#include "zone/verify.h"
#include "zone/zonemd.h"

enum { ZONE_MAX = 8 << 20, NOW = 1786795200 /* 2026-08-15T12:00:00Z */ };

static const char data[] = CATCHMENT_SOURCE_DIR "/../shared/data/root";

/* The text of one of them, or NULL when it cannot be unpacked. */
static char *unpack(const char *file)
{
	char *command = mem_format("xz -dc '%s/%s'", data, file), *text = mem_alloc(ZONE_MAX);
	FILE *pipe = popen(command, "r");
	size_t len = fread(text, 1, ZONE_MAX - 1, pipe);

	mem_free(command);
	text[len] = '\0';
	if (pclose(pipe) == 0)
		return text;
	mem_free(text);
	return NULL;
}

static struct zone_image *build(const char *text)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build(".", text, said);

	assert_non_null(image);
	return image;
}

/* A clock of the days in which it was served: a day after the signature over its SOA begins. */
static int64_t clock_of(const struct zone_image *image)
{
	const struct zone_image_header *base = zone_image_header(image);
	struct zone_rr rr = zone_rr_first(zone_node_rrsig(zone_node_at(base, base->apex_node), DNS_SOA));

	return (int64_t)dns_get_u32(rr.prefix.at + 12) + 86400;
}

/* RRsets that ought to be signed and are not. */
static size_t count_unsigned(const struct zone_image_header *base)
{
	size_t count = 0;

	for (zref at = base->apex_node; at < base->nodes_end;) {
		const struct zone_node *node = zone_node_at(base, at);
		static const uint16_t types[] = { DNS_SOA, DNS_NS, DNS_DNSKEY, DNS_DS, DNS_NSEC, DNS_ZONEMD };

		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
			count += zone_node_find(node, types[i]) != NULL && zone_node_rrsig(node, types[i]) == NULL
				 && !(types[i] == DNS_NS && at != base->apex_node);
		at = zone_ref_of(base, zone_node_next(node));
	}
	return count;
}

static void count_other(void *ctx, enum zone_verify_kind kind, const char *text)
{
	size_t len = strlen(text), end = sizeof " has no RRSIG" - 1;

	if (kind != ZONE_VERIFY_BROKEN || len < end || strcmp(text + len - end, " has no RRSIG") != 0) {
		print_error("%s\n", text);
		++*(unsigned *)ctx;
	}
}

static void check_one(const char *text)
{
	struct zone_image *image = build(text);
	const struct zone_image_header *base = zone_image_header(image);
	size_t counts[ZONE_VERIFY_KINDS], missing = count_unsigned(base);
	unsigned others = 0;
	struct zone_verify how = {
		.now_s = clock_of(image), .texts = SIZE_MAX, .found = count_other, .ctx = &others
	};

	zone_verify(base, &how, counts);
	assert_int_equal(others, 0);
	assert_int_equal(counts[ZONE_VERIFY_BROKEN], missing);
	assert_int_equal(zonemd_verify(base), missing == 0 ? ZONEMD_GOOD : ZONEMD_WRONG);
	zone_image_release(image);
}

static char *first_zone(void)
{
	DIR *dir = opendir(data);
	struct dirent *entry;
	char *text = NULL;

	while (dir != NULL && text == NULL && (entry = readdir(dir)) != NULL)
		text = strstr(entry->d_name, ".zone.xz") != NULL ? unpack(entry->d_name) : NULL;
	if (dir != NULL)
		closedir(dir);
	return text;
}

static void test_all(void **state)
{
	DIR *dir = opendir(data);
	struct dirent *entry;
	unsigned count = 0;

	(void)state;
	if (dir == NULL)
		skip();
	while ((entry = readdir(dir)) != NULL) {
		char *text = strstr(entry->d_name, ".zone.xz") != NULL ? unpack(entry->d_name) : NULL;

		if (text == NULL)
			continue;
		check_one(text);
		mem_free(text);
		count++;
	}
	closedir(dir);
	if (count == 0)
		skip();
}

/* The zone without its DNSSEC. */
static char *strip(const char *text)
{
	static const char *const types[] = { "RRSIG", "NSEC", "DNSKEY", "ZONEMD" };
	char *out = mem_alloc(strlen(text) + 1), *to = out;

	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n") + 1;
		char type[16] = "";
		bool drop = false;

		sscanf(line, "%*s %*s IN %15s", type);
		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
			drop |= strcmp(type, types[i]) == 0;
		if (!drop) {
			memcpy(to, line, len);
			to += len;
		}
		line += len;
	}
	return out;
}

static void test_signed_anew(void **state)
{
	static const char *const options[] = { "-z 1:1", "-z 1:2 -n -t 0 -p" };
	char *text = first_zone();

	(void)state;
	if (text == NULL || !zone_has_tool("ldns-signzone")) {
		mem_free(text);
		skip();
	}
	char *bare = strip(text);
	mem_free(text);
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		char *made = zone_sign(".", bare, "RSASHA256", options[i]);
		struct zone_image *image = build(made);

		assert_string_equal(zone_findings(image, NOW, true), "");
		assert_int_equal(zonemd_verify(zone_image_header(image)), ZONEMD_GOOD);
		zone_image_release(image);
		mem_free(made);
	}
	mem_free(bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_signed_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
