/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of conf/: a configuration in, its faults out as lines of text. Each test program includes it once. */
#ifndef TESTS_UNIT_CONF_FAULTS_H
#define TESTS_UNIT_CONF_FAULTS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "conf/conf.h"

/* What a configuration needs so that a test can look at one other thing. */
#define NODE "node: {name: n1, region: eu}\n"
#define DNS NODE "dns: {listen: [127.0.0.1@53]}\n"
#define HTTP NODE "redirect: {listen: [127.0.0.1@80]}\n"

/* "LINE: TEXT\n" for each; the caller's. */
static inline char *faults_text(const struct err_list *errors)
{
	char *all = mem_string("");

	for (size_t i = 0; i < errors->kept; i++) {
		char *more = mem_format("%s%u: %s\n", all, errors->notes[i].line, errors->notes[i].text);

		mem_free(all);
		all = more;
	}
	return all;
}

static inline void expect_faults(const char *yaml, const char *expected)
{
	struct err_list errors = { 0 };
	struct conf *untouched = (struct conf *)&errors, *conf = untouched;
	int err = conf_parse("dir/node.yaml", yaml, strlen(yaml), &conf, &errors);
	char *told = faults_text(&errors);

	if (strcmp(told, expected) != 0)
		print_error("of:\n%s\n", yaml);
	assert_string_equal(told, expected);
	assert_true(err < 0);
	assert_ptr_equal(conf, untouched);
	for (size_t i = 0; i < errors.kept; i++)
		assert_string_equal(errors.notes[i].file, "dir/node.yaml");
	mem_free(told);
	err_list_fini(&errors);
}

/* The caller's, by conf_free(). */
static inline struct conf *expect_conf(const char *yaml)
{
	struct err_list errors = { 0 };
	struct conf *conf = NULL;
	int err = conf_parse("dir/node.yaml", yaml, strlen(yaml), &conf, &errors);
	char *told = faults_text(&errors);

	assert_string_equal(told, "");
	assert_int_equal(err, 0);
	assert_non_null(conf);
	mem_free(told);
	err_list_fini(&errors);
	return conf;
}

struct fault_case {
	const char *yaml, *faults;
};

static inline void expect_all(const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_faults(cases[i].yaml, cases[i].faults);
}

#define EXPECT_ALL(cases) expect_all(cases, sizeof(cases) / sizeof *(cases))

#endif
