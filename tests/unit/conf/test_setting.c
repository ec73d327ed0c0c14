/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/base/file.h"
#include "conf/schema.h"
#include "conf/setting.h"
#include "conf/value.h"

static void test_describe(void **state)
{
	static const struct {
		const char *key, *text;
	} cases[] = {
		{ "node", "Takes a mapping; required." },
		{ "node.name", "Takes 1 to 255 printable ASCII characters; required." },
		{ "node.region", "Takes 0 to 255 printable ASCII characters; default \"\"." },
		{ "workers", "Takes auto or a number from 1 to 256; default auto. A change needs a restart." },
		{ "log.level", "Takes error, warn, info or debug; default info." },
		{ "dns.listen", "Takes a list, each ADDRESS@PORT (or ADDRESS, for port 53); at most 256; required."
				" A change needs a restart." },
		{ "dns.tcp-io-timeout", "Takes a duration (ms, s, m, h, d) from 10ms to 1h; default 500ms." },
		{ "sync.max-zone-size", "Takes a size (bytes, K, M, G) from 64K to 1024G; default 1G." },
		{ "zones", "Takes a list, each a mapping." },
		{ "sites[].status", "Takes 302, 303 or 307; default 302." },
		{ "sites[].mirrors", "Takes a list, each a mapping; at most 64." },
		{ "sites[].targets[].check.status", "Takes a list, each a number from 100 to 599." },
		{ "zones[].primaries", "Takes a list, each a mapping; at most 16. Not available in this version." },
	};
	char buf[CONF_DESCRIBE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct conf_setting *row = conf_setting_find(cases[i].key, NULL);

		assert_non_null(row);
		assert_string_equal(conf_setting_describe(row, buf), cases[i].text);
		assert_true(conf_setting_find(cases[i].key, conf_settings) == row);
		assert_true(conf_setting_find(cases[i].key, row) == row);
	}
	assert_null(conf_setting_find("dns.listens", NULL));
	assert_null(conf_setting_find("node", conf_settings + 1));
}

/* Each default must be a value, and each row complete: the table is the only place that says so. */
static void test_rows(void **state)
{
	char buf[CONF_DESCRIBE_MAX];

	(void)state;
	for (size_t i = 0; i < conf_setting_count; i++) {
		const struct conf_setting *row = &conf_settings[i];

		assert_true(row->help != NULL && row->help[strlen(row->help) - 1] == '.');
		assert_true(strlen(conf_setting_describe(row, buf)) < sizeof buf - 1);
		if (row->fallback != NULL)
			assert_null(conf_value_fault(row, row->fallback));
		assert_false(row->fallback != NULL && (row->flags & (CONF_REQUIRED | CONF_LIST)));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->key, conf_settings[j].key);
	}
}

/* Walks the schema in the order of the table: every key of one is a key of the other, of the same kind. */
static size_t walk(const cyaml_schema_value_t *schema, const char *key, size_t at)
{
	if (schema->type == CYAML_SEQUENCE) {
		char *entries = mem_format("%s[]", key);

		assert_true(conf_settings[at - 1].flags & CONF_LIST);
		at = walk(schema->sequence.entry, entries, at);
		mem_free(entries);
		return at;
	}
	if (schema->type != CYAML_MAPPING) {
		assert_int_equal(schema->type, CYAML_STRING);
		assert_int_not_equal(conf_settings[at - 1].type, CONF_GROUP);
		return at;
	}
	if (at > 0)
		assert_int_equal(conf_settings[at - 1].type, CONF_GROUP);
	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key != NULL; field++) {
		char *inner = mem_format("%s%s%s", key, key[0] ? "." : "", field->key);

		assert_true(at < conf_setting_count);
		assert_string_equal(inner, conf_settings[at].key);
		if (field->value.type != CYAML_SEQUENCE)
			assert_false(conf_settings[at].flags & CONF_LIST);
		at = walk(&field->value, inner, at + 1);
		mem_free(inner);
	}
	return at;
}

static void test_schema_has_the_same_keys(void **state)
{
	(void)state;
	assert_int_equal(walk(&conf_schema, "", 0), conf_setting_count);
}

/* Text of a manual block on one line, the one escape it uses undone. */
static char *flatten(const char *from, const char *to)
{
	char *flat = mem_alloc((size_t)(to - from) + 2), *at = flat;

	for (; from < to; from++) {
		if (strncmp(from, "\\(dq", 4) == 0) {
			*at++ = '"';
			from += 3;
		} else {
			*at++ = *from == '\n' ? ' ' : *from;
		}
	}
	return flat;
}

static void test_manual_states_every_key(void **state)
{
	static const char item[] = "\n.It Ic ";
	uint8_t *bytes;
	size_t len, found = 0;

	(void)state;
	assert_int_equal(file_read(CATCHMENT_SOURCE_DIR "/docs/man/catchment.conf.5", 1 << 20, &bytes, &len), 0);
	for (const char *at = strstr((char *)bytes, item); at != NULL; found++) {
		const char *key = at + sizeof item - 1, *end = strchr(key, '\n'), *next = strstr(end, item);
		const char *block_end = strstr(end, "\n.El");
		char text[CONF_DESCRIBE_MAX], *name = flatten(key, end);

		if (next != NULL && next < block_end)
			block_end = next;
		assert_true(found < conf_setting_count);
		assert_string_equal(name, conf_settings[found].key);

		char *block = flatten(end, block_end);
		if (strstr(block, conf_setting_describe(&conf_settings[found], text)) == NULL)
			fail_msg("the manual says of %s: %s\nexpected: %s", name, block, text);
		mem_free(block);
		mem_free(name);
		at = next;
	}
	assert_int_equal(found, conf_setting_count);
	mem_free(bytes);
}

static void test_print_keys(void **state)
{
	char *text = NULL;
	size_t len = 0, lines = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	conf_print_keys(out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 3 * conf_setting_count);
	assert_non_null(strstr(text, "\ndns.udp-max-payload\n\tBytes of the largest UDP answer, told in EDNS.\n"
				     "\tTakes a number from 512 to 4096; default 1232.\n"));
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_schema_has_the_same_keys),
		cmocka_unit_test(test_manual_states_every_key),
		cmocka_unit_test(test_print_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
