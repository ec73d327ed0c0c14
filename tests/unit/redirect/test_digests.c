/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "redirect/digests.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "BbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbB"
#define C512 A B

static char path[] = "/tmp/test_digests.XXXXXX";

static int make(const void *bytes, size_t len, struct redirect_digests **ret, struct err_note *note)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return redirect_digests_new(path, ret, note);
}

/* "aa" or "bb 12", the first byte of the digest and the size; "-" for none. */
static const char *found(const struct redirect_digests *digests, const char *url_path)
{
	static char text[64];
	const struct redirect_digest *digest = redirect_digests_find(digests, span_string(url_path));

	if (digest == NULL)
		return "-";
	snprintf(text, sizeof text, digest->has_size ? "%02x %llu" : "%02x", digest->sha256[0],
		 (unsigned long long)digest->size);
	for (size_t i = 1; i < sizeof digest->sha256; i++)
		assert_int_equal(digest->sha256[i], digest->sha256[0]);
	return text;
}

static void test_formats(void **state)
{
	static const struct {
		const char *list, *url_path, *expected;
		size_t count;
	} rows[] = {
		{ A "  a.iso\n", "/a.iso", "aa", 1 },
		{ A "  a.iso", "/a.iso", "aa", 1 },
		{ A " *a.iso\r\n", "/a.iso", "aa", 1 },
		{ A "  a.iso\n", "a.iso", "aa", 1 },
		{ A "  a.iso\n", "///a.iso", "aa", 1 },
		{ A "  a.iso\n", "/%61%2eiso", "aa", 1 },
		{ A "  a.iso\n", "/a.iso/", "-", 1 },
		{ A "  a.iso\n", "/a.is", "-", 1 },
		{ A "  a.iso\n", "/", "-", 1 },
		{ A "  a.iso\n", "", "-", 1 },
		{ A "  ./a.iso\n", "/a.iso", "aa", 1 },
		{ A "  ././/a.iso\n", "/a.iso", "aa", 1 },
		{ A "  /pool/a.iso\n", "/pool/a.iso", "aa", 1 },
		{ A "  ../a.iso\n", "/a.iso", "-", 1 },
		{ A "  .hidden\n", "/.hidden", "aa", 1 },
		{ A "  a b.iso\n", "/a%20b.iso", "aa", 1 },
		{ A "   b.iso\n", "/%20b.iso", "aa", 1 },
		{ A "  100%.iso\n", "/100%25.iso", "aa", 1 },
		{ A "  \xc3\xa4.iso\n", "/%C3%a4.iso", "aa", 1 },
		{ A "  d/e.iso\n", "/d%2Fe.iso", "aa", 1 },
		{ "\\" A "  a\\nb\\\\c\\rd\n", "/a%0ab%5cc%0dd", "aa", 1 },
		{ A "  a\\nb\n", "/a%5cnb", "aa", 1 },
		{ B "  b.iso\n", "/b.iso", "bb", 1 },
		{ "# made by us\n\n" A "  a.iso\n\r\n" B "  b.iso\n", "/b.iso", "bb", 2 },
		{ "SHA256 (a.iso) = " A "\n", "/a.iso", "aa", 1 },
		{ "SHA256(a.iso)= " A "\n", "/a.iso", "aa", 1 },
		{ "SHA2-256(a.iso)= " A "\n", "/a.iso", "aa", 1 },
		{ "SHA256 (./a.iso) = " A "\n", "/a.iso", "aa", 1 },
		{ "SHA256 (a (1).iso) = " A "\n", "/a%20(1).iso", "aa", 1 },
		{ "SHA256 (a) = b) = " A "\n", "/a)%20=%20b", "aa", 1 },
		{ "\\SHA256 (a\\nb) = " A "\n", "/a%0Ab", "aa", 1 },
		{ "SHA256 (a) = " A "\nSIZE (a) = 12\n", "/a", "aa 12", 1 },
		{ "SIZE (a) = 0\nSHA256 (a) = " A "\n", "/a", "aa 0", 1 },
		{ "SIZE (b) = 3\nSHA256 (a) = " A "\n", "/b", "-", 1 },
		{ "SIZE (a) = 18446744073709551615\n" A "  a\n", "/a", "aa 18446744073709551615", 1 },
		{ "SHA512 (a) = " C512 "\n" A "  a\n", "/a", "aa", 1 },
		{ C512 "  b\n" A "  a\n", "/b", "-", 1 },
		{ "MD5 (a) = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" A "  a\n", "/a", "aa", 1 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  b\n" A "  a\n", "/b", "-", 1 },
		{ A "  a\n" A "  ./a\n", "/a", "aa", 1 },
		{ "", "/a", "-", 0 },
		{ "# nothing yet\n\n", "/a", "-", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct redirect_digests *digests = NULL;
		struct err_note note = { 0 };

		if (make(rows[i].list, strlen(rows[i].list), &digests, &note) != 0)
			fail_msg("row %zu: %u: %s", i, note.line, note.text);
		if (strcmp(found(digests, rows[i].url_path), rows[i].expected) != 0)
			fail_msg("row %zu: %s, expected %s", i, found(digests, rows[i].url_path), rows[i].expected);
		assert_int_equal(redirect_digests_count(digests), rows[i].count);
		redirect_digests_free(digests);
	}
}

static void test_faults(void **state)
{
	static const struct {
		const char *list;
		unsigned line;
		const char *part;
	} rows[] = {
		{ "hello\n", 1, "no checksum" },
		{ A "  a\nhello world\n", 2, "no checksum" },
		{ A "\n", 1, "no checksum" },
		{ A "  \n", 1, "no checksum" },
		{ A " a\n", 1, "no checksum" },
		{ A "a  b\n", 1, "no checksum" },
		{ A "  ./\n", 1, "without a path" },
		{ "SHA256 () = " A "\n", 1, "without a path" },
		{ "SHA256 (a) = 12\n", 1, "64 hex digits" },
		{ "SHA256 (a) = " A "0\n", 1, "64 hex digits" },
		{ "SHA256 (a) =\n", 1, "64 hex digits" },
		{ "SHA256 (a = " A "\n", 1, "no checksum" },
		{ "SHA512 (a) = xyz\n", 1, "no checksum" },
		{ "(a) = " A "\n", 1, "no checksum" },
		{ "SIZE (a) = 12k\n", 1, "number of bytes" },
		{ "SIZE (a) = \n" A "  a\n", 1, "number of bytes" },
		{ "SIZE (a) = 18446744073709551616\n", 1, "number of bytes" },
		{ A "  a\n" B "  a\n", 2, "another digest" },
		{ A "  a\n\n" B "  ./a\n", 3, "another digest" },
		{ "SIZE (a) = 1\nSIZE (a) = 2\n", 2, "another size" },
		{ "\\" A "  a\\tb\n", 1, "stands before" },
		{ "\\" A "  a\\\n", 1, "stands before" },
		{ "\\\n", 1, "no checksum" },
		{ C512 "  a\n" C512 "  b\n", 0, "2 lines of other kinds" },
		{ "SIZE (a) = 1\n", 0, "no SHA-256" },
		{ "-----BEGIN PGP SIGNED MESSAGE-----\n", 1, "no checksum" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct redirect_digests *digests = NULL;
		struct err_note note = { 0 };

		assert_true(make(rows[i].list, strlen(rows[i].list), &digests, &note) < 0);
		assert_null(digests);
		assert_string_equal(note.file, path);
		if (note.line != rows[i].line || strstr(note.text, rows[i].part) == NULL)
			fail_msg("row %zu: %u: %s", i, note.line, note.text);
	}
}

static void test_nul_and_missing(void **state)
{
	static const char nul[] = A "  a\0b\n";
	struct redirect_digests *digests = NULL;
	struct err_note note = { 0 };

	(void)state;
	assert_int_equal(make(nul, sizeof nul - 1, &digests, &note), ERR_SYNTAX);
	assert_true(redirect_digests_new("/nonexistent/SHA256SUMS", &digests, &note) < 0);
	assert_string_equal(note.file, "/nonexistent/SHA256SUMS");
	assert_non_null(strstr(note.text, "No such file"));
	assert_null(redirect_digests_find(NULL, SPAN_TEXT("/a")));
	assert_int_equal(redirect_digests_count(NULL), 0);
	redirect_digests_free(NULL);
}

/* Every path is found and no other; a path beyond the limit, a line beyond it. */
static void test_many(void **state)
{
	enum { MANY = 50000, LIMIT = 1000000 };
	struct redirect_digests *digests = NULL;
	struct err_note note = { 0 };
	char *list = mem_alloc((LIMIT + 1) * 80), url_path[32];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		len += (size_t)sprintf(list + len, A "  pool/%u.deb\n", i);
	assert_int_equal(make(list, len, &digests, &note), 0);
	assert_int_equal(redirect_digests_count(digests), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		sprintf(url_path, "/pool/%u%%2edeb", i);
		assert_string_equal(found(digests, url_path), "aa");
		sprintf(url_path, "/pool/%u.debx", i);
		assert_string_equal(found(digests, url_path), "-");
	}
	redirect_digests_free(digests);

	len = 0;
	for (unsigned i = 0; i <= LIMIT; i++)
		len += (size_t)sprintf(list + len, "SIZE (%u) = 1\n", i % 10);
	assert_int_equal(make(list, len, &digests, &note), ERR_LIMIT);
	assert_int_equal(note.line, LIMIT + 1);

	memset(list, 'p', 5000);
	memcpy(list, A "  ", 66);
	assert_int_equal(make(list, 66 + 4097, &digests, &note), ERR_LIMIT);
	assert_int_equal(make(list, 66 + 4096, &digests, &note), 0);
	redirect_digests_free(digests);
	mem_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_nul_and_missing),
		cmocka_unit_test(test_many),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
