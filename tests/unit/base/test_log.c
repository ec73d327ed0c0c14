/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/err.h"
#include "conf/base/log.h"

#define SECOND 1000000000ull

/* What is logged between start() and said() stands in text, without its time stamps. */
static char text[8192];
static int saved = -1, file = -1;

static void start(void)
{
	char path[] = "/tmp/log.XXXXXX";

	file = mkstemp(path);
	assert_true(file >= 0);
	unlink(path);
	saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static const char *said(void)
{
	static char raw[sizeof text];
	char *out = text;

	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t len = pread(file, raw, sizeof raw - 1, 0);
	close(file);
	assert_true(len >= 0);
	raw[len] = '\0';
	for (char *line = raw, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char *rest = strchr(line, ' ');

		assert_true(rest != NULL && rest - line == 20 && line[10] == 'T' && rest[-1] == 'Z');
		memcpy(out, rest + 1, (size_t)(end - rest));
		out += end - rest;
	}
	*out = '\0';
	return text;
}

static void test_level_names(void **state)
{
	static const struct {
		const char *name;
		enum log_level level;
	} cases[] = { { "error", LOG_LEVEL_ERROR },
		      { "warn", LOG_LEVEL_WARN },
		      { "warning", LOG_LEVEL_WARN },
		      { "info", LOG_LEVEL_INFO },
		      { "debug", LOG_LEVEL_DEBUG } };
	enum log_level level = LOG_LEVEL_DEBUG;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(log_level_parse(cases[i].name, &level), 0);
		assert_int_equal(level, cases[i].level);
		assert_memory_equal(log_level_name(level), cases[i].name, 4);
	}
	assert_int_equal(log_level_parse("Error", &level), ERR_UNKNOWN);
	assert_int_equal(log_level_parse("", &level), ERR_UNKNOWN);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void test_levels(void **state)
{
	(void)state;
	start();
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_WARN);
	log_error("zone %s: %d", "a", 1);
	log_warn("two");
	log_info("three");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("four");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("five");
	assert_string_equal(said(), "error: zone a: 1\nwarn: two\ndebug: four\n");
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
}

/* A peer's bytes neither begin a line of their own nor talk to the terminal. */
static void test_lines(void **state)
{
	static char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	start();
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_info("a\nerror: forged\r\x1b[2J\x7f");
	log_info("%s", longer);
	static const char first[] = "info: a?error: forged??[2J?\ninfo: xxx";
	assert_memory_equal(said(), first, sizeof first - 1);
	assert_int_equal(strlen(strchr(text, '\n') + 1), strlen("info: ") + 1023 + 1);
}

static void test_gate(void **state)
{
	struct log_gate gate = { 0 }, other = { 0 };

	(void)state;
	start();
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	for (int i = 0; i < LOG_GATE_BURST + 3; i++)
		log_limited(&gate, 5 * SECOND + (uint64_t)i, LOG_LEVEL_INFO, "line %d", i);
	log_limited(&other, 5 * SECOND, LOG_LEVEL_INFO, "other");
	log_limited(&gate, 6 * SECOND - 1, LOG_LEVEL_INFO, "still held");
	log_limited(&gate, 6 * SECOND, LOG_LEVEL_INFO, "again");
	log_limited(&gate, 9 * SECOND, LOG_LEVEL_INFO, "later");
	assert_string_equal(said(),
			    "info: line 0\ninfo: line 1\ninfo: line 2\ninfo: line 3\ninfo: line 4\ninfo: other\n"
			    "info: log: 4 lines like the next were held back\ninfo: again\ninfo: later\n");
}

/* The first second of a machine's life is a second like any other, and lines below the level cost no place. */
static void test_gate_edges(void **state)
{
	struct log_gate gate = { 0 };

	(void)state;
	start();
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_WARN);
	for (int i = 0; i < 2 * LOG_GATE_BURST; i++)
		log_limited(&gate, 0, LOG_LEVEL_DEBUG, "quiet");
	for (int i = 0; i < LOG_GATE_BURST + 1; i++)
		log_limited(&gate, 0, LOG_LEVEL_WARN, "w");
	log_limited(&gate, SECOND, LOG_LEVEL_DEBUG, "quiet");
	log_limited(&gate, SECOND, LOG_LEVEL_ERROR, "e");
	assert_string_equal(said(), "warn: w\nwarn: w\nwarn: w\nwarn: w\nwarn: w\n"
				    "error: log: 1 lines like the next were held back\nerror: e\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level_names), cmocka_unit_test(test_levels),     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_gate),        cmocka_unit_test(test_gate_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
