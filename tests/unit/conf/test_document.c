/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/document.h"

static void expect(const char *text, size_t len, int wanted_err, const char *wanted)
{
	struct err_list errors = { 0 };
	yaml_document_t document;
	int err = conf_document_load("f", text, len, &document, &errors);
	char *told = faults_text(&errors);

	assert_string_equal(told, wanted);
	assert_int_equal(err, wanted_err);
	if (err == 0)
		yaml_document_delete(&document);
	mem_free(told);
	err_list_fini(&errors);
}

static void test_text(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{ "a: 1", "" },
		{ "a: 1\r\nb: [2]\r\n", "" },
		{ "%YAML 1.1\n---\na: 1\n...\n", "" },
		{ "\xef\xbb\xbf"
		  "a: 1",
		  "" },
		{ "a: &x 1\n", "" },
		{ "", "0: the file is empty\n" },
		{ "# only a comment\n", "0: the file is empty\n" },
		{ "a: [1\nb: 2",
		  "2: not YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1)\n" },
		{ "\n\ta: 1",
		  "2: not YAML: a tab: lines are indented with blanks\n" },
		{ "a: 1\nb: @c", "2: not YAML: found character that cannot start any token (while scanning for the next token,"
				" line 2)\n" },
		{ "a: 1\n\x01", "2: not YAML text: control characters are not allowed (byte 5)\n" },
		{ "a: 1\nb: \xff", "2: not YAML text: invalid leading UTF-8 octet (byte 8)\n" },
		{ "a: &x [1]\nb: *x\nc: *x\n", "2: the alias *x: aliases are not taken here; write the value out\n"
					       "3: the alias *x: aliases are not taken here; write the value out\n" },
		{ "*x", "1: the alias *x: aliases are not taken here; write the value out\n" },
		{ "a: !!int 1\nb: !mine {}\nc: ! [1]", "1: the tag tag:yaml.org,2002:int: tags are not taken here\n"
						       "2: the tag !mine: tags are not taken here\n"
						       "3: the tag !: tags are not taken here\n" },
		{ "a: 1\n---\nb: *x\n", "2: a second document: one file is one configuration\n" },
		{ "a: &x 1\nb: &x 2\n",
		  "2: not YAML: second occurrence (found duplicate anchor; first occurrence, line 1)\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(cases[i].text, strlen(cases[i].text), cases[i].faults[0] ? ERR_SYNTAX : 0, cases[i].faults);
}

static void test_nul(void **state)
{
	(void)state;
	expect("a: 1\nb: \0", 9, ERR_SYNTAX, "2: a NUL byte: this is not a text file\n");
	expect(NULL, 0, ERR_SYNTAX, "0: the file is empty\n");
}

static void test_depth(void **state)
{
	char text[3 * CONF_DEPTH_MAX];

	(void)state;
	memset(text, '[', CONF_DEPTH_MAX);
	memset(text + CONF_DEPTH_MAX, ']', CONF_DEPTH_MAX);
	expect(text, 2 * CONF_DEPTH_MAX, 0, "");
	memset(text, '[', CONF_DEPTH_MAX + 1);
	memset(text + CONF_DEPTH_MAX + 1, ']', CONF_DEPTH_MAX + 1);
	expect(text, 2 * CONF_DEPTH_MAX + 2, ERR_LIMIT, "1: mappings and lists more than 32 deep\n");
	memset(text, '[', sizeof text);
	expect(text, sizeof text, ERR_LIMIT, "1: mappings and lists more than 32 deep\n");
}

static void test_size(void **state)
{
	size_t len = CONF_FILE_MAX + 1;
	char *text = mem_alloc(len);

	(void)state;
	memset(text, ' ', len);
	expect(text, len, ERR_LIMIT, "0: larger than 16777216 bytes\n");
	for (size_t i = 0; i < 2 * CONF_NODES_MAX + 2; i += 2)
		memcpy(text + i, i ? "1," : "[\n", 2);
	expect(text, 2 * CONF_NODES_MAX + 2, ERR_LIMIT, "2: more than 1048576 keys and values in one file\n");
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
