/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/base/err.h"
#include "zone/name.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void text_round_trips(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ ".", "." },
		{ "example", "example." },
		{ "WWW.Example.ORG.", "www.example.org." },
		{ "a\\.b.c", "a\\.b.c." },
		{ "a\\032b.", "a\\032b." },
		{ "\\065.", "a." },
		{ "\\000\\255.x", "\\000\\255.x." },
		{ "*.x", "*.x." },
		{ "_443._tcp.x", "_443._tcp.x." },
		{ "a\\;b.", "a\\;b." },
		{ L63 ".x", L63 ".x." },
	};
	char buf[DNS_NAME_TEXT_MAX];
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(name_from_text(rows[i].in, &name), 0);
		assert_string_equal(name_print(name.wire, buf), rows[i].out);
		assert_int_equal(name_wire_len(name.wire), name.len);
	}
}

static void bad_text_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "..", ".a", "a..b", "a..", "a\\", "a\\25", "a\\256", "a\\2x5", L63 "a",
		L63 "." L63 "." L63 "." L63 ".", L63 "." L63 "." L63 "." L63,
	};
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(name_from_text(rows[i], &name), ERR_SYNTAX);
}

static void longest_names_fit(void **state)
{
	/* 63 + 63 + 63 + 61 bytes of labels: 255 with their lengths and the root. */
	static const char text[] = L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct name name;

	(void)state;
	assert_int_equal(name_from_text(text, &name), 0);
	assert_int_equal(name.len, DNS_NAME_MAX);
	assert_int_equal(name.labels, 4);
	uint8_t wire[DNS_NAME_MAX];
	for (unsigned i = 0; i < 254; i += 2) {
		wire[i] = 1;
		wire[i + 1] = 'A';
	}
	wire[254] = 0;
	assert_int_equal(name_from_wire(wire, sizeof wire, &name), 0);
	assert_int_equal(name.labels, DNS_LABELS_MAX);
	assert_int_equal(name.wire[1], 'a');
}

static void wire_is_bounded(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int err;
	} rows[] = {
		{ "\0", 1, 0 },
		{ "\1a\0", 3, 0 },
		{ "\1a", 2, ERR_SYNTAX },	/* no end */
		{ "\2a\0", 3, ERR_SYNTAX },	/* label runs into the end */
		{ "", 0, ERR_SYNTAX },
		{ "\300\14", 2, ERR_SYNTAX },	/* pointer */
		{ "\100a", 2, ERR_SYNTAX },	/* other label types */
		{ "\200a", 2, ERR_SYNTAX },
		{ "\1a\0x", 4, ERR_SYNTAX },	/* something behind it */
	};
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(name_from_wire((const uint8_t *)rows[i].bytes, rows[i].len, &name), rows[i].err);

	uint8_t wire[256];
	for (unsigned i = 0; i < 254; i += 2) {
		wire[i] = 1;
		wire[i + 1] = 'a';
	}
	wire[254] = 1, wire[255] = 'a';
	struct reader reader = reader_of(wire, sizeof wire);
	assert_int_equal(name_read(&reader, &name), ERR_SYNTAX);
}

static void suffixes_share_hashes(void **state)
{
	struct name www, example, upper;

	(void)state;
	assert_int_equal(name_from_text("www.example.org", &www), 0);
	assert_int_equal(name_from_text("example.org", &example), 0);
	assert_int_equal(name_from_text("WwW.eXAMPLE.oRG", &upper), 0);
	assert_int_equal(www.hash[1], example.hash[0]);
	assert_int_equal(www.hash[3], NAME_ROOT_HASH);
	assert_int_equal(www.hash[0], upper.hash[0]);
	assert_int_not_equal(www.hash[0], example.hash[0]);
	/* A part of the image format: a change here needs a new ZONE_IMAGE_FORMAT. */
	assert_int_equal(name_hash_label(NAME_ROOT_HASH, (const uint8_t *)"org", 3), example.hash[1]);
}

static void order_is_canonical(void **state)
{
	/* The example of RFC 4034, 6.1. */
	static const char *const rows[] = {
		"example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example",
		"*.z.example", "\\200.z.example",
	};
	struct name a, b;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
			assert_int_equal(name_from_text(rows[i], &a), 0);
			assert_int_equal(name_from_text(rows[k], &b), 0);
			int order = name_compare(a.wire, b.wire);
			assert_true(i < k ? order < 0 : i > k ? order > 0 : order == 0);
		}
	}
}

static void below_needs_a_label_boundary(void **state)
{
	static const struct {
		const char *name, *ancestor;
		bool below;
	} rows[] = {
		{ "www.example.org", "example.org", true },
		{ "example.org", "example.org", true },
		{ "example.org", ".", true },
		{ ".", ".", true },
		{ "badexample.org", "example.org", false },
		{ "org", "example.org", false },
		{ "a\\007example.org", "example.org", false },	/* its bytes end alike, its labels do not */
	};
	struct name name, ancestor;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(name_from_text(rows[i].name, &name), 0);
		assert_int_equal(name_from_text(rows[i].ancestor, &ancestor), 0);
		assert_int_equal(name_is_below(&name, ancestor.wire, ancestor.len), rows[i].below);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_round_trips), cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(longest_names_fit), cmocka_unit_test(wire_is_bounded),
		cmocka_unit_test(suffixes_share_hashes), cmocka_unit_test(order_is_canonical),
		cmocka_unit_test(below_needs_a_label_boundary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
