/* SPDX-License-Identifier: Apache-2.0 */
/* What a master can send whose keys are good: what comes of it, and with which words; and that it is followed again. */
#include "tests/unit/base/cmocka.h"
#include "tests/unit/support/follow_bench.h"

#include "conf/base/mem.h"
#include "sync/zstd.h"

static struct follow_bench *bench;

static int setup(void **state)
{
	(void)state;
	bench = follow_bench_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	follow_bench_free(bench);
	return 0;
}

static void expect(enum follow_result want, const char *words)
{
	struct err_note note = { 0 };
	enum follow_result got = follow_bench_release(bench, &note);

	if (got != want || strstr(note.text, words) == NULL)
		print_error("got %s: %s\nwant %s: %s\n", follow_result_name(got), note.text, follow_result_name(want), words);
	assert_true(got == want && strstr(note.text, words) != NULL);
	if (want > FOLLOW_SAME && want != FOLLOW_TRUST && want != FOLLOW_NETWORK)
		assert_int_equal(follow_bench_look(bench, &note), FOLLOW_SAME);	/* it is known what came of it */
	follow_bench_heal(bench);
}

static void test_texts(void **state)
{
	static const struct {
		const char *path, *text;
		enum follow_result want;
		const char *words;
	} rows[] = {
		{ FOLLOW_BENCH_LIST, "{\"v\":1}", FOLLOW_NEW, "" },
		{ FOLLOW_BENCH_LIST, "", FOLLOW_CONTENT, "expected {\"v\":1,\"zones\":[...],...}" },
		{ FOLLOW_BENCH_LIST, "[]", FOLLOW_CONTENT, "expected {\"v\":1,\"zones\":[...],...}" },
		{ FOLLOW_BENCH_LIST, "{\"v\":2}", FOLLOW_CONTENT, "expected {\"v\":1,\"zones\":[...],...}" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"zones\":{}}", FOLLOW_CONTENT, "expected lists of at most 131072 names" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"zones\":[7]}", FOLLOW_CONTENT, "a name in it is none" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"zones\":[\"a..b\"]}", FOLLOW_CONTENT, "a name in it is none" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"files\":[\"../x\"]}", FOLLOW_CONTENT, "files/../x: no role that may lists this target" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"zones\":[\"other\"]}", FOLLOW_CONTENT, "zones/other/zone" },
		{ FOLLOW_BENCH_LIST, "{\"v\":1,\"zones\":[\"example\",\"example\"]}", FOLLOW_CONTENT, "zones/example/zone: subscribe.json lists it twice" },
		{ "policy/guards.json", "{}", FOLLOW_CONTENT, "" },
		{ "policy/guards.json", "{\"v\":1,\"zones\":{\"example\":{\"max_raw\":10}}}", FOLLOW_GUARD, "guard max_raw" },
		{ "policy/probes.json", "{\"v\":1,\"probes\":7}", FOLLOW_CONTENT, "" },
		{ "sites/dl/sites.yaml", "sites: 7\n", FOLLOW_CONTENT, "" },
		{ "sites/dl/sites.yaml", "zones: []\n", FOLLOW_CONTENT, "" },
		{ "sites/dl/sites.yaml", "sites:\n- hosts: [dl.example]\n  digests: /etc/passwd\n  targets: [{url: 'https://c.example'}]\n",
		  FOLLOW_CONTENT, "content names only what is published beside it" },
		{ "sites/dl/sites.yaml", "sites:\n- hosts: [dl.example]\n  digests: missing\n  targets: [{url: 'https://c.example'}]\n",
		  FOLLOW_CONTENT, "sites/dl/missing" },
		{ "secrets/cookies/one", "no JSON", FOLLOW_CONTENT, "expected {\"v\":1,\"sealed\"" },
		{ "secrets/cookies/one", "{\"v\":1,\"sealed\":{\"n1\":\"AAAA\"}}", FOLLOW_NEW, "" },	/* not for us: left out, and told */
		{ "files/h.example/x.txt", "", FOLLOW_NEW, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		follow_bench_put_text(bench, rows[i].path, rows[i].text);
		expect(rows[i].want, rows[i].words);
	}
}

static void test_zone(void **state)
{
	static const struct {
		const char *text, *more;
		enum follow_result want;
		const char *words;
	} rows[] = {
		{ FOLLOW_BENCH_TEXT, ",\"head\":1,\"release\":9", FOLLOW_NEW, "" },
		{ "example. 300 NS ns.example.\nexample. 300 SOA ns.example. h.example. 2 3600 600 86400 60\nns.example. 60 A 192.0.2.1\n",
		  ",\"head\":2", FOLLOW_NEW, "" },
		{ "example. 300 SOA ns.example. h.example. 2 3600 600 86400 60\nexample. 300 NS ns.example.\n", ",\"head\":2", FOLLOW_CONTENT,
		  "zone example: the records are not in canonical order, each once" },
		{ "example. 300 NS ns.example.\n", ",\"head\":2", FOLLOW_CONTENT, "SOA" },
		{ "no record\n", ",\"head\":2", FOLLOW_CONTENT, "zone example: expected an absolute owner" },
		{ "", ",\"head\":2", FOLLOW_CONTENT, "raw has no length and sha256" },
		{ FOLLOW_BENCH_TEXT, ",\"head\":2", FOLLOW_CONTENT, "" },	/* neither that serial nor a way to it */
		{ FOLLOW_BENCH_TEXT, ",\"head\":-1", FOLLOW_CONTENT, "expected the serials serial and head" },
		{ FOLLOW_BENCH_TEXT, ",\"head\":2,\"cs\":[{}]", FOLLOW_CONTENT, "cs is not a list of changesets" },
		{ FOLLOW_BENCH_TEXT, ",\"head\":1,\"state\":{\"alg\":\"lthash16-1024-b2b-cc20/1\",\"sum\":\"7\"}", FOLLOW_CONTENT,
		  "expected a state digest of 64 hexadecimal digits" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = rows[i].text;

		follow_bench_put_zone(bench, (struct span){ (const uint8_t *)text, strlen(text) }, 2 - (text == FOLLOW_BENCH_TEXT),
				      rows[i].more);
		expect(rows[i].want, rows[i].words);
	}
}

static void put_step(const char *text, uint32_t from, uint32_t to)
{
	uint8_t *packed;
	size_t len;

	assert_int_equal(zstd_pack((struct span){ (const uint8_t *)text, strlen(text) }, 1, &packed, &len), 0);
	follow_bench_put_step(bench, (struct span){ packed, len }, strlen(text), from, to);
	mem_free(packed);
}

#define SOA(serial) "example. 300 SOA ns.example. h.example. " serial " 3600 600 86400 60\n"

static void test_steps(void **state)
{
	struct err_note note;

	(void)state;
	put_step("changeset/1 example. 1 2\n- " SOA("1") "+ " SOA("2") "+ x.example. 60 A 192.0.2.9\n", 1, 2);
	expect(FOLLOW_NEW, "");
	put_step("changeset/1 example. 1 3\n- " SOA("1") "+ " SOA("3"), 1, 2);
	expect(FOLLOW_CONTENT, "");
	put_step("changeset/1 other. 1 2\n- " SOA("1") "+ " SOA("2"), 1, 2);
	expect(FOLLOW_CONTENT, "");
	put_step("changeset/1 example. 1 2\n- " SOA("1") "+ " SOA("2") "- none.example. 60 A 192.0.2.9\n", 1, 2);
	expect(FOLLOW_CONTENT, "");
	put_step("nothing\n", 1, 2);
	expect(FOLLOW_CONTENT, "");
	follow_bench_put_step(bench, SPAN_TEXT("no zstd frame"), 100, 1, 2);
	expect(FOLLOW_CONTENT, "");
	/* There, and gone: not what was signed, and it may come yet. */
	follow_bench_put_zone(bench, (struct span){ (const uint8_t *)FOLLOW_BENCH_TEXT, strlen(FOLLOW_BENCH_TEXT) }, 1,
			      ",\"head\":2,\"cs\":[{\"from\":1,\"to\":2,\"length\":9,\"raw\":9,\"sha256\":"
			      "\"0000000000000000000000000000000000000000000000000000000000000000\"}]");
	assert_int_equal(follow_bench_release(bench, &note), FOLLOW_NETWORK);
	assert_int_equal(follow_bench_look(bench, &note), FOLLOW_NETWORK);
	follow_bench_heal(bench);
}

static void test_metadata(void **state)
{
	struct err_note note;

	(void)state;
	follow_bench_spoil(bench, "timestamp.json", SPAN_TEXT("{}"));
	assert_int_equal(follow_bench_look(bench, &note), FOLLOW_TRUST);
	follow_bench_heal(bench);
	char *old = mem_string(tuf_repo_served(follow_bench_repo(bench), "timestamp.json"));
	follow_bench_heal(bench);
	follow_bench_spoil(bench, "timestamp.json", (struct span){ (const uint8_t *)old, strlen(old) });
	assert_int_equal(follow_bench_look(bench, &note), FOLLOW_TRUST);
	assert_non_null(strstr(note.text, "rollback"));
	follow_bench_heal(bench);
	mem_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metadata, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
