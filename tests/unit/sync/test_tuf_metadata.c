/* SPDX-License-Identifier: Apache-2.0 */
/* TUF 1.0.34, section 4: the form of each file, and what is said of one that has another. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_metadata.h"

#define HEAD(type) "\"_type\":\"" type "\",\"spec_version\":\"1.0.34\",\"version\":1,\"expires\":\"2030-01-01T00:00:00Z\""
#define ENVELOPE(body) "{\"signed\":{" body "},\"signatures\":[]}"
#define SHA "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
#define KEY "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}"
#define ROLE "{\"keyids\":[\"k\"],\"threshold\":1}"
#define ROLES "\"root\":" ROLE ",\"timestamp\":" ROLE ",\"snapshot\":" ROLE ",\"targets\":" ROLE
#define ROOT(more) ENVELOPE(HEAD("root") more)
#define TIMESTAMP(entry) ENVELOPE(HEAD("timestamp") ",\"meta\":{\"snapshot.json\":" entry "}")
#define SNAPSHOT(meta) ENVELOPE(HEAD("snapshot") ",\"meta\":" meta)
#define TARGETS(more) ENVELOPE(HEAD("targets") more)
#define DELEGATED(more) "{\"name\":\"r\",\"keyids\":[],\"threshold\":1" more "}"
#define DELEGATIONS(roles) TARGETS(",\"targets\":{},\"delegations\":{\"keys\":{},\"roles\":" roles "}")
#define BINS(more) TARGETS(",\"targets\":{},\"delegations\":{\"keys\":{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1" \
			   more "}}")

struct form_case {
	const char *text, *said;	/* NULL: well-formed */
};

static void expect(enum tuf_kind kind, const struct form_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tuf_metadata *metadata = NULL;
		struct err_note note = { 0 };
		int err = tuf_metadata_read(kind, span_string(cases[i].text), &metadata, &note);

		if ((err == 0) != (metadata != NULL) || (err == 0) != (cases[i].said == NULL)
		    || (err != 0 && strcmp(note.text, cases[i].said) != 0))
			fail_msg("%s\nsaid: %s", cases[i].text, note.text);
		tuf_metadata_free(metadata);
	}
}

static void test_root(void **state)
{
	static const struct form_case cases[] = {
		{ ROOT(",\"consistent_snapshot\":true,\"keys\":{\"k\":" KEY "},\"roles\":{" ROLES "}"), NULL },
		{ ROOT(",\"keys\":{},\"roles\":{" ROLES "}"), NULL },
		{ ROOT(",\"keys\":{},\"roles\":{" ROLES ",\"mirrors\":7}"), NULL },
		{ ROOT(",\"consistent_snapshot\":1,\"keys\":{},\"roles\":{" ROLES "}"),
		  "\"consistent_snapshot\" is neither true nor false" },
		{ ROOT(",\"roles\":{" ROLES "}"), "\"keys\" is not an object" },
		{ ROOT(",\"keys\":[],\"roles\":{" ROLES "}"), "\"keys\" is not an object" },
		{ ROOT(",\"keys\":{\"k\":1},\"roles\":{" ROLES "}"), "key k lacks \"keytype\", \"scheme\" or \"keyval\"" },
		{ ROOT(",\"keys\":{\"k\":{\"keytype\":\"a\",\"scheme\":\"b\"}},\"roles\":{" ROLES "}"),
		  "key k lacks \"keytype\", \"scheme\" or \"keyval\"" },
		{ ROOT(",\"keys\":{\"k\":{\"keytype\":\"a\",\"scheme\":\"b\",\"keyval\":{}}},\"roles\":{" ROLES "}"), NULL },
		{ ROOT(",\"keys\":{}"), "no role root" },
		{ ROOT(",\"keys\":{},\"roles\":{\"root\":" ROLE "}"), "no role timestamp" },
		{ ROOT(",\"keys\":{},\"roles\":{\"root\":{\"threshold\":1}}"), "\"keyids\" of role root is not a list of text" },
		{ ROOT(",\"keys\":{},\"roles\":{\"root\":{\"keyids\":[1],\"threshold\":1}}"),
		  "\"keyids\" of role root is not a list of text" },
		{ ROOT(",\"keys\":{},\"roles\":{\"root\":{\"keyids\":[],\"threshold\":0}}"),
		  "\"threshold\" of role root is not a number from 1 on" },
		{ ROOT(",\"keys\":{},\"roles\":{\"root\":{\"keyids\":[]}}"), "\"threshold\" of role root is not a number from 1 on" },
	};

	(void)state;
	expect(TUF_ROOT, cases, COUNT(cases));
}

