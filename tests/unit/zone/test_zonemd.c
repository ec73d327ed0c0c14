/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of zones: the examples of RFC 8976, appendix A, and what is wrong with a ZONEMD. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "tests/unit/support/zone_findings.h"
#include "zone/zonemd.h"

#define APEX "@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n@ 86400 NS ns1\n@ 86400 NS ns2\n"
#define SIMPLE_DIGEST                                                                                                \
	"c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"
#define SIMPLE_ZONE APEX "ns1 3600 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n"
#define SIMPLE_ZONEMD "@ 86400 ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "\n"

/* A.2, without the record that is out of the zone: that does not load here. */
#define COMPLEX_ZONE                                                                                                 \
	APEX "@ 86400 ZONEMD 2018031900 1 1 "                                                                        \
	     "a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9d"                      \
	     "b71e34b72077f8fe\nns1 3600 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n"                               \
	     "occluded.sub 7200 TXT \"I'm occluded but must be digested\"\nsub 7200 NS ns1\n"                        \
	     "duplicate 300 TXT \"I must be digested just once\"\nduplicate 300 TXT \"I must be digested just "      \
	     "once\"\n"                                                                                              \
	     "UPPERCASE 3600 TXT \"canonicalize uppercase owner names\"\n* 777 PTR dont-forget-about-wildcards\n"    \
	     "mail 3600 MX 20 MAIL1\nmail 3600 MX 10 Mail2.Example.\nsortme 3600 AAAA 2001:db8::5:61\n"              \
	     "sortme 3600 AAAA 2001:db8::3:62\nsortme 3600 AAAA 2001:db8::4:63\nsortme 3600 AAAA 2001:db8::1:65\n"   \
	     "sortme 3600 AAAA 2001:db8::2:64\nnon-apex 900 ZONEMD 2018031900 1 1 "                                  \
	     "616c6c6f776564206275742069676e6f7265642e20616c6c"                                                      \
	     "6f776564206275742069676e6f7265642e20616c6c6f7765\n"

/* A.3. */
#define SEVERAL_384 "62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306"
#define SEVERAL_512                                                                                                  \
	"08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a4e114d884e66f176eab121cb02db7d652e0cc4827e" \
	"7a3204"                                                                                                     \
	"f166b47e5613fd27"
#define SEVERAL_REST                                                                                                 \
	"@ 86400 ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n"                                         \
	"@ 86400 ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f605fc283e\n"                                 \
	"ns1 3600 A 203.0.113.63\nns2 86400 TXT \"This example has multiple digests\"\nNS2 3600 AAAA 2001:db8::63\n"

