/* SPDX-License-Identifier: Apache-2.0 */
/* What a zone must pass beside the load rules: the policy for its digest, and one line about its DNSSEC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/load.h"

enum { NOW = 1786795200 }; /* 2026-08-15T12:00:00Z */

/* RFC 8976, A.1. */
#define ZONE                                                                                                         \
	"@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n@ 86400 NS ns1\n@ 86400 NS ns2\nns2 3600 AAAA "     \
	"2001:db8::63\n"                                                                                             \
	"ns1 3600 A 203.0.113.63\n"
#define ZONEMD(serial, scheme)                                                                                       \
	"@ 86400 ZONEMD " serial " " scheme                                                                          \
	" 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8"                \
	"e730044c\n"
#define GOOD ZONE ZONEMD("2018031900", "1")
#define SIG(owner, type, labels, until)                                                                              \
	owner " 60 RRSIG " type " 13 " labels " 60 " until " 20260801000000 2063 x. AA==\n"
#define SIGNED(until)                                                                                                \
	"$TTL 60\n@ SOA n a 1 2 3 4 5\n" SIG("@", "SOA", "1", until) "@ DNSKEY 256 3 13 AQID\n" SIG(                 \
		"@", "DNSKEY", "1",                                                                                  \
		"20260901000000") "@ NS n\n" SIG("@", "NS", "1",                                                     \
						 "20260901000000") "@ NSEC x. NS SOA RRSIG NSEC DNSKEY\n"

static char folder[64], images[80], zone_file[80];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/catchment-accept-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(images, sizeof images, "%s/images", folder);
	snprintf(zone_file, sizeof zone_file, "%s/zone", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char *command = mem_format("rm -r %s", folder);
	int status = system(command);

	(void)state;
	mem_free(command);
	return status;
}

/* "E TEXT" and "W TEXT" lines. */
static char *print_notes(struct err_list *errors, struct err_list *warnings)
{
	char *out = mem_alloc(4096);

	for (size_t i = 0; i < errors->kept; i++)
		sprintf(out + strlen(out), "E %s\n", errors->notes[i].text);
	for (size_t i = 0; i < warnings->kept; i++)
		sprintf(out + strlen(out), "W %s\n", warnings->notes[i].text);
	err_list_fini(errors);
	err_list_fini(warnings);
	return out;
}

static void test_policies(void **state)
{
	static const char wrong[] =
		"the digest in the ZONEMD is not that of the zone: records were changed, lost or added";
	static const struct {
		const char *text, *warn, *require; /* what is said */
	} cases[] = {
		{ GOOD, "", "" },
		{ ZONE, "", "the zone has no ZONEMD" },
		{ ZONE ZONEMD("2018031900", "7"), "", "no ZONEMD is of scheme 1 with SHA-384 or SHA-512" },
		{ ZONE ZONEMD("2018031901", "1"), "the ZONEMD was made for another serial than the SOA's",
		  "the ZONEMD was made for another serial than the SOA's" },
		{ GOOD "@ TXT \"more\"\n", wrong, wrong },
	};
	static char said[ZONE_BUILD_SAID_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zone_image *image = zone_build("example", cases[i].text, said);

		for (enum conf_zonemd policy = CONF_ZONEMD_OFF; policy <= CONF_ZONEMD_REQUIRE; policy++) {
			struct zone_accept accept = { .zonemd = policy, .dnssec = true, .now_s = NOW };
			struct err_list errors = { 0 }, warnings = { 0 };
			int err = zone_accept(&accept, "example", zone_image_header(image), &errors, &warnings);
			char *got = print_notes(&errors, &warnings), expected[256] = "";

			if (policy == CONF_ZONEMD_WARN && cases[i].warn[0] != '\0')
				snprintf(expected, sizeof expected, "W %s\n", cases[i].warn);
			if (policy == CONF_ZONEMD_REQUIRE && cases[i].require[0] != '\0')
				snprintf(expected, sizeof expected, "E %s (serial 2018031900, zonemd: require)\n",
					 cases[i].require);
			assert_string_equal(got, expected);
			assert_int_equal(err, expected[0] == 'E' ? ERR_INVALID : 0);
			mem_free(got);
		}
		zone_image_release(image);
	}
}

/* The worst first, whatever comes first in the zone; the zone loads. */
static void test_one_line(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ SIGNED("20260901000000") SIG("@", "NSEC", "1", "20260901000000"), "" },
		{ SIGNED("20260901000000"), "W signed, but NSEC of x. has no RRSIG\n" },
		{ SIGNED("20260816000000"),
		  "W signed, but NSEC of x. has no RRSIG (and 1 more: catchmentctl zone check x)\n" },
		{ SIGNED("20260816000000") SIG("@", "NSEC", "1", "20260815000000"),
		  "W signed, but RRSIG NSEC of x. expired at 2026-08-15T00:00:00Z (and 1 more: catchmentctl zone "
		  "check x)\n" },
		{ SIGNED("20260816000000") SIG("@", "NSEC", "1", "20260816000000"),
		  "W signed, but RRSIG SOA of x. expires soon, at 2026-08-16T00:00:00Z (and 1 more: catchmentctl "
		  "zone check x)\n" },
		/* A note is no warning. */
		{ SIGNED("20260901000000") SIG("@", "NSEC", "1", "20260901000000") "@ DNSKEY 256 3 15 AQID\n", "" },
	};
	struct zone_accept accept = { .zonemd = CONF_ZONEMD_WARN, .dnssec = true, .now_s = NOW };
	static char said[ZONE_BUILD_SAID_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zone_image *image = zone_build("x", cases[i].text, said);
		struct err_list errors = { 0 }, warnings = { 0 };

		assert_int_equal(zone_accept(&accept, "x", zone_image_header(image), &errors, &warnings), 0);
		char *got = print_notes(&errors, &warnings);
		assert_string_equal(got, cases[i].said);
		mem_free(got);
		zone_image_release(image);
	}
}

static int load(const char *text, enum conf_zonemd policy, uint32_t *ret_records)
{
	struct zone_accept accept = { .zonemd = policy, .now_s = NOW };
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_loaded loaded;

	if (text != NULL)
		assert_int_equal(file_replace(zone_file, text, strlen(text), 0600), 0);
	int err = zone_load_accepted("example", zone_file, images, &accept, &loaded, &errors, &warnings);
	mem_free(print_notes(&errors, &warnings));
	if (err == 0) {
		*ret_records = zone_image_header(loaded.image)->records;
		zone_image_release(loaded.image);
	}
	return err;
}

/* A version that is refused is not kept: the last good one is still there for the next start. */
static void test_last_good(void **state)
{
	struct zone_image *image;
	struct err_note note;
	uint32_t records = 0;

	(void)state;
	assert_int_equal(load(GOOD, CONF_ZONEMD_REQUIRE, &records), 0);
	assert_int_equal(records, 6);
	assert_int_equal(load(GOOD "@ TXT \"more\"\n", CONF_ZONEMD_REQUIRE, &records), ERR_INVALID);
	assert_int_equal(zone_load_last_good("example", images, &image, &note), 0);
	assert_int_equal(zone_image_header(image)->records, 6);
	zone_image_release(image);

	/* Mapped, not read again: the policy of the day decides all the same. */
	assert_int_equal(load(NULL, CONF_ZONEMD_WARN, &records), 0);
	assert_int_equal(records, 7);
	assert_int_equal(load(NULL, CONF_ZONEMD_REQUIRE, &records), ERR_INVALID);
	assert_int_equal(load(NULL, CONF_ZONEMD_OFF, &records), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_last_good),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
