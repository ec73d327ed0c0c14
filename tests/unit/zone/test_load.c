/* SPDX-License-Identifier: Apache-2.0 */
/* Zones from files, and when the compiled image is used instead: whenever it is that of this source, and never else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "zone/load.h"

static char folder[64], images[80], zone_file[80], include_file[80];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/catchment-load-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(images, sizeof images, "%s/images", folder);
	snprintf(zone_file, sizeof zone_file, "%s/zone", folder);
	snprintf(include_file, sizeof include_file, "%s/more", folder);
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

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void write_zone(unsigned serial)
{
	char text[200];

	snprintf(text, sizeof text, "@ 60 SOA . . %u 2 3 4 5\n@ NS @\n@ A 10.0.0.9\n$INCLUDE more\n", serial);
	write_text(zone_file, text);
}

struct outcome {
	int err;
	bool mapped;
	uint32_t serial, records;
	size_t errors, warnings;
	char said[1024];	/* the first fault or warning */
	uint8_t digest[ZONE_IMAGE_DIGEST_BYTES];
};

static struct outcome load(const char *name, const char *file, const char *images_folder)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_loaded loaded = { 0 };
	struct outcome outcome = { 0 };

	outcome.err = zone_load(name, file, images_folder, &loaded, &errors, &warnings);
	outcome.errors = errors.count;
	outcome.warnings = warnings.count;
	if (errors.kept > 0)
		err_note_print(&errors.notes[0], outcome.said, sizeof outcome.said);
	else if (warnings.kept > 0)
		err_note_print(&warnings.notes[0], outcome.said, sizeof outcome.said);
	if (outcome.err == 0) {
		outcome.mapped = loaded.mapped;
		outcome.serial = zone_image_header(loaded.image)->serial;
		outcome.records = zone_image_header(loaded.image)->records;
		memcpy(outcome.digest, zone_image_header(loaded.image)->digest, sizeof outcome.digest);
		zone_image_release(loaded.image);
	} else {
		assert_null(loaded.image);
	}
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return outcome;
}

static void expect(struct outcome outcome, bool mapped, uint32_t serial)
{
	if (outcome.err != 0 || outcome.errors != 0 || outcome.warnings != 0)
		fail_msg("%s", outcome.said);
	assert_int_equal(outcome.mapped, mapped);
	assert_int_equal(outcome.serial, serial);
}

static void test_cache(void **state)
{
	char path[160];

	(void)state;
	write_text(include_file, "a A 10.0.0.1\n");
	write_zone(1);
	expect(load("Example.org", zone_file, images), false, 1);
	expect(load("example.org.", zone_file, images), true, 1);

	/* Every change of the source counts, also one of the same size a moment later, and one of an included file. */
	write_zone(2);
	expect(load("example.org", zone_file, images), false, 2);
	expect(load("example.org", zone_file, images), true, 2);
	write_text(include_file, "b A 10.0.0.1\n");
	expect(load("example.org", zone_file, images), false, 2);
	write_text(include_file, "b A 10.0.0.1\nc A 10.0.0.1\n");
	assert_int_equal(load("example.org", zone_file, images).records, 5);
	expect(load("example.org", zone_file, images), true, 2);

	/* The same content at another path is another source. */
	snprintf(path, sizeof path, "%s/copy", folder);
	write_text(path, "@ 60 SOA . . 9 2 3 4 5\n@ NS ns.y.\n");
	expect(load("example.org", path, images), false, 9);
	expect(load("example.org", zone_file, images), false, 2);

	/* Without a folder nothing is mapped or written. */
	expect(load("example.org", zone_file, NULL), false, 2);
	unlink(include_file);
	struct outcome missing = load("example.org", zone_file, images);
	assert_int_equal(missing.err, ERR_SYNTAX);
	assert_non_null(strstr(missing.said, "zone:4: $INCLUDE "));
}

/* A damaged, exchanged or cut image is told and made again; so is a fingerprint that is not one. */
static void test_damage(void **state)
{
	char image[160], source[160], other[160];
	uint8_t *bytes;
	size_t len;

	(void)state;
	snprintf(image, sizeof image, "%s/example.org.zone-image", images);
	snprintf(source, sizeof source, "%s/example.org.zone-source", images);
	snprintf(other, sizeof other, "%s/example.net.zone-image", images);
	write_text(include_file, "a A 10.0.0.1\n");
	write_zone(1);
	expect(load("example.org", zone_file, images), false, 1);
	assert_int_equal(file_read(image, 1 << 20, &bytes, &len), 0);
	bytes[len / 2] ^= 1;
	assert_int_equal(file_replace(image, bytes, len, 0644), 0);
	mem_free(bytes);

	struct outcome outcome = load("example.org", zone_file, images);
	assert_int_equal(outcome.err, 0);
	assert_false(outcome.mapped);
	assert_int_equal(outcome.warnings, 1);
	assert_non_null(strstr(outcome.said, "digest differs; it is made again from "));
	expect(load("example.org", zone_file, images), true, 1);

	assert_int_equal(truncate(image, 100), 0);
	outcome = load("example.org", zone_file, images);
	assert_int_equal(outcome.warnings, 1);
	assert_false(outcome.mapped);
	expect(load("example.org", zone_file, images), true, 1);

	/* An image of another zone, or of this one from another time, whatever its fingerprint says. */
	write_zone(2);
	expect(load("example.net", zone_file, images), false, 2);
	assert_int_equal(rename(other, image), 0);
	outcome = load("example.org", zone_file, images);
	assert_int_equal(outcome.serial, 2);
	assert_false(outcome.mapped);
	expect(load("example.org", zone_file, images), true, 2);

	unlink(image);
	expect(load("example.org", zone_file, images), false, 2);
	write_text(source, "catchment image source 1\nimage 00\n");
	expect(load("example.org", zone_file, images), false, 2);
	write_text(source, "");
	expect(load("example.org", zone_file, images), false, 2);
	unlink(source);
	expect(load("example.org", zone_file, images), false, 2);
	expect(load("example.org", zone_file, images), true, 2);
}

