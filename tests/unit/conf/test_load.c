/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/base/file.h"

static void expect_load(const char *path, int wanted_err, const char *wanted)
{
	struct err_list errors = { 0 };
	struct conf *untouched = (struct conf *)&errors, *conf = untouched;
	int err = conf_load(path, &conf, &errors);
	char *told = faults_text(&errors);

	assert_string_equal(told, wanted);
	assert_int_equal(err, wanted_err);
	if (err == 0)
		conf_free(conf);
	else
		assert_ptr_equal(conf, untouched);
	mem_free(told);
	err_list_fini(&errors);
}

static void test_example(void **state)
{
	struct err_list errors = { 0 };
	struct conf *conf = NULL;
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(conf_load(CATCHMENT_SOURCE_DIR "/conf/examples/catchment.yaml", &conf, &errors), 0);
	assert_int_equal(errors.count, 0);
	assert_string_equal(conf->node.name, "fra1");
	assert_int_equal(conf->zone_count, 1);
	assert_int_equal(file_read(conf->zones[0].file, 1 << 20, &bytes, &len), 0);
	mem_free(bytes);
	conf_free(conf);
}

static void test_files(void **state)
{
	char folder[] = "/tmp/conf_load.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	char *path = mem_format("%s/node.yaml", folder);

	expect_load(path, -ENOENT, "0: cannot be read: No such file or directory\n");
	expect_load(folder, -EISDIR, "0: cannot be read: Is a directory\n");
	assert_int_equal(file_replace(path, DNS, strlen(DNS), 0600), 0);
	expect_load(path, 0, "");
	assert_int_equal(file_replace(path, "a: ]", 4, 0600), 0);
	expect_load(path, ERR_SYNTAX,
		    "1: not YAML: did not find expected node content (while parsing a block node, line 1)\n");
	assert_int_equal(truncate(path, CONF_FILE_MAX + 1), 0);
	expect_load(path, ERR_LIMIT, "0: larger than 16777216 bytes\n");
	unlink(path);
	rmdir(folder);
	mem_free(path);
}

/* Only loading looks at the machine: a parsed text may name users of another. */
static void test_user(void **state)
{
	static const char unknown[] = DNS "user: no-such-user-here\n", known[] = DNS "user: root\n";
	char path[] = "/tmp/conf_load.XXXXXX";

	(void)state;
	close(mkstemp(path));
	assert_int_equal(file_replace(path, unknown, strlen(unknown), 0600), 0);
	expect_load(path, ERR_INVALID, "3: user: there is no user \"no-such-user-here\" on this machine\n");
	assert_int_equal(file_replace(path, known, strlen(known), 0600), 0);
	expect_load(path, 0, "");
	unlink(path);
	conf_free(expect_conf(unknown));
}

/* Faults of before neither fail a good configuration nor move. */
static void test_errors_of_before(void **state)
{
	struct err_list errors = { 0 };
	struct conf *conf = NULL;

	(void)state;
	err_list_add(&errors, "other", 9, "before");
	assert_int_equal(conf_parse("f", DNS, strlen(DNS), &conf, &errors), 0);
	conf_free(conf);
	assert_int_equal(conf_parse("f", "x: 1\ny: 1\n", 10, &conf, &errors), ERR_INVALID);
	assert_int_equal(errors.count, 5);
	assert_string_equal(errors.notes[0].text, "before");
	assert_int_equal(errors.notes[1].line, 1);
	assert_int_equal(errors.notes[3].line, 2);
	assert_int_equal(errors.notes[4].line, 0);
	err_list_fini(&errors);
}

static void test_names_in_place(void **state)
{
	struct err_list errors = { 0 };
	struct conf *conf = NULL;
	static const char yaml[] = DNS "zones: [{name: a, file: z}]\nstate-dir: s\n";

	(void)state;
	assert_int_equal(conf_parse("node.yaml", yaml, strlen(yaml), &conf, &errors), 0);
	assert_string_equal(conf->zones[0].file, "z");
	assert_string_equal(conf->state_dir, "s");
	conf_free(conf);
	assert_int_equal(conf_parse("/node.yaml", yaml, strlen(yaml), &conf, &errors), 0);
	assert_string_equal(conf->zones[0].file, "/z");
	conf_free(conf);
	conf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),        cmocka_unit_test(test_files),
		cmocka_unit_test(test_user),           cmocka_unit_test(test_errors_of_before),
		cmocka_unit_test(test_names_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