static enum zonemd_outcome outcome_of(const char *text)
{
	static char notes[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example", text, notes);

	assert_non_null(image);
	enum zonemd_outcome outcome = zonemd_verify(zone_image_header(image));
	zone_image_release(image);
	return outcome;
}

static void test_outcomes(void **state)
{
	static const struct {
		enum zonemd_outcome outcome;
		const char *text;
	} cases[] = {
		{ ZONEMD_GOOD, SIMPLE_ZONE SIMPLE_ZONEMD },
		{ ZONEMD_GOOD, COMPLEX_ZONE },
		{ ZONEMD_GOOD, APEX "@ 86400 ZONEMD 2018031900 1 1 " SEVERAL_384
				    "\n@ 86400 ZONEMD 2018031900 1 2 " SEVERAL_512 "\n" SEVERAL_REST },
		/* One good one is enough; its RRSIG and its TTL are not digested. */
		{ ZONEMD_GOOD, APEX "@ 1 ZONEMD 2018031900 1 2 " SEVERAL_512 "\n" SEVERAL_REST },
		{ ZONEMD_GOOD, APEX "@ 86400 ZONEMD 2018031900 1 1 " SIMPLE_DIGEST
				    "\n@ 86400 ZONEMD 2018031900 1 2 " SEVERAL_512 "\n" SEVERAL_REST },
		{ ZONEMD_GOOD, SIMPLE_ZONE SIMPLE_ZONEMD "@ RRSIG ZONEMD 13 1 86400 1 1 1 example. AA==\n" },
		{ ZONEMD_NONE, SIMPLE_ZONE },
		{ ZONEMD_NONE, SIMPLE_ZONE "ns1 3600 ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "\n" },
		{ ZONEMD_UNKNOWN, APEX SEVERAL_REST },
		{ ZONEMD_TWICE, SIMPLE_ZONE SIMPLE_ZONEMD "@ 86400 ZONEMD 1 1 1 " SIMPLE_DIGEST "\n" },
		{ ZONEMD_MALFORMED, SIMPLE_ZONE "@ 86400 ZONEMD 2018031900 1 1 00112233445566778899aabb\n" },
		{ ZONEMD_MALFORMED, SIMPLE_ZONE "@ 86400 ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "00\n" },
		{ ZONEMD_SERIAL, SIMPLE_ZONE "@ 86400 ZONEMD 2018031899 1 1 " SIMPLE_DIGEST "\n" },
		{ ZONEMD_WRONG, SIMPLE_ZONE SIMPLE_ZONEMD "extra 60 A 192.0.2.1\n" },
		{ ZONEMD_WRONG, SIMPLE_ZONE SIMPLE_ZONEMD "@ RRSIG NS 13 1 86400 1 1 1 example. AA==\n" },
		{ ZONEMD_WRONG, APEX "ns1 3600 A 203.0.113.64\nns2 3600 AAAA 2001:db8::63\n" SIMPLE_ZONEMD },
		{ ZONEMD_WRONG, APEX "ns1 3601 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n" SIMPLE_ZONEMD },
		/* What is wrong with one that could count is worth more than that the other is unknown. */
		{ ZONEMD_WRONG, APEX "@ 86400 ZONEMD 2018031900 1 1 " SEVERAL_512
				     "\n@ 86400 ZONEMD 2018031900 1 2 " SEVERAL_512 "\nns1 1 A 203.0.113.63\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum zonemd_outcome outcome = outcome_of(cases[i].text);

		if (outcome != cases[i].outcome)
			fail_msg("%sexpected: %s\ngot: %s", cases[i].text, zonemd_text(cases[i].outcome),
				 zonemd_text(outcome));
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (int a = ZONEMD_GOOD; a <= ZONEMD_WRONG; a++) {
		assert_true(strlen(zonemd_text((enum zonemd_outcome)a)) > 10);
		for (int b = ZONEMD_GOOD; b < a; b++)
			assert_string_not_equal(zonemd_text((enum zonemd_outcome)a),
						zonemd_text((enum zonemd_outcome)b));
	}
}

/* Canonical form of every type whose names it changes, and RRSIGs as one RRset: as another implementation has it. */
static void test_signer(void **state)
{
	static const char zone[] =
		"@ 3600 IN SOA Ns1 Admin 7 1800 900 604800 86400\n@ 3600 IN NS Ns1\n@ 3600 IN NS NS2.Other.Test.\n"
		"Ns1 300 IN A 192.0.2.1\n*.Wild 300 IN TXT \"A\"\nsrv 60 IN SRV 1 2 3 Mail.Other.TEST.\n"
		"naptr 60 IN NAPTR 1 1 \"U\" \"x\" \"\" Foo.Example.\nrp 60 IN RP Foo.Example. Bar.Example.\n"
		"svcb 60 IN HTTPS 1 Foo.Example. alpn=h2\nsub 60 IN NS ns.Sub\nns.sub 60 IN A 192.0.2.9\n"
		"dn 60 IN DNAME Other.Test.\nbig 60 IN CAA 0 issue \"X\"\nkx 60 IN KX 1 Foo.Example.\n"
		"af 60 IN AFSDB 1 Foo.Example.\nx 60 IN TYPE65280 \\# 3 414243\n";
	static const char *const options[] = { "-z 1:1", "-z 1:2", "-n -z 1:1 -z 1:2" };

	(void)state;
	if (!zone_has_tool("ldns-signzone"))
		skip();
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		char *text = zone_sign("example", zone, "ECDSAP256SHA256", options[i]);
		char *edited = zone_edit(text, "192.0.2.9", "192.0.2.8");

		assert_int_equal(outcome_of(text), ZONEMD_GOOD);
		assert_int_equal(outcome_of(edited), ZONEMD_WRONG);
		mem_free(edited);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_signer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
