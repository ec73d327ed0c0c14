/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, TTLs, classes, directives and included files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/text.h"

static char said[ZONE_BUILD_SAID_MAX];

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_front(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		/* the orders of RFC 1035, 5.1 */
		{ "a 60 IN A 10.0.0.1", "1 a.org. 60 IN A 10.0.0.1\n" },
		{ "a IN 60 A 10.0.0.1", "1 a.org. 60 IN A 10.0.0.1\n" },
		{ "a 60 A 10.0.0.1", "1 a.org. 60 IN A 10.0.0.1\n" },
		{ "a 60 CLASS1 A 10.0.0.1", "1 a.org. 60 IN A 10.0.0.1\n" },
		{ "a 60 ch A 10.0.0.1", "1 a.org. 60 CH A 10.0.0.1\n" },
		{ "a 1h1m1s A 10.0.0.1", "1 a.org. 3661 IN A 10.0.0.1\n" },
		{ "a 1W A 10.0.0.1", "1 a.org. 604800 IN A 10.0.0.1\n" },
		{ "a 2147483647 A 10.0.0.1", "1 a.org. 2147483647 IN A 10.0.0.1\n" },
		/* owners */
		{ "@ 60 A 10.0.0.1", "1 org. 60 IN A 10.0.0.1\n" },
		{ ". 60 A 10.0.0.1", "1 . 60 IN A 10.0.0.1\n" },
		{ "A.b. 60 A 10.0.0.1", "1 A.b. 60 IN A 10.0.0.1\n" },
		{ "a\\.b\\032\\000 60 A 10.0.0.1", "1 a\\.b\\032\\000.org. 60 IN A 10.0.0.1\n" },
		{ "a\\. 60 A 10.0.0.1", "1 a\\..org. 60 IN A 10.0.0.1\n" },
		{ "\\@ 60 A 10.0.0.1", "1 \\@.org. 60 IN A 10.0.0.1\n" },
		{ "\\$TTL 60 A 10.0.0.1", "1 \\$TTL.org. 60 IN A 10.0.0.1\n" },
		{ "*.w 60 A 10.0.0.1", "1 *.w.org. 60 IN A 10.0.0.1\n" },
		{ "a 60 A 10.0.0.1\n A 10.0.0.2\n\tIN A 10.0.0.3\n 5 A 10.0.0.4\n",
		  "1 a.org. 60 IN A 10.0.0.1\n2 a.org. 60 IN A 10.0.0.2\n3 a.org. 60 IN A 10.0.0.3\n4 a.org. 5 IN A 10.0.0.4\n" },
		{ "a 60 A ( ; comment\n 10.0.0.1 )\nb A 10.0.0.2", "1 a.org. 60 IN A 10.0.0.1\n3 b.org. 60 IN A 10.0.0.2\n" },
		/* TTLs: $TTL, the last one, the SOA's */
		{ "$TTL 5\na A 10.0.0.1\nb 7 A 10.0.0.1\nc A 10.0.0.1", "2 a.org. 5 IN A 10.0.0.1\n3 b.org. 7 IN A 10.0.0.1\n4 c.org. 5 IN A 10.0.0.1\n" },
		{ "b 7 A 10.0.0.1\nc A 10.0.0.1\nd 8 A 10.0.0.1\ne A 10.0.0.1",
		  "1 b.org. 7 IN A 10.0.0.1\n2 c.org. 7 IN A 10.0.0.1\n3 d.org. 8 IN A 10.0.0.1\n4 e.org. 8 IN A 10.0.0.1\n" },
		{ "@ SOA . . 1 2 3 4 55\na A 10.0.0.1", "1 org. 55 IN SOA . . 1 2 3 4 55\n2 a.org. 55 IN A 10.0.0.1\n" },
		{ "@ 9 SOA . . 1 2 3 4 55\na A 10.0.0.1", "1 org. 9 IN SOA . . 1 2 3 4 55\n2 a.org. 9 IN A 10.0.0.1\n" },
		{ "a A 10.0.0.1", "E 1 a.org. A: no TTL: neither here, nor by $TTL, nor in a record above\n" },
		/* $ORIGIN */
		{ "$ORIGIN sub\na 60 NS b\n$ORIGIN x.\na NS @\n$ORIGIN y\na NS b",
		  "2 a.sub.org. 60 IN NS b.sub.org.\n4 a.x. 60 IN NS x.\n6 a.y.x. 60 IN NS b.y.x.\n" },
		{ "$origin .\na 60 NS b\n", "2 a. 60 IN NS b.\n" },
		/* faults, and what stands behind them */
		{ " A 10.0.0.1\nb 60 A 10.0.0.1", "2 b.org. 60 IN A 10.0.0.1\nE 1 the owner is left out, but there is none above\n" },
		{ "a..b 60 A 10.0.0.1\n A 10.0.0.2\nb 60 A 10.0.0.3",
		  "3 b.org. 60 IN A 10.0.0.3\nE 1 the owner \"a..b\": a name has an empty label\n"
		  "E 2 the owner is left out, but there is none above\n" },
		{ A63 "a 60 A 10.0.0.1", "E 1 the owner \"" A63 "a\": a label is longer than 63 bytes\n" },
		{ A63 "." A63 "." A63 "." A63 " 60 A 10.0.0.1",
		  "E 1 the owner \"" A63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": a name is longer than 255 bytes\n" },
		{ A63 "." A63 "." A63 "." A60 " 60 A 10.0.0.1",
		  "E 1 the owner \"" A63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": with the origin behind it, the name is longer than 255 bytes\n" },
		{ "\"a\" 60 A 10.0.0.1", "E 1 the owner \"\"a\"\": a name cannot be quoted\n" },
		{ "a 2147483648 A 10.0.0.1", "E 1 a.org.: \"2147483648\" is no TTL (0 to 2147483647, or like 1h30m)\n" },
		{ "a 1h5 A 10.0.0.1", "E 1 a.org.: \"1h5\" is no TTL (0 to 2147483647, or like 1h30m)\n" },
		{ "a 60 60 A 10.0.0.1", "E 1 a.org.: \"60\" is no known type; it can be written as TYPEn with \\# LENGTH HEX (RFC 3597)\n" },
		{ "a 60 IN", "E 1 a.org.: \"IN\" ends the line before any type\n" },
		{ "a", "E 1 a.org.: \"a\" ends the line before any type\n" },
		{ "a 60 BOGUS x", "E 1 a.org.: \"BOGUS\" is no known type; it can be written as TYPEn with \\# LENGTH HEX (RFC 3597)\n" },
		{ "$TTL\n$TTL x\n$TTL 1 2\n", "E 1 $TTL: expected seconds (0 to 2147483647), or a period like 1h30m\nE 2 $TTL: expected seconds (0 to 2147483647), or a period like 1h30m\nE 3 $TTL: expected seconds (0 to 2147483647), or a period like 1h30m\n" },
		{ "$ORIGIN\n$ORIGIN a..b\n", "E 1 $ORIGIN: expected one name\nE 2 $ORIGIN: a name has an empty label\n" },
		{ "$GENERATE 1-2 a A 1.2.3.4", "E 1 $GENERATE is BIND's own and not taken: write its records out, as named-compilezone does\n" },
		{ "$FOO", "E 1 unknown directive $FOO; expected $ORIGIN, $TTL or $INCLUDE\n" },
		{ "$INCLUDE x", "E 1 $INCLUDE: not available here\n" },
		{ "$INCLUDE", "E 1 expected $INCLUDE FILE [ORIGIN]\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		zone_build_read("org.", cases[i].in, strlen(cases[i].in), said);
		assert_string_equal(said, cases[i].out);
	}
}

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/catchment-text-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	char *command = mem_format("rm -r %s", folder);
	int status = system(command);

	(void)state;
	mem_free(command);
	return status;
}

