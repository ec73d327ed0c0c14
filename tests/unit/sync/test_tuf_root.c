/* SPDX-License-Identifier: Apache-2.0 */
/* TUF 1.0.34, 5.2 and 5.3: where trust begins, and how it moves on. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/tuf_repo.h"

static int setup(void **state)
{
	*state = tuf_repo_new();
	return 0;
}

static int teardown(void **state)
{
	tuf_repo_free(*state);
	return 0;
}

static void expect(struct tuf_repo *repo, const char *said, const char *has)
{
	assert_string_equal(tuf_repo_refresh(repo), said);
	assert_string_equal(tuf_repo_has(repo), has);
}

static void test_first_refresh(void **state)
{
	struct tuf_repo *repo = *state;

	expect(repo, "done", "root 1, timestamp 1, snapshot 1, targets 1");
	assert_string_equal(repo->asked, "2.root.json timestamp.json 1.snapshot.json 1.targets.json");
	expect(repo, "done", "root 1, timestamp 1, snapshot 1, targets 1");
	assert_string_equal(repo->asked, "2.root.json timestamp.json");
}

/* What is stored are the bytes that came, not a way to write them again. */
static void test_bytes_as_received(void **state)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
	struct tuf_repo *repo = *state;

	tuf_repo_set(repo, "targets", "unknown", "{\"field\":[1,null,true,\"\\u00e9\\n\"]}");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	for (size_t i = 0; i < COUNT(roles); i++) {
		char name[64];

		snprintf(name, sizeof name, "%s%s.json", i == 1 ? "" : "1.", roles[i]);
		assert_string_equal(tuf_repo_stored(repo, roles[i]), tuf_repo_served(repo, name));
	}
}

static void test_no_root(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_store(repo, "root", NULL);
	expect(repo, "root: there is no trusted one (TUF 5.2)", "");
	assert_string_equal(repo->asked, "");
}

static void test_tampered_anchor(void **state)
{
	struct tuf_repo *repo = *state;
	char *text;

	tuf_repo_signers(repo, "root", "stranger");
	text = tuf_repo_sign(tuf_repo_body(repo, "root"), "stranger");
	tuf_repo_store(repo, "root", text);
	free(text);
	expect(repo, "root version 1: signed by 0 of the 1 keys that root version 1 demands (TUF 5.2)", "root 1");
	assert_string_equal(repo->asked, "");
}

static void test_walk(void **state)
{
	struct tuf_repo *repo = *state;

	for (int i = 0; i < 5; i++) {
		tuf_repo_bump(repo, "root");
		tuf_repo_publish(repo);
	}
	expect(repo, "done", "root 6, timestamp 1, snapshot 1, targets 1");
}

static void test_walk_is_bounded(void **state)
{
	struct tuf_repo *repo = *state;

	for (int i = 0; i < 1030; i++) {
		tuf_repo_bump(repo, "root");
		tuf_repo_publish_role(repo, "root");
	}
	expect(repo, "done", "root 1025, timestamp 1, snapshot 1, targets 1");
	expect(repo, "done", "root 1031, timestamp 1, snapshot 1, targets 1");
}

static void test_rotation(void **state)
{
	struct tuf_repo *repo = *state;

	assert_string_equal(tuf_repo_refresh(repo), "done");
	tuf_repo_keys(repo, "root", "second", 1);
	tuf_repo_bump(repo, "root");
	tuf_repo_signers(repo, "root", "root second");
	tuf_repo_publish(repo);
	tuf_repo_bump(repo, "root");
	tuf_repo_signers(repo, "root", "second");
	tuf_repo_publish(repo);
	expect(repo, "done", "root 3, timestamp 1, snapshot 1, targets 1");
}

