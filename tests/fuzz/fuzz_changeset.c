/* SPDX-License-Identifier: Apache-2.0 */
/* A changeset for a small zone: refused, or the zone patched with it is the zone that a merge compiles, answers, and
 * prints the same changeset again when it is compared with the one before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/lthash.h"
#include "zone/compile.h"
#include "zone/dump.h"
#include "zone/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char ZONE[] = "example. 300 SOA ns.example. h.example. 1 3600 600 86400 60\nexample. 300 NS ns.example.\n"
			   "example. 300 NS ns.x.other.\nns.example. 60 A 192.0.2.1\n*.w.example. 60 TXT x\n"
			   "cut.example. 60 NS ns.cut.example.\nns.cut.example. 60 A 192.0.2.2\n"
			   "d.example. 60 DNAME other.\na.b.c.example. 60 MX 1 ns.example.\ne.example. 60 CNAME f.example.\n"
			   "g.example. 60 SRV 1 2 3 Ns.example.\nh.example. 60 A 192.0.2.3\ni.example. 60 A 192.0.2.4\n";

static void require(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static struct zone_image *open_bytes(void *bytes, size_t size)
{
	struct zone_image *image = NULL;
	struct err_note note;

	require(zone_image_open(bytes, size, true, &image, &note) == 0, "what compiles opens");
	return image;
}

static struct zone_image *zone(void)
{
	static struct zone_image *image;
	struct err_list errors = { 0 }, warnings = { 0 };
	struct name apex;
	void *bytes;
	size_t size;

	if (image != NULL)
		return image;
	name_from_text("example.", &apex);
	struct zone_compile *compile = zone_compile_new(&apex);
	zone_text_parse("zone", ZONE, sizeof ZONE - 1, &apex, zone_compile_add, compile, &errors);
	require(zone_compile_finish(compile, &bytes, &size, &errors, &warnings) == 0, "the zone compiles");
	zone_compile_free(compile);
	err_list_fini(&warnings);
	image = open_bytes(bytes, size);
	return image;
}

struct text {
	char *at;
	size_t len;
};

static int add_line(void *ctx, const char *line, size_t len)
{
	struct text *text = ctx;

	text->at = mem_resize(text->at, text->len + len, 1);
	memcpy(text->at + text->len, line, len);
	text->len += len;
	return 0;
}

static struct text dump(const struct zone_image *image)
{
	struct text text = { 0 };

	zone_dump(zone_image_header(image), add_line, &text);
	return text;
}

static void compare(const struct zone_image *patched, const struct changeset *set)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct lthash sum = { 0 }, whole = { 0 };
	struct changeset again;
	struct err_note note;
	void *bytes;
	size_t size, len, again_len;

	require(zone_merge(zone_image_header(zone()), &set->changes, &bytes, &size, &errors, &warnings) == 0,
		"what can be patched can be merged");
	struct zone_image *merged = open_bytes(bytes, size);
	struct text left = dump(patched), right = dump(merged);
	require(left.len == right.len && memcmp(left.at, right.at, left.len) == 0, "both are the same zone");
	lthash_add_image(&sum, zone_image_header(zone()));
	lthash_apply(&sum, &set->changes);
	lthash_add_image(&whole, zone_image_header(patched));
	require(memcmp(&sum, &whole, sizeof sum) == 0, "the digest follows the changes");
	require(changeset_diff(zone_image_header(zone()), zone_image_header(patched), &again, &note) == 0, "they can be compared");
	char *text = changeset_print(set, &len), *other = changeset_print(&again, &again_len);
	require(len >= again_len || strcmp(text, other) == 0, "the difference is no more than the changes");
	mem_free(text);
	mem_free(other);
	mem_free(left.at);
	mem_free(right.at);
	changeset_fini(&again);
	err_list_fini(&warnings);
	zone_image_release(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone_image *patched;
	struct changeset set;
	struct err_note note;

	if (changeset_parse("fuzz", (struct span){ data, size }, &set, &note) != 0)
		return 0;
	if (span_equal((struct span){ set.zone.wire, set.zone.len }, (struct span){ (const uint8_t *)"\7example", 9 })) {
		int err = zone_patch(zone(), &set.changes, &patched, &note);

		require(err != ERR_FORMAT, note.text);
		if (err == 0) {
			compare(patched, &set);
			zone_image_release(patched);
		}
	}
	changeset_fini(&set);
	return 0;
}