static void test_timestamp(void **state)
{
	static const struct form_case cases[] = {
		{ TIMESTAMP("{\"version\":1}"), NULL },
		{ TIMESTAMP("{\"version\":1,\"length\":1,\"hashes\":{" SHA "}}"), NULL },
		{ TIMESTAMP("{\"version\":1,\"hashes\":{" SHA ",\"md5\":\"00\"}}"), NULL },
		{ TIMESTAMP("{\"version\":1,\"more\":{}}"), NULL },
		{ ENVELOPE(HEAD("timestamp")), "what is listed of snapshot.json is not an object" },
		{ TIMESTAMP("{}"), "\"version\" of snapshot.json is not a number from 1 on" },
		{ TIMESTAMP("{\"version\":0}"), "\"version\" of snapshot.json is not a number from 1 on" },
		{ TIMESTAMP("{\"version\":1,\"length\":0}"), "\"length\" of snapshot.json is not a size" },
		{ TIMESTAMP("{\"version\":1,\"length\":\"1\"}"), "\"length\" of snapshot.json is not a size" },
		{ TIMESTAMP("{\"version\":1,\"hashes\":{}}"), "\"hashes\" of snapshot.json is not an object with one at least" },
		{ TIMESTAMP("{\"version\":1,\"hashes\":{\"sha256\":\"00\"}}"), "the sha256 of snapshot.json is not one" },
		{ TIMESTAMP("{\"version\":1,\"hashes\":{\"md5\":1}}"), "the md5 of snapshot.json is not one" },
		{ TIMESTAMP("{\"version\":1,\"hashes\":{\"md5\":\"00\"}}"),
		  "no hash of snapshot.json is of a kind known here (sha256, sha384, sha512)" },
		{ ENVELOPE(HEAD("snapshot") ",\"meta\":{}"), "\"_type\" is snapshot" },
		{ ENVELOPE(""), "\"_type\" is not there" },
		{ "{\"signed\":{},\"signatures\":{}}", "\"signatures\" is not a list" },
		{ "{\"signed\":{}}", "\"signatures\" is not a list" },
		{ "{\"signatures\":[]}", "no \"signed\" object" },
		{ "{\"signed\":[],\"signatures\":[]}", "no \"signed\" object" },
		{ ENVELOPE(HEAD("timestamp") ",\"meta\":{\"snapshot.json\":{\"version\":1}},\"more\":0.5"),
		  "a number that is no integer" },
	};

	(void)state;
	expect(TUF_TIMESTAMP, cases, COUNT(cases));
}

static void test_snapshot(void **state)
{
	static const struct form_case cases[] = {
		{ SNAPSHOT("{}"), NULL },
		{ SNAPSHOT("{\"targets.json\":{\"version\":1},\"../x.json\":{\"version\":2}}"), NULL },
		{ SNAPSHOT("[]"), "\"meta\" is not an object" },
		{ SNAPSHOT("{\"a.json\":{\"version\":1},\"b.json\":{}}"), "\"version\" of b.json is not a number from 1 on" },
		{ SNAPSHOT("{\"a\\nb\":1}"), "what is listed of ? is not an object" },	/* nothing foreign reaches the log's lines */
	};
	struct tuf_metadata *metadata;
	struct err_note note;
	struct tuf_file file;

	(void)state;
	expect(TUF_SNAPSHOT, cases, COUNT(cases));
	assert_int_equal(tuf_metadata_read(TUF_SNAPSHOT, span_string(cases[1].text), &metadata, &note), 0);
	assert_int_equal(tuf_snapshot_file(metadata, "../x", &file), 0);
	assert_int_equal(file.version, 2);
	assert_int_equal(file.length, -1);
	assert_int_equal(tuf_snapshot_file(metadata, "x", &file), ERR_UNKNOWN);
	tuf_metadata_free(metadata);
}

