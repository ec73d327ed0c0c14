/* SPDX-License-Identifier: Apache-2.0 */
/* What a patch refuses, and where its image comes from and stays. That it gives the right zone: test_patch_random. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "tests/unit/support/zone_build.h"
#include "zone/patch.h"
#include "zone/walk.h"

#define HEAD "example. 300 NS ns.example.\nexample. 300 NS ns.other.\n"
#define SOA(serial) "example. 300 SOA ns.example. h.example. " serial " 3600 600 86400 60\n"
#define STEP(from, to) "changeset/1 example. " from " " to "\n"

static char said[ZONE_BUILD_SAID_MAX];

static struct zone_image *build(const char *text)
{
	struct zone_image *image = zone_build("example.", text, said);

	if (image == NULL)
		fail_msg("%s", said);
	return image;
}

/* Lines "- ..." and "+ ...", without an SOA where it does not matter. */
static void parse(const char *lines, struct zone_changes *ret_changes)
{
	struct changeset set;
	struct err_note note;
	const char *additions = strncmp(lines, "+ ", 2) == 0 ? lines : strstr(lines, "\n+ ");
	size_t removals = additions == NULL ? strlen(lines) : (size_t)(additions - lines) + (additions != lines);
	char *text = mem_format(STEP("1", "2") "- " SOA("1") "%.*s+ " SOA("2") "%s", (int)removals, lines, lines + removals);

	if (changeset_parse("t", span_string(text), &set, &note) != 0)
		fail_msg("%u: %s", note.line, note.text);
	*ret_changes = set.changes;
	mem_free(text);
}

static void test_faults(void **state)
{
	static const struct {
		const char *lines;
		int err;
		const char *said;
	} cases[] = {
		{ "- a.example. 60 A 192.0.2.2\n", ERR_INVALID,
		  "a.example. A: is to be removed, but it is not there with that TTL and RDATA" },
		{ "- a.example. 61 A 192.0.2.1\n", ERR_INVALID,
		  "a.example. A: is to be removed, but it is not there with that TTL and RDATA" },
		{ "- a.example. 60 AAAA ::1\n", ERR_INVALID,
		  "a.example. AAAA: is to be removed, but it is not there with that TTL and RDATA" },
		{ "- no.example. 60 A 192.0.2.2\n", ERR_INVALID,
		  "no.example. A: is to be removed, but it is not there with that TTL and RDATA" },
		{ "+ a.example. 60 A 192.0.2.1\n", ERR_INVALID, "a.example. A: is to be added, but it is there already" },
		{ "+ m.example. 60 MX 1 Ns.Example.\n", ERR_INVALID, "m.example. MX: is to be added, but it is there already" },
		{ "+ a.example. 70 A 192.0.2.2\n", ERR_INVALID, "a.example. A: the TTLs of the RRset would differ" },
		{ "+ n.example. 70 A 192.0.2.2\n+ n.example. 71 A 192.0.2.2\n", ERR_INVALID, "n.example. A: is added twice" },
		{ "+ a.example. 60 CNAME x.example.\n", ERR_INVALID, "a.example. A: a CNAME must be alone at its name" },
		{ "+ c.example. 60 TXT x\n", ERR_INVALID, "c.example. TXT: a CNAME must be alone at its name" },
		{ "+ c.example. 1 CNAME y.example.\n", ERR_INVALID,
		  "c.example. CNAME: expected one record of this type at a name" },
		{ "- example. 300 NS ns.example.\n- example. 300 NS ns.other.\n", ERR_INVALID,
		  "example. NS: the zone would have no NS at its apex" },
		{ "+ example. 300 NSEC a.example. NS SOA\n", ERR_LIMIT, "the zone gets or loses its NSECs" },
		{ "+ example. 300 NSEC3PARAM 1 0 0 -\n", ERR_LIMIT, "the zone gets, loses or changes its NSEC3s" },
	};
	struct zone_image *image = build(SOA("1") HEAD "a.example. 60 A 192.0.2.1\nc.example. 1 CNAME a.example.\n"
						       "m.example. 60 MX 1 ns.example.\n");
	char *before = zone_build_dump(image);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct zone_changes changes;
		struct zone_image *patched;
		struct err_note note;

		parse(cases[i].lines, &changes);
		int err = zone_patch(image, &changes, &patched, &note);
		if (err != cases[i].err || strcmp(note.text, cases[i].said) != 0)
			fail_msg("%zu: %d %s", i, err, err ? note.text : "");
		zone_changes_fini(&changes);
	}
	char *after = zone_build_dump(image);
	assert_string_equal(before, after);
	mem_free(before);
	mem_free(after);
	zone_image_release(image);
}