/* Arbitrary software: a new root by nobody, by the old keys alone, by the new keys alone, by too few. */
static void test_wrong_keys(void **state)
{
	static const struct {
		const char *keys;
		int threshold;
		const char *signers, *said;
	} cases[] = {
		{ "root", 1, "", "root version 2: signed by 0 of the 1 keys that root version 1 demands (TUF 5.3.4)" },
		{ "root", 1, "stranger", "root version 2: signed by 0 of the 1 keys that root version 1 demands (TUF 5.3.4)" },
		{ "root", 1, "timestamp", "root version 2: signed by 0 of the 1 keys that root version 1 demands (TUF 5.3.4)" },
		{ "second", 1, "second", "root version 2: signed by 0 of the 1 keys that root version 1 demands (TUF 5.3.4)" },
		{ "second", 1, "root", "root version 2: signed by 0 of the 1 keys that root version 2 demands (TUF 5.3.4)" },
		{ "second third", 2, "root second",
		  "root version 2: signed by 1 of the 2 keys that root version 2 demands (TUF 5.3.4)" },
		{ "second third", 2, "second third",
		  "root version 2: signed by 0 of the 1 keys that root version 1 demands (TUF 5.3.4)" },
		{ "second third", 2, "root second third", "done" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();

		tuf_repo_keys(repo, "root", cases[i].keys, cases[i].threshold);
		tuf_repo_signers(repo, "root", cases[i].signers);
		tuf_repo_bump(repo, "root");
		tuf_repo_publish(repo);
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
		if (strcmp(cases[i].said, "done") != 0)
			assert_string_equal(tuf_repo_has(repo), "root 1");
		tuf_repo_free(repo);
	}
}

static void test_versions(void **state)
{
	static const struct {
		int64_t version;
		const char *said;
	} cases[] = {
		{ 1, "root version 1: expected version 2 (TUF 5.3.5)" },
		{ 3, "root version 3: expected version 2 (TUF 5.3.5)" },
		{ INT64_MAX / 2, "root version 4611686018427387903: expected version 2 (TUF 5.3.5)" },
		{ INT64_MAX, "root: \"version\" is not a number from 1 on (TUF 4.3)" },
		{ 0, "root: \"version\" is not a number from 1 on (TUF 4.3)" },
		{ -2, "root: \"version\" is not a number from 1 on (TUF 4.3)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();
		char *text;

		tuf_repo_set_version(repo, "root", cases[i].version);
		text = tuf_repo_sign(tuf_repo_body(repo, "root"), "root");
		tuf_repo_serve(repo, "2.root.json", text);
		free(text);
		expect(repo, cases[i].said, "root 1");
		tuf_repo_free(repo);
	}
}

/* What was accepted on the way is kept, though a later root is refused. */
static void test_kept_on_the_way(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	tuf_repo_bump(repo, "root");
	tuf_repo_signers(repo, "root", "stranger");
	tuf_repo_publish(repo);
	expect(repo, "root version 3: signed by 0 of the 1 keys that root version 2 demands (TUF 5.3.4)", "root 2");
}

/* Expiry counts for the last root only; then it stops all, and the roots stay. */
static void test_expiry(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set(repo, "root", "expires", "\"2025-12-31T23:59:59Z\"");
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	expect(repo, "root version 2: expired at 2025-12-31T23:59:59Z, it is 2026-01-01T00:00:00Z (TUF 5.3.10)", "root 2");
	tuf_repo_set(repo, "root", "expires", "\"2026-01-01T00:00:00Z\"");	/* the moment itself is too late */
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	expect(repo, "root version 3: expired at 2026-01-01T00:00:00Z, it is 2026-01-01T00:00:00Z (TUF 5.3.10)", "root 3");
	tuf_repo_set(repo, "root", "expires", "\"2026-01-01T00:00:01Z\"");
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	expect(repo, "done", "root 4, timestamp 1, snapshot 1, targets 1");
}

static void test_endless_data(void **state)
{
	struct tuf_repo *repo = *state;
	char *text = malloc(512002);

	memset(text, ' ', 512001);
	text[512001] = '\0';
	tuf_repo_serve(repo, "2.root.json", text);
	expect(repo, "root: more than the 512000 bytes that are taken of it", "root 1");
	free(text);
}

/* One public key, however often and under whatever ids, is one signature. */
static void test_one_key_counts_once(void **state)
{
	struct tuf_repo *repo = *state;
	json_t *root = tuf_repo_body(repo, "root"), *keys = json_object_get(root, "keys");
	json_t *role = json_object_get(json_object_get(root, "roles"), "timestamp");
	json_t *ids = json_object_get(role, "keyids"), *body = tuf_repo_body(repo, "timestamp");
	json_t *envelope, *signatures, *signature;
	char *text;

	json_object_set_new(role, "threshold", json_integer(2));
	json_array_append(ids, json_array_get(ids, 0));
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo),
			    "timestamp version 1: signed by 1 of the 2 keys that root version 2 demands (TUF 5.4.2)");

	json_object_set_new(keys, "another-id", tuf_repo_key("timestamp"));
	json_array_append_new(ids, json_string("another-id"));
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	text = tuf_repo_sign(body, "timestamp");
	envelope = json_loads(text, 0, NULL);
	free(text);
	signatures = json_object_get(envelope, "signatures");
	signature = json_deep_copy(json_array_get(signatures, 0));
	json_object_set_new(signature, "keyid", json_string("another-id"));
	json_array_append_new(signatures, signature);
	text = json_dumps(envelope, 0);
	tuf_repo_serve(repo, "timestamp.json", text);
	free(text);
	json_decref(envelope);
	assert_string_equal(tuf_repo_refresh(repo),
			    "timestamp version 1: signed by 1 of the 2 keys that root version 3 demands (TUF 5.4.2)");
}