static void test_targets(void **state)
{
	static const struct form_case cases[] = {
		{ TARGETS(",\"targets\":{}"), NULL },
		{ TARGETS(",\"targets\":{\"a/b\":{\"length\":0,\"hashes\":{" SHA "},\"custom\":{\"v\":1}}}"), NULL },
		{ TARGETS(""), "\"targets\" is not an object" },
		{ TARGETS(",\"targets\":{\"a\":{\"hashes\":{" SHA "}}}"), "\"length\" of a is not a size" },
		{ TARGETS(",\"targets\":{\"a\":{\"length\":-1,\"hashes\":{" SHA "}}}"), "\"length\" of a is not a size" },
		{ TARGETS(",\"targets\":{\"a\":{\"length\":1}}"), "\"hashes\" of a is not an object with one at least" },
		{ TARGETS(",\"targets\":{},\"delegations\":{}"), "\"keys\" is not an object" },
		{ TARGETS(",\"targets\":{},\"delegations\":{\"keys\":{}}"),
		  "\"delegations\": expected either \"roles\" or \"succinct_roles\"" },
		{ TARGETS(",\"targets\":{},\"delegations\":{\"keys\":{},\"roles\":[],\"succinct_roles\":{}}"),
		  "\"delegations\": expected either \"roles\" or \"succinct_roles\"" },
		{ DELEGATIONS("[]"), NULL },
		{ DELEGATIONS("{}"), "\"roles\" of \"delegations\" is not a list" },
		{ DELEGATIONS("[" DELEGATED(",\"paths\":[],\"terminating\":true") "]"), NULL },
		{ DELEGATIONS("[" DELEGATED(",\"path_hash_prefixes\":[\"0\"],\"terminating\":false") "]"), NULL },
		{ DELEGATIONS("[" DELEGATED(",\"terminating\":true") "]"),
		  "role r: expected either \"paths\" or \"path_hash_prefixes\"" },
		{ DELEGATIONS("[" DELEGATED(",\"paths\":[],\"path_hash_prefixes\":[],\"terminating\":true") "]"),
		  "role r: expected either \"paths\" or \"path_hash_prefixes\"" },
		{ DELEGATIONS("[" DELEGATED(",\"paths\":[1],\"terminating\":true") "]"), "role r: its paths are not a list of text" },
		{ DELEGATIONS("[" DELEGATED(",\"paths\":[]") "]"), "role r: \"terminating\" is neither true nor false" },
		{ DELEGATIONS("[" DELEGATED(",\"paths\":[],\"terminating\":true") "," DELEGATED(",\"paths\":[],\"terminating\":true") "]"),
		  "role r is delegated to twice" },
		{ DELEGATIONS("[7]"), "a delegated role without a name of its own" },
		{ DELEGATIONS("[{\"name\":\"snapshot\"}]"), "a delegated role without a name of its own" },
		{ BINS(",\"bit_length\":8,\"name_prefix\":\"b\""), NULL },
		{ BINS(",\"bit_length\":0,\"name_prefix\":\"b\""), "\"bit_length\" is not a number from 1 to 32" },
		{ BINS(",\"bit_length\":33,\"name_prefix\":\"b\""), "\"bit_length\" is not a number from 1 to 32" },
		{ BINS(",\"bit_length\":8"), "\"name_prefix\" is not text" },
	};
	struct tuf_metadata *metadata;
	struct err_note note;
	struct tuf_file file;
	int64_t number;

	(void)state;
	expect(TUF_TARGETS, cases, COUNT(cases));
	assert_int_equal(tuf_metadata_read(TUF_TARGETS, span_string(cases[1].text), &metadata, &note), 0);
	assert_int_equal(tuf_targets_file(metadata, "a/b", &file), 0);
	assert_int_equal(file.length, 0);
	assert_int_equal(file.hashes.count, 1);
	assert_int_equal(tuf_targets_file(metadata, "a", &file), ERR_UNKNOWN);
	assert_true(json_view_integer(json_view_member(tuf_targets_custom(metadata, "a/b"), "v"), &number));
	assert_null(tuf_targets_custom(metadata, "a"));
	tuf_metadata_free(metadata);
}

