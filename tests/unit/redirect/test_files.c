/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/etag.h"
#include "redirect/files.h"
#include "redirect/files_type.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FILES_MAX = 8 };

/* A folder of the test's own. */
static char top[] = "/tmp/test_files.XXXXXX";

static char *at_top(const char *name)
{
	static char path[4][512];
	static unsigned next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof path[0], "%s/%s", top, name);
	return to;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(at_top(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_folder(const char *name)
{
	assert_int_equal(mkdir(at_top(name), 0755), 0);
}

struct rule {
	const char *path, *file, *type;
	uint32_t max_age_s;
};

/* Rules end with one without a path; rule i stands in line i + 1. */
static int make(const struct rule *rules, struct redirect_files **ret, struct err_list *errors)
{
	struct conf_static_file files[FILES_MAX] = { 0 };
	struct conf_site site = { .files = files };

	*errors = (struct err_list){ 0 };
	for (; rules[site.file_count].path != NULL; site.file_count++) {
		const struct rule *rule = &rules[site.file_count];

		assert_true(site.file_count < FILES_MAX);
		files[site.file_count] = (struct conf_static_file){
			.path = mem_string(rule->path),
			.file = mem_string(at_top(rule->file)),
			.type = mem_string(rule->type),
			.max_age_s = rule->max_age_s,
			.line = (unsigned)site.file_count + 1,
		};
	}
	int err = redirect_files_new("node.yaml", &site, ret, errors);
	/* Nothing may point back into the configuration. */
	for (size_t i = 0; i < site.file_count; i++) {
		mem_free(files[i].path);
		mem_free(files[i].file);
		mem_free(files[i].type);
	}
	return err;
}

static struct redirect_files *made(const struct rule *rules)
{
	struct redirect_files *files = NULL;
	struct err_list errors;
	int err = make(rules, &files, &errors);

	for (size_t i = 0; i < errors.kept; i++)
		print_error("%s\n", errors.notes[i].text);
	assert_int_equal(err, 0);
	err_list_fini(&errors);
	return files;
}

/* Its content, "404" below a prefix, "-" else. */
static const char *found(const struct redirect_files *files, const char *path)
{
	static char text[128];
	bool below;
	/* In a block of its own: a read of one byte too many is seen. */
	uint8_t *bytes = mem_copy(path, strlen(path));
	const struct redirect_file *file = redirect_files_find(files, (struct span){ bytes, strlen(path) }, &below);

	mem_free(bytes);
	if (file == NULL)
		return below ? "404" : "-";
	snprintf(text, sizeof text, "%.*s", (int)file->content.len, (const char *)file->content.at);
	return text;
}

static void test_find(void **state)
{
	static const struct rule rules[] = {
		{ "/robots.txt", "robots.txt", NULL, 0 },
		{ "/.well-known/acme-challenge/*", "acme", NULL, 0 },
		{ "/%7euser/a%20b%c3%a4", "robots.txt", NULL, 0 },
		{ "/acme/special", "robots.txt", NULL, 0 },
		{ "/acme/*", "acme", NULL, 0 },
		{ "/acme/sub/deep/*", "other", NULL, 0 },
		{ NULL, NULL, NULL, 0 },
	};
	static const struct {
		const char *path, *expected;
	} rows[] = {
		{ "/robots.txt", "robots" },
		{ "/%72obots%2Etxt", "robots" },
		{ "/%72obots%2etxt", "robots" },
		{ "/robots.txt/", "-" },
		{ "/Robots.txt", "-" },
		{ "/robots.tx", "-" },
		{ "/robots.txtx", "-" },
		{ "//robots.txt", "-" },
		{ "/./robots.txt", "-" },
		{ "/x/../robots.txt", "-" },
		{ "%2Frobots.txt", "-" },
		{ "", "-" },
		{ "/", "-" },
		{ "/~user/a%20b%C3%A4", "robots" },
		{ "/%7Euser/a%20b%c3%a4", "robots" },
		{ "/~user/a%20b%C3%A5", "-" },
		{ "/.well-known/acme-challenge/token-1_x", "token" },
		{ "/.well-known/acme-challenge/token%2D1_x", "token" },
		{ "/%2ewell-known/acme-challenge/token-1_x", "token" },
		{ "/.well-known/acme-challenge/none", "404" },
		{ "/.well-known/acme-challenge/", "404" },
		{ "/.well-known/acme-challenge", "-" },
		{ "/.well-known/acme-challenge//token-1_x", "404" },
		{ "/.well-known/acme-challenge/./token-1_x", "404" },
		{ "/.well-known/acme-challenge/../../robots.txt", "404" },
		{ "/.well-known/acme-challenge/%2e%2e/%2e%2e/robots.txt", "404" },
		{ "/.well-known/acme-challenge/..%2f..%2frobots.txt", "404" },
		{ "/.well-known/acme-challenge/sub%2fin", "404" },
		{ "/.well-known/acme-challenge%2ftoken-1_x", "-" },
		{ "/.well-known//acme-challenge/token-1_x", "-" },
		{ "/.well-known/acme-challenge/.hidden", "404" },
		{ "/.well-known/acme-challenge/.hidden-folder/in", "404" },
		{ "/.well-known/acme-challenge/sub/in", "in sub" },
		{ "/.well-known/acme-challenge/sub", "404" },
		{ "/.well-known/acme-challenge/sub/deep/x", "deep" },
		{ "/.well-known/acme-challenge/a+b%20%25%23.txt", "strange" },
		{ "/.well-known/acme-challenge/a%2Bb%20%25%23.txt", "404" },
		{ "/.well-known/acme-challenge/%C3%A4", "umlaut" },
		{ "/.well-known/acme-challenge/%c3%a4", "umlaut" },
		{ "/.well-known/acme-challenge/inside", "token" },
		{ "/.well-known/acme-challenge/pipe", "404" },
		{ "/.well-known/acme-challenge/dangling", "404" },
		/* exact before prefix, the longest prefix alone */
		{ "/acme/special", "robots" },
		{ "/acme/token-1_x", "token" },
		{ "/acme/sub/in", "in sub" },
		{ "/acme/sub/deep/x", "404" },
		{ "/acme/sub/deep/y", "other" },
	};
	char url_path[3 * 4096];
	const char *path;

	(void)state;
	struct redirect_files *files = made(rules);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(found(files, rows[i].path), rows[i].expected) != 0)
			fail_msg("%s: %s, expected %s", rows[i].path, found(files, rows[i].path), rows[i].expected);

	memset(url_path, 'a', sizeof url_path - 1);
	url_path[sizeof url_path - 1] = '\0';
	memcpy(url_path, "/acme/", 6);
	assert_string_equal(found(files, url_path), "404");
	for (size_t i = 6; i + 3 < sizeof url_path; i += 3)
		memcpy(url_path + i, "%20", 3);
	assert_string_equal(found(files, url_path), "404");

	assert_int_equal(redirect_files_count(files), 3 + 7 + 5 + 1);
	for (size_t i = 0; i < redirect_files_count(files); i++) {
		bool below;
		const struct redirect_file *file = redirect_files_at(files, i, &path);

		assert_ptr_equal(redirect_files_find(files, span_string(path), &below), file);
		assert_int_equal(strncmp(file->source, top, strlen(top)), 0);
	}
	redirect_files_free(files);
	bool below = true;
	assert_null(redirect_files_find(NULL, SPAN_TEXT("/"), &below));
	assert_false(below);
	assert_int_equal(redirect_files_count(NULL), 0);
}

static bool says(struct span text, const char *expected)
{
	return span_equal(text, span_string(expected));
}

static const struct redirect_file *file_of(const struct redirect_files *files, const char *path)
{
	bool below;
	const struct redirect_file *file = redirect_files_find(files, span_string(path), &below);

	assert_non_null(file);
	return file;
}

static void test_fields(void **state)
{
	static const struct rule rules[] = {
		{ "/robots.txt", "robots.txt", NULL, 3600 },
		{ "/copy", "robots.txt", "text/x-copy", 0 },
		{ "/empty", "empty", NULL, 4294967295u },
		{ "/.well-known/acme-challenge/*", "acme", NULL, 0 },
		{ NULL, NULL, NULL, 0 },
	};
	struct redirect_files *files = made(rules), *again = made(rules);
	const struct redirect_file *file = file_of(files, "/robots.txt"), *copy = file_of(files, "/copy");

	(void)state;
	assert_true(says(file->type, "text/plain; charset=utf-8"));
	assert_true(says(file->cache_control, "max-age=3600"));
	assert_true(says(copy->type, "text/x-copy"));
	assert_true(says(copy->cache_control, "no-cache"));
	assert_true(says(file_of(files, "/empty")->cache_control, "max-age=4294967295"));
	assert_int_equal(file_of(files, "/empty")->content.len, 0);
	assert_true(says(file_of(files, "/.well-known/acme-challenge/token-1_x")->type, "text/plain; charset=utf-8"));

	/* The ETag is the content's: not the name's, the time's or the process's. */
	assert_int_equal(file->etag.len, REDIRECT_ETAG_LEN);
	assert_true(file->etag.len <= REDIRECT_ETAG_MAX);
	assert_true(span_equal(file->etag, copy->etag));
	assert_true(span_equal(file->etag, file_of(again, "/robots.txt")->etag));
	assert_false(span_equal(file->etag, file_of(files, "/empty")->etag));
	/* BLAKE2b-128 of "robots", as b2sum -l 128 gives it. */
	assert_true(says(file->etag, "\"5ba62f67d6d9faba3722f6238ee26213\""));
	redirect_files_free(files);
	redirect_files_free(again);
}

static void test_types(void **state)
{
	static const struct {
		const char *path, *type;
	} rows[] = {
		{ "/index.html", "text/html; charset=utf-8" },
		{ "/A.HTML", "text/html; charset=utf-8" },
		{ "/favicon.ico", "image/vnd.microsoft.icon" },
		{ "/logo.svg", "image/svg+xml" },
		{ "/site.webmanifest", "application/manifest+json" },
		{ "/key.asc", "text/plain; charset=utf-8" },
		{ "/file.tar.gz", "application/gzip" },
		{ "/file.sig", "application/pgp-signature" },
		{ "/ca.pem", "application/x-pem-file" },
		{ "/data.json", "application/json" },
		{ "/html", "application/octet-stream" },
		{ "/a.html/b", "application/octet-stream" },
		{ "/a.", "application/octet-stream" },
		{ "/.", "application/octet-stream" },
		{ "/", "application/octet-stream" },
		{ "", "application/octet-stream" },
		{ "/a.unheard-of", "application/octet-stream" },
		{ "/.well-known/acme-challenge/abc", "text/plain; charset=utf-8" },
		{ "/.well-known/security.txt", "text/plain; charset=utf-8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!says(redirect_files_type(span_string(rows[i].path)), rows[i].type))
			fail_msg("%s", rows[i].path);
}

static void check_fault(const struct rule *rule, unsigned line, const char *part)
{
	struct redirect_files *files = NULL;
	struct err_list errors;

	assert_int_equal(make(rule, &files, &errors), ERR_INVALID);
	assert_null(files);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.notes[0].file, "node.yaml");
	if (errors.notes[0].line != line || strstr(errors.notes[0].text, part) == NULL)
		fail_msg("%s: %u: %s, expected %s", rule->path, errors.notes[0].line, errors.notes[0].text, part);
	err_list_fini(&errors);
}

static void test_faults(void **state)
{
	static const struct {
		struct rule rule[3];
		const char *part;
	} rows[] = {
		{ { { "robots.txt", "robots.txt", NULL, 0 } }, "does not begin with \"/\"" },
		{ { { "*", "acme", NULL, 0 } }, "does not begin with \"/\"" },
		{ { { "/a//b", "robots.txt", NULL, 0 } }, "empty segment" },
		{ { { "//a", "robots.txt", NULL, 0 } }, "empty segment" },
		{ { { "/a/./b", "robots.txt", NULL, 0 } }, "segment \".\"" },
		{ { { "/a/..", "robots.txt", NULL, 0 } }, "segment \".\"" },
		{ { { "/%2e%2e/b", "robots.txt", NULL, 0 } }, "segment \".\"" },
		{ { { "/a/../*", "acme", NULL, 0 } }, "segment \".\"" },
		{ { { "/a%2fb", "robots.txt", NULL, 0 } }, "slash or backslash" },
		{ { { "/a%5cb", "robots.txt", NULL, 0 } }, "slash or backslash" },
		{ { { "/a?b", "robots.txt", NULL, 0 } }, "RFC 3986" },
		{ { { "/a b", "robots.txt", NULL, 0 } }, "RFC 3986" },
		{ { { "/a%0ab", "robots.txt", NULL, 0 } }, "RFC 3986" },
		{ { { "/a%zz", "robots.txt", NULL, 0 } }, "RFC 3986" },
		{ { { "/ab*", "acme", NULL, 0 } }, "whole segments" },
		{ { { "/a", "none", NULL, 0 } }, "No such file" },
		{ { { "/a", "acme", NULL, 0 } }, "no regular file" },
		{ { { "/a/*", "none", NULL, 0 } }, "No such file" },
		{ { { "/a/*", "robots.txt", NULL, 0 } }, "Not a directory" },
		{ { { "/a/*", "leads-out", NULL, 0 } }, "symbolic link out of the folder" },
		{ { { "/a/*", "leads-up", NULL, 0 } }, "symbolic link out of the folder" },
		{ { { "/a/*", "deep", NULL, 0 } }, "deeper than 8" },
		{ { { "/a", "large", NULL, 0 } }, "larger than 65536 bytes" },
		{ { { "/a/*", "has-large", NULL, 0 } }, "has-large/large\" is larger than 65536 bytes" },
	};
	static const struct rule twice[] = {
		{ "/a", "robots.txt", NULL, 0 },
		{ "/%61", "robots.txt", NULL, 0 },
		{ NULL, NULL, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_fault(rows[i].rule, 1, rows[i].part);
	check_fault(twice, 2, "already a path of this site, in line 1");
}

/* One file too many, one byte too many. */
static void test_limits(void **state)
{
	static const struct rule many[] = { { "/a/*", "many", NULL, 0 }, { NULL, NULL, NULL, 0 } };
	static const struct rule heavy[] = { { "/a/*", "heavy", NULL, 0 }, { NULL, NULL, NULL, 0 } };
	char *large = mem_alloc(REDIRECT_FILE_MAX + 1), name[64];

	(void)state;
	put_folder("many");
	for (unsigned i = 0; i < REDIRECT_FILES_COUNT_MAX; i++) {
		snprintf(name, sizeof name, "many/%u", i);
		put(name, "x");
	}
	struct redirect_files *files = made(many);
	assert_int_equal(redirect_files_count(files), REDIRECT_FILES_COUNT_MAX);
	redirect_files_free(files);
	put("many/more", "x");
	check_fault(many, 1, "more than 10000 entries");

	put_folder("heavy");
	memset(large, 'x', REDIRECT_FILE_MAX);
	for (unsigned i = 0; i < REDIRECT_FILES_MAX / REDIRECT_FILE_MAX; i++) {
		snprintf(name, sizeof name, "heavy/%u", i);
		put(name, large);
	}
	files = made(heavy);
	assert_int_equal(redirect_files_count(files), 256);
	redirect_files_free(files);
	put("heavy/more", "x");
	check_fault(heavy, 1, "over the limit of 10000 files and 16777216 bytes");
	mem_free(large);
}

static int set_up(void **state)
{
	static char large[REDIRECT_FILE_MAX + 2];
	char deep[128] = "deep";

	(void)state;
	assert_non_null(mkdtemp(top));
	memset(large, 'x', sizeof large - 1);
	put("robots.txt", "robots");
	put("empty", "");
	put("large", large);
	put_folder("has-large");
	put("has-large/large", large);
	put_folder("acme");
	put("acme/token-1_x", "token");
	put("acme/special", "hidden behind the exact one");
	put("acme/.hidden", "never");
	put_folder("acme/.hidden-folder");
	put("acme/.hidden-folder/in", "never");
	put_folder("acme/sub");
	put("acme/sub/in", "in sub");
	put_folder("acme/sub/deep");
	put("acme/sub/deep/x", "deep");
	put("acme/a+b %#.txt", "strange");
	put("acme/\xc3\xa4", "umlaut");
	assert_int_equal(symlink("token-1_x", at_top("acme/inside")), 0);
	assert_int_equal(symlink("nowhere", at_top("acme/dangling")), 0);
	assert_int_equal(mkfifo(at_top("acme/pipe"), 0600), 0);
	put_folder("other");
	put("other/y", "other");
	put_folder("leads-out");
	assert_int_equal(symlink("/etc/passwd", at_top("leads-out/x")), 0);
	put_folder("leads-up");
	assert_int_equal(symlink("../robots.txt", at_top("leads-up/x")), 0);
	put_folder(deep);
	for (unsigned i = 0; i < 9; i++) {
		strcat(deep, "/d");
		put_folder(deep);
	}
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),   cmocka_unit_test(test_fields), cmocka_unit_test(test_types),
		cmocka_unit_test(test_faults), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