/* A signature listed twice makes the file malformed; one of a stranger, or of no digits, is passed over. */
static void test_odd_signatures(void **state)
{
	static const struct {
		const char *more, *said;
	} cases[] = {
		{ "{\"keyid\":\"stranger\",\"sig\":\"00\"}", "done" },
		{ "{\"keyid\":\"stranger\",\"sig\":\"\"}", "done" },
		{ "{\"keyid\":\"stranger\",\"sig\":\"zz\",\"more\":1}", "done" },
		{ "{\"keyid\":\"%s\",\"sig\":\"00\"}", "timestamp: two signatures with one keyid (TUF 4.6)" },
		{ "{\"keyid\":\"stranger\"}", "timestamp: a signature without \"keyid\" or \"sig\" (TUF 4.6)" },
		{ "{\"keyid\":\"a\",\"sig\":7}", "timestamp: a signature without \"keyid\" or \"sig\" (TUF 4.6)" },
		{ "7", "timestamp: a signature without \"keyid\" or \"sig\" (TUF 4.6)" },
	};
	struct tuf_repo *repo = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = tuf_repo_sign(tuf_repo_body(repo, "timestamp"), "timestamp"), more[256];
		json_t *envelope = json_loads(text, 0, NULL);

		free(text);
		snprintf(more, sizeof more, strstr(cases[i].more, "%s") != NULL
			 ? "{\"keyid\":\"%s\",\"sig\":\"00\"}" : "%s", strstr(cases[i].more, "%s") != NULL
			 ? tuf_repo_keyid("timestamp") : cases[i].more);
		json_array_append_new(json_object_get(envelope, "signatures"), json_loads(more, JSON_DECODE_ANY, NULL));
		text = json_dumps(envelope, 0);
		json_decref(envelope);
		tuf_repo_serve(repo, "timestamp.json", text);
		free(text);
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
	}
}

/* Kinds of keys from the future, and ids of keys that are not there, neither count nor disturb. */
static void test_unknown_keys(void **state)
{
	struct tuf_repo *repo = *state;
	json_t *root = tuf_repo_body(repo, "root");
	json_t *ids = json_object_get(json_object_get(json_object_get(root, "roles"), "timestamp"), "keyids");

	json_object_set_new(json_object_get(root, "keys"), "future",
			    json_loads("{\"keytype\":\"ml-dsa\",\"scheme\":\"ml-dsa-65\",\"keyval\":{\"new\":[1]}}", 0, NULL));
	json_object_set_new(json_object_get(root, "keys"), "bad",
			    json_loads("{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"abc\"}}", 0, NULL));
	json_array_insert_new(ids, 0, json_string("future"));
	json_array_insert_new(ids, 0, json_string("bad"));
	json_array_insert_new(ids, 0, json_string("nowhere"));
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
}

static void test_strict_keyids(void **state)
{
	struct tuf_repo *repo = *state;
	json_t *root = tuf_repo_body(repo, "root"), *keys = json_object_get(root, "keys");
	json_t *key = json_object_get(keys, tuf_repo_keyid("timestamp"));

	repo->settings.strict_keyids = true;
	assert_string_equal(tuf_repo_refresh(repo), "done");
	json_object_set_new(key, "unknown", json_integer(1));	/* is part of what the id is the hash of */
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo),
			    "timestamp version 1: signed by 0 of the 1 keys that root version 2 demands (TUF 5.4.2)");
	repo->settings.strict_keyids = false;
	assert_string_equal(tuf_repo_refresh(repo), "done");
}