static void test_time(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;	/* -1: refused */
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "2026-01-01T00:00:00Z", 1767225600 }, { "2000-02-29T23:59:59Z", 951868799 },
		{ "2038-01-19T03:14:08Z", 2147483648 }, { "9999-12-31T23:59:59Z", 253402300799 },
		{ "2023-02-29T00:00:00Z", -1 }, { "1900-02-29T00:00:00Z", -1 }, { "2026-00-01T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 }, { "2026-04-31T00:00:00Z", -1 }, { "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 }, { "2026-01-01T00:60:00Z", -1 }, { "2026-01-01T00:00:60Z", -1 },
		{ "0000-01-01T00:00:00Z", -1 }, { "2026-01-01T00:00:00", -1 }, { "2026-01-01T00:00:00z", -1 },
		{ "2026-01-01t00:00:00Z", -1 }, { "2026-01-01 00:00:00Z", -1 }, { "2026-01-01T00:00:00+00:00", -1 },
		{ "2026-01-01T00:00:00.0Z", -1 }, { "+026-01-01T00:00:00Z", -1 }, { "2026-1-01T00:00:00Z", -1 },
		{ " 2026-01-01T00:00:00Z", -1 }, { "2026-01-01T00:00:00Z ", -1 }, { "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = -1;
		int err = tuf_time_parse(cases[i].text, &seconds);

		if (seconds != cases[i].seconds || err != (cases[i].seconds < 0 ? ERR_SYNTAX : 0))
			fail_msg("%s: %lld", cases[i].text, (long long)seconds);
	}
}

static void test_spec_versions(void **state)
{
	static const struct {
		const char *version;
		bool good;
	} cases[] = {
		{ "\"1.0\"", true }, { "\"1.0.34\"", true }, { "\"1.99.0\"", true }, { "\"1\"", false }, { "\"2.0\"", false },
		{ "\"1.0.0.0\"", false }, { "\"1.\"", false }, { "\"1..0\"", false }, { "\"1.0.\"", false }, { "\"1.a\"", false },
		{ "\"01.0\"", false }, { "\"\"", false }, { "1", false }, { "null", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = mem_format("{\"signed\":{\"_type\":\"snapshot\",\"spec_version\":%s,\"version\":1,\"expires\":"
					"\"2030-01-01T00:00:00Z\",\"meta\":{}},\"signatures\":[]}", cases[i].version);
		struct tuf_metadata *metadata = NULL;
		struct err_note note;

		if ((tuf_metadata_read(TUF_SNAPSHOT, span_string(text), &metadata, &note) == 0) != cases[i].good)
			fail_msg("%s", cases[i].version);
		tuf_metadata_free(metadata);
		mem_free(text);
	}
}

static void test_many_signatures(void **state)
{
	char *text = mem_alloc(1 << 16);
	struct tuf_metadata *metadata;
	struct err_note note;
	size_t used;

	(void)state;
	used = (size_t)sprintf(text, "{\"signed\":{" HEAD("snapshot") ",\"meta\":{}},\"signatures\":[");
	for (int i = 0; i < 1025; i++)
		used += (size_t)sprintf(text + used, "%s{\"keyid\":\"%d\",\"sig\":\"\"}", i > 0 ? "," : "", i);
	sprintf(text + used, "]}");
	assert_int_equal(tuf_metadata_read(TUF_SNAPSHOT, span_string(text), &metadata, &note), ERR_INVALID);
	assert_string_equal(note.text, "more than 1024 signatures");
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_timestamp),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_spec_versions),
		cmocka_unit_test(test_many_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