static void write_file(const char *name, const char *text)
{
	char *path = mem_format("%s/%s", folder, name);
	char *slash = strrchr(path, '/');
	FILE *file;

	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	mem_free(path);
}

static int add_record(void *ctx, const struct record *record)
{
	char owner[DNS_NAME_TEXT_MAX];
	char *out = ctx;
	size_t len = strlen(out);

	snprintf(out + len, ZONE_BUILD_SAID_MAX - len, "%s:%u %s %u\n", strrchr(record->file, '/') + 1, record->line,
		 name_print(record->owner.at, owner), record->ttl);
	return 0;
}

static void add_file(void *ctx, const char *path, const struct stat *stat)
{
	char *out = ctx;
	size_t len = strlen(out);

	snprintf(out + len, ZONE_BUILD_SAID_MAX - len, "open %s %ld\n", path + strlen(folder) + 1, (long)stat->st_size);
}

static int read_file(const char *name)
{
	struct zone_text_watch watch = { add_file, said };
	struct err_list errors = { 0 };
	struct name apex;
	char *path = mem_format("%s/%s", folder, name);

	name_from_text("org.", &apex);
	said[0] = '\0';
	int err = zone_text_read_watched(path, &apex, add_record, said, &watch, &errors);
	for (size_t i = 0; i < errors.kept; i++) {
		size_t len = strlen(said);

		snprintf(said + len, sizeof said - len, "E %s:%u %s\n", strrchr(errors.notes[i].file, '/') + 1,
			 errors.notes[i].line, errors.notes[i].text);
	}
	/* Paths of this run in messages. */
	for (char *at; (at = strstr(said, folder)) != NULL;)
		memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder) + 1) + 1);
	err_list_fini(&errors);
	mem_free(path);
	return err;
}