/* Fast-forward: a stolen key drove versions up. New keys for the role, and lower versions are taken again. */
static void test_fast_forward(void **state)
{
	static const struct {
		const char *rotated, *said;
	} cases[] = {
		{ NULL, "timestamp version 2: rollback: version 1000 is trusted (TUF 5.4.3.1)" },
		{ "targets", "timestamp version 2: rollback: version 1000 is trusted (TUF 5.4.3.1)" },
		{ "timestamp", "done" },
		{ "snapshot", "done" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();

		tuf_repo_set_version(repo, "timestamp", 1000);
		tuf_repo_set_version(repo, "snapshot", 1000);
		tuf_repo_set_version(repo, "targets", 1000);
		tuf_repo_publish(repo);
		repo->floor_role = i == 3 ? "targets" : "snapshot";
		repo->floor_version = 1000;
		expect(repo, "done", "root 1, timestamp 1000, snapshot 1000, targets 1000");
		if (cases[i].rotated != NULL) {
			tuf_repo_keys(repo, cases[i].rotated, "fresh", 1);
			tuf_repo_bump(repo, "root");
		}
		tuf_repo_set_version(repo, "timestamp", 2);
		tuf_repo_set_version(repo, "snapshot", 2);
		tuf_repo_set_version(repo, "targets", 2);
		tuf_repo_publish(repo);
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
		if (strcmp(cases[i].said, "done") == 0)
			assert_string_equal(tuf_repo_has(repo), "root 2, timestamp 2, snapshot 2, targets 2");
		tuf_repo_free(repo);
	}
}

/* Another key beside the old one is no rotation: the guard against rollback stays. */
static void test_added_key_keeps_guard(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set_version(repo, "timestamp", 5);
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	tuf_repo_keys(repo, "timestamp", "timestamp fresh", 1);
	tuf_repo_bump(repo, "root");
	tuf_repo_set_version(repo, "timestamp", 4);
	tuf_repo_publish(repo);
	expect(repo, "timestamp version 4: rollback: version 5 is trusted (TUF 5.4.3.1)",
	       "root 2, timestamp 5, snapshot 1, targets 1");
}

/* The files of rotated keys go before the root that rotated them is stored: the next process need not know of it. */
static void test_crash_while_rotating(void **state)
{
	struct tuf_repo *repo = *state;

	assert_string_equal(tuf_repo_refresh(repo), "done");
	tuf_repo_keys(repo, "snapshot", "fresh", 1);
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	repo->die_at_root = true;
	expect(repo, "died", "root 1, targets 1");
	repo->die_at_root = false;
	expect(repo, "done", "root 2, timestamp 1, snapshot 1, targets 1");
}

static void test_root_floor(void **state)
{
	struct tuf_repo *repo = *state;

	repo->floor_role = "root";
	repo->floor_version = 2;
	expect(repo, "root version 1: rollback: version 2 was trusted here before", "root 1");
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	expect(repo, "done", "root 2, timestamp 1, snapshot 1, targets 1");
}

static void test_toggle_consistent(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set(repo, "root", "consistent_snapshot", "false");
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	assert_string_equal(repo->asked, "2.root.json 3.root.json timestamp.json snapshot.json targets.json");
	tuf_repo_set(repo, "root", "consistent_snapshot", "true");
	tuf_repo_bump(repo, "root");
	tuf_repo_bump(repo, "targets");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	assert_string_equal(repo->asked, "3.root.json 4.root.json timestamp.json 2.snapshot.json 2.targets.json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_refresh), TEST(test_bytes_as_received), TEST(test_no_root), TEST(test_tampered_anchor),
		TEST(test_walk), TEST(test_walk_is_bounded), TEST(test_rotation), cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_versions), TEST(test_kept_on_the_way), TEST(test_expiry), TEST(test_endless_data),
		TEST(test_one_key_counts_once), TEST(test_odd_signatures), TEST(test_unknown_keys), TEST(test_strict_keyids),
		cmocka_unit_test(test_fast_forward), TEST(test_added_key_keeps_guard), TEST(test_crash_while_rotating),
		TEST(test_root_floor), TEST(test_toggle_consistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