/* Records that would break the zone for a whole merge too, and changes that do not fit. */
static void test_merge_faults(void **state)
{
	static const struct {
		const char *lines, *said;
	} cases[] = {
		{ "- a.example. 60 A 192.0.2.2\n", "1 of 2 records to be removed are not there" },
		{ "+ a.example. 60 A 192.0.2.1\n", "a.example. A: is to be added, but it is there already" },
		{ "+ a.example. 60 CNAME b.example.\n",
		  "a.example. CNAME: a CNAME must be alone at its name, but A is there too" },
	};
	struct zone_image *image = build(SOA("1") HEAD "a.example. 60 A 192.0.2.1\n");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err_list errors = { 0 }, warnings = { 0 };
		struct zone_changes changes;
		void *bytes;
		size_t size;

		parse(cases[i].lines, &changes);
		assert_int_equal(zone_merge(zone_image_header(image), &changes, &bytes, &size, &errors, &warnings), ERR_INVALID);
		assert_string_equal(errors.notes[0].text, cases[i].said);
		err_list_fini(&errors);
		err_list_fini(&warnings);
		zone_changes_fini(&changes);
	}
	zone_image_release(image);
}

static void check_dump(const struct zone_image *image, const char *expected)
{
	char *dump = zone_build_dump(image);

	assert_string_equal(dump, expected);
	mem_free(dump);
}

/* Small zones have small hash tables, with room for few more names. */
#define MORE "m.example.\t60\tIN\tA\t192.0.2.1\nn.example.\t60\tIN\tA\t192.0.2.1\no.example.\t60\tIN\tA\t192.0.2.1\n"

/* From a file; twice, and back; the file is as it was, and another one in its place is noticed. */
static void test_file(void **state)
{
	static const char first[] = "example.\t300\tIN\tNS\tns.other.\nexample.\t300\tIN\tNS\tns.example.\n"
				    "example.\t300\tIN\tSOA\tns.example. h.example. 1 3600 600 86400 60\n"
				    "a.example.\t60\tIN\tA\t192.0.2.1\n" MORE;
	static const char second[] = "example.\t300\tIN\tNS\tns.other.\nexample.\t300\tIN\tNS\tns.example.\n"
				     "example.\t300\tIN\tSOA\tns.example. h.example. 2 3600 600 86400 60\n"
				     "x.b.example.\t60\tIN\tA\t192.0.2.1\n" MORE;
	char folder[] = "/tmp/catchment-patch-XXXXXX";
	struct zone_image *heap = build(SOA("1") HEAD "a.example. 60 A 192.0.2.1\n" MORE), *image, *patched, *back;
	const struct zone_image_header *base = zone_image_header(heap);
	struct zone_changes changes, undo;
	struct changeset set;
	struct err_note note;

	(void)state;
	assert_non_null(mkdtemp(folder));
	char *path = mem_format("%s/image", folder);
	assert_int_equal(file_replace(path, base, base->size, 0644), 0);
	assert_int_equal(zone_image_map(path, &image, &note), 0);
	parse("- a.example. 60 A 192.0.2.1\n+ x.b.example. 60 A 192.0.2.1\n", &changes);
	assert_int_equal(zone_patch(image, &changes, &patched, &note), 0);
	assert_int_equal(zone_patch_count(patched), 4);
	assert_int_equal(zone_patch_count(image), 0);
	assert_int_equal(zone_image_header(patched)->serial, 2);
	assert_memory_not_equal(zone_image_header(patched)->digest, base->digest, sizeof base->digest);
	check_dump(image, first);
	check_dump(patched, second);

	/* Undone, it is the first again, though not as compiled. */
	assert_int_equal(changeset_diff(zone_image_header(patched), base, &set, &note), 0);
	undo = set.changes;
	assert_int_equal(zone_patch(patched, &undo, &back, &note), 0);
	assert_int_equal(zone_patch_count(back), 0);
	zone_image_release(patched);
	check_dump(back, first);
	zone_image_release(image);
	check_dump(back, first);

	assert_int_equal(file_replace(path, base, base->size, 0644), 0);
	assert_int_equal(zone_patch(back, &changes, &patched, &note), ERR_LIMIT);
	assert_string_equal(note.text, "is no longer the file that is mapped");
	unlink(path);
	assert_int_equal(zone_patch(back, &changes, &patched, &note), ERR_LIMIT);
	zone_image_release(back);
	zone_image_release(heap);
	zone_changes_fini(&changes);
	zone_changes_fini(&undo);
	rmdir(folder);
	mem_free(path);
}

static void test_too_many(void **state)
{
	struct zone_image *image = build(SOA("1") HEAD), *patched;
	struct zone_changes changes;
	struct err_note note;
	static uint8_t owner[] = "\6x00000\7example";

	(void)state;
	parse("", &changes);
	for (unsigned i = 0; i < ZONE_PATCH_CHANGES_MAX; i++) {
		struct record record = { { owner, sizeof owner }, DNS_TXT, DNS_CLASS_IN, 1, { (const uint8_t *)"\1x", 2 }, "", 0 };

		snprintf((char *)owner + 2, 6, "%05u", i);
		owner[7] = 7;
		assert_int_equal(zone_changes_add(&changes, true, &record, &note), 0);
	}
	assert_int_equal(zone_changes_sort(&changes, &note), 0);
	assert_int_equal(zone_patch(image, &changes, &patched, &note), ERR_LIMIT);
	/* Nor more names than the hash table has room for. */
	changes.count = 20;
	assert_int_equal(zone_patch(image, &changes, &patched, &note), ERR_LIMIT);
	assert_string_equal(note.text, "the hash table is full");
	zone_changes_fini(&changes);
	zone_image_release(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_merge_faults),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