static void test_include(void **state)
{
	(void)state;
	write_file("main", "$ORIGIN a\n$TTL 5\nx A 10.0.0.1\n$INCLUDE sub/one\n A 10.0.0.2\n$INCLUDE \"sub/tw\\111\" b.\ny A 10.0.0.1\n");
	write_file("sub/one", " A 10.0.0.3\n$ORIGIN q\nr A 10.0.0.4\n$INCLUDE two\ns A 10.0.0.5\n$TTL 6\n");
	write_file("sub/two", "t A 10.0.0.1");
	assert_int_equal(read_file("main"), 0);
	assert_string_equal(said, "open main 97\n"
				  "main:3 x.a.org. 5\n"
				  "open sub/one 68\n"
				  "one:1 x.a.org. 5\n"
				  "one:3 r.q.a.org. 5\n"
				  "open sub/two 12\n"
				  "two:1 t.q.a.org. 5\n"
				  "one:5 s.q.a.org. 5\n"
				  "main:5 x.a.org. 6\n"
				  "open sub/two 12\n"
				  "two:1 t.b. 6\n"
				  "main:7 y.a.org. 6\n");
}

static void test_include_faults(void **state)
{
	char name[16], text[64];

	(void)state;
	write_file("missing", "$INCLUDE nowhere\nx 5 A 10.0.0.1\n");
	assert_int_equal(read_file("missing"), ERR_SYNTAX);
	assert_string_equal(said, "open missing 32\nmissing:2 x.org. 5\nE missing:1 $INCLUDE nowhere: No such file or directory\n");

	write_file("folder", "$INCLUDE .\n");
	assert_int_equal(read_file("folder"), ERR_SYNTAX);
	assert_string_equal(said, "open folder 11\nE folder:1 $INCLUDE .: not a regular file\n");

	write_file("loop1", "x 5 A 10.0.0.1\n$INCLUDE loop2\n");
	write_file("loop2", "y 5 A 10.0.0.1\n$INCLUDE loop1\n");
	assert_int_equal(read_file("loop1"), ERR_SYNTAX);
	assert_string_equal(said, "open loop1 30\nloop1:1 x.org. 5\nopen loop2 30\nloop2:1 y.org. 5\n"
				  "E loop2:2 $INCLUDE loop1: the file includes itself\n");

	/* A chain of files: the 17th below the first is one too many. */
	for (unsigned i = 0; i <= ZONE_TEXT_INCLUDES + 1; i++) {
		snprintf(name, sizeof name, "chain%u", i);
		snprintf(text, sizeof text, "n%u 5 A 10.0.0.1\n$INCLUDE chain%u\n", i, i + 1);
		write_file(name, text);
	}
	assert_int_equal(read_file("chain0"), ERR_SYNTAX);
	assert_non_null(strstr(said, "chain16:1 n16.org. 5\n"));
	assert_null(strstr(said, "n17.org."));
	assert_non_null(strstr(said, "E chain16:2 $INCLUDE chain17: more than 16 files deep\n"));

	write_file("origin", "$INCLUDE loop2 a..b\n$INCLUDE a b c\n$INCLUDE \"\"\n");
	assert_int_equal(read_file("origin"), ERR_SYNTAX);
	assert_string_equal(said, "open origin 47\nE origin:1 $INCLUDE: a name has an empty label\n"
				  "E origin:2 expected $INCLUDE FILE [ORIGIN]\nE origin:3 $INCLUDE: bad file name\n");

	assert_int_equal(read_file("nothing"), -2);
	assert_string_equal(said, "E nothing:0 No such file or directory\n");
	write_file("sub/one", "");
	assert_int_equal(read_file("sub"), ERR_INVALID);
	assert_string_equal(said, "E sub:0 not a regular file\n");
}

static int stop_at_two(void *ctx, const struct record *record)
{
	(void)record;
	return ++*(int *)ctx == 2 ? 77 : 0;
}

static void test_stop(void **state)
{
	static const char text[] = "a 5 A 10.0.0.1\nb A 10.0.0.1\nc A 10.0.0.1\n";
	struct err_list errors = { 0 };
	struct name apex;
	int count = 0;

	(void)state;
	name_from_text("org", &apex);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, stop_at_two, &count, &errors), 77);
	assert_int_equal(count, 2);
	assert_int_equal(errors.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front),
		cmocka_unit_test_setup_teardown(test_include, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_include_faults, make_folder, remove_folder),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