static void test_faulty_source(void **state)
{
	struct zone_image *image;
	struct err_note note;

	(void)state;
	assert_int_equal(zone_load_last_good("example.org", images, &image, &note), -ENOENT);
	write_text(include_file, "a A 10.0.0.1\n");
	write_zone(5);
	expect(load("example.org", zone_file, images), false, 5);

	/* The last good image stays while the source is broken. */
	write_text(include_file, "a A 10.0.0\nb CNAME c\nb A 10.0.0.1\n");
	struct outcome outcome = load("example.org", zone_file, images);
	assert_int_equal(outcome.err, ERR_INVALID);
	assert_int_equal(outcome.errors, 2);
	assert_non_null(strstr(outcome.said, "more:1: a.example.org. A: expected an IPv4 address: 10.0.0"));
	assert_int_equal(zone_load_last_good("EXAMPLE.org.", images, &image, &note), 0);
	assert_int_equal(zone_image_header(image)->serial, 5);
	zone_image_release(image);
	assert_int_equal(zone_load_last_good("example.com", images, &image, &note), -ENOENT);
	assert_int_equal(zone_load_last_good("a..b", images, &image, &note), ERR_SYNTAX);

	outcome = load("example.org", "/nonexistent/zone", images);
	assert_int_equal(outcome.err, -ENOENT);
	assert_string_equal(outcome.said, "/nonexistent/zone: No such file or directory");
	outcome = load("a..b", zone_file, images);
	assert_int_equal(outcome.err, ERR_SYNTAX);
	assert_int_equal(outcome.errors, 1);
}

/* A folder that cannot be written is told, and the zone is served from memory. */
static void test_unwritable(void **state)
{
	char path[160];

	(void)state;
	write_text(include_file, "");
	write_zone(3);
	snprintf(path, sizeof path, "%s/images", zone_file);	/* below a file */
	struct outcome outcome = load("example.org", zone_file, path);
	assert_int_equal(outcome.err, 0);
	assert_false(outcome.mapped);
	assert_int_equal(outcome.serial, 3);
	assert_int_equal(outcome.warnings, 1);
	assert_non_null(strstr(outcome.said, "cannot be written"));
}

/* Names become file names that cannot leave the folder or meet each other. */
static void test_file_names(void **state)
{
	static const struct {
		const char *zone, *file;
	} cases[] = {
		{ ".", "%" },
		{ "\\037", "%25" },
		{ "\\%", "%25" },
		{ "a/b", "a%2fb" },
		{ "0/25.2.0.192.in-addr.arpa", "0%2f25.2.0.192.in-addr.arpa" },
		{ "\\.\\.", "%2e%2e" },
		{ "A.b", "a.b" },
		{ "a\\.b", "a%2eb" },
		{ "_x-y.\\000\\255", "_x-y.%00%ff" },
	};
	char path[300];

	(void)state;
	write_text(include_file, "");
	write_zone(4);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expect(load(cases[i].zone, zone_file, images), false, 4);
		snprintf(path, sizeof path, "%s/%s.zone-image", images, cases[i].file);
		assert_int_equal(access(path, R_OK), 0);
		snprintf(path, sizeof path, "%s/%s.zone-source", images, cases[i].file);
		assert_int_equal(unlink(path), 0);
	}

	/* 240 bytes that all need three: too long for any file system, but for two of the same beginning. */
	char name[1024];
	for (unsigned last = 1; last <= 2; last++) {
		size_t len = 0;

		for (unsigned i = 0; i < 240; i++)
			len += (size_t)sprintf(name + len, "%s\\%03u", i % 60 ? "" : i ? "." : "", i == 239 ? last : 200);
		expect(load(name, zone_file, images), false, 4);
	}
	expect(load(name, zone_file, images), true, 4);
}

/* Every real root zone at hand: loads without a fault or a warning, twice the same, mapped the second time. */
static void test_root_zones(void **state)
{
	static const char data[] = CATCHMENT_SOURCE_DIR "/../shared/data/root";
	DIR *dir = opendir(data);
	struct dirent *entry;
	unsigned count = 0;

	(void)state;
	if (dir == NULL)
		skip();
	while ((entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, ".zone.xz") == NULL)
			continue;
		char *command = mem_format("xz -dc '%s/%s' >'%s'", data, entry->d_name, zone_file);
		if (system(command) != 0)
			skip();
		mem_free(command);

		struct outcome first = load(".", zone_file, NULL), second = load(".", zone_file, images);
		expect(first, false, (uint32_t)strtoul(entry->d_name + strlen("root-"), NULL, 10));
		expect(second, false, first.serial);
		assert_memory_equal(first.digest, second.digest, sizeof first.digest);
		assert_true(first.records > 20000);
		expect(load(".", zone_file, images), true, first.serial);
		count++;
	}
	closedir(dir);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cache, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_damage, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_faulty_source, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_unwritable, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_file_names, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_root_zones, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
