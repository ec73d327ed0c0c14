/* SPDX-License-Identifier: Apache-2.0 */
/* TUF 1.0.34, 5.6.7: who is asked for a target, in which order, by whose keys. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/tuf_repo.h"

#define ALL "\"paths\":[\"*\"]"

/* Delegations as words "PARENT>ROLE", "PARENT>>ROLE" when terminating, all for every path. */
static struct tuf_repo *graph(const char *words)
{
	struct tuf_repo *repo = tuf_repo_new();
	char copy[1024], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *arrow = strchr(word, '>');
		bool terminating = arrow[1] == '>';

		*arrow = '\0';
		tuf_repo_delegate(repo, word, arrow + 1 + terminating, ALL, terminating);
	}
	tuf_repo_bump(repo, "targets");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	return repo;
}

static void test_order(void **state)
{
	static const struct {
		const char *graph, *asked;	/* behind targets */
	} cases[] = {
		{ "targets>A", "A" },
		{ "targets>A targets>B targets>C", "A B C" },
		{ "targets>A A>B B>C", "A B C" },
		{ "targets>A targets>B A>C A>D B>E", "A C D B E" },
		{ "targets>A targets>B A>B", "A B" },
		{ "targets>A A>B B>A", "A B" },			/* cycles */
		{ "targets>A A>A", "A" },
		{ "targets>A targets>B A>C C>A C>B B>D", "A C B D" },
		{ "targets>>A targets>B", "A" },		/* terminating */
		{ "targets>A targets>>B targets>C", "A B" },
		{ "targets>A A>>B targets>C", "A B" },
		{ "targets>A A>>B A>C targets>D B>E", "A B E" },
		{ "targets>A A>B B>>C B>D targets>E", "A B C" },
		{ "targets>A A>B A>>C C>D targets>E B>F", "A B F C D" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = graph(cases[i].graph);
		char expected[512] = "2.root.json timestamp.json 2.snapshot.json 2.targets.json", copy[128], *rest = copy, *word;

		snprintf(copy, sizeof copy, "%s", cases[i].asked);
		while ((word = strsep(&rest, " ")) != NULL)
			snprintf(expected + strlen(expected), sizeof expected - strlen(expected), " 1.%s.json", word);
		assert_string_equal(tuf_repo_find(repo, "some"), "some: no role that may lists this target (TUF 5.6.7)");
		assert_string_equal(repo->asked, expected);
		assert_string_equal(tuf_repo_find(repo, "some"), "some: no role that may lists this target (TUF 5.6.7)");
		assert_string_equal(repo->asked, "2.root.json timestamp.json");
		tuf_repo_free(repo);
	}
}

/* The first in order wins, whoever else lists it; those behind it are not asked. */
static void test_priority(void **state)
{
	struct tuf_repo *repo = graph("targets>A targets>B A>C");

	(void)state;
	tuf_repo_target(repo, "B", "file", "by B");
	tuf_repo_target(repo, "C", "file", "by C");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "file"),
			    "78b427e21400408576f63967fc051e3882e8db5d16abb7add973f03c04e3796c.file");	/* of "by C" */
	assert_null(strstr(repo->asked, "1.B.json"));
	tuf_repo_free(repo);
}

static void test_names(void **state)
{
	struct tuf_repo *repo = tuf_repo_new();

	(void)state;
	tuf_repo_target(repo, "targets", "file", "");
	tuf_repo_target(repo, "targets", "a/b/file name?", "");
	tuf_repo_bump(repo, "targets");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "file"),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.file");
	assert_string_equal(tuf_repo_find(repo, "a/b/file name?"),
			    "a/b/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.file%20name%3F");
	tuf_repo_set(repo, "root", "consistent_snapshot", "false");
	tuf_repo_bump(repo, "root");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "a/b/file name?"), "a/b/file%20name%3F");
	tuf_repo_free(repo);
}

static void test_roles_with_odd_names(void **state)
{
	static const struct {
		const char *role, *name;
	} cases[] = {
		{ "?", "1.%3F.json" }, { "#", "1.%23.json" }, { "/role", "1.%2Frole.json" }, { "../role", "1...%2Frole.json" },
		{ "..", "1....json" }, { "a+b", "1.a%2Bb.json" }, { "%2F", "1.%252F.json" }, { "1.root", "1.1.root.json" },
		{ "r\xc3\xb6le", "1.r%C3%B6le.json" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();
		char expected[256];

		tuf_repo_delegate(repo, "targets", cases[i].role, ALL, false);
		tuf_repo_publish(repo);
		snprintf(expected, sizeof expected, "2.root.json timestamp.json 1.snapshot.json 1.targets.json %s", cases[i].name);
		assert_string_equal(tuf_repo_find(repo, "x"), "x: no role that may lists this target (TUF 5.6.7)");
		assert_string_equal(repo->asked, expected);
		assert_non_null(tuf_repo_stored(repo, cases[i].role));
		tuf_repo_free(repo);
	}
}

/* Extraneous dependencies, the delegated form: a role is asked only for what it was given. */
static void test_paths(void **state)
{
	static const struct {
		const char *match, *path;
		bool asked;
	} cases[] = {
		{ "\"paths\":[\"a/*\"]", "a/b", true },
		{ "\"paths\":[\"a/*\"]", "b/a", false },
		{ "\"paths\":[\"a/*\"]", "a/b/c", false },
		{ "\"paths\":[\"x\",\"a/*/c\"]", "a/b/c", true },
		{ "\"paths\":[]", "a", false },
		/* sha256 of "file1": c147efcfc2d7ea666a9e4f5187b115c90903f0fc896a56df9a6ef5d8f3fc9f31 */
		{ "\"path_hash_prefixes\":[\"c1\"]", "file1", true },
		{ "\"path_hash_prefixes\":[\"00\",\"c147efcfc2d7ea666a9e4f5187b115c90903f0fc896a56df9a6ef5d8f3fc9f31\"]", "file1",
		  true },
		{ "\"path_hash_prefixes\":[\"c147efcfc2d7ea666a9e4f5187b115c90903f0fc896a56df9a6ef5d8f3fc9f310\"]", "file1", false },
		{ "\"path_hash_prefixes\":[\"c0\"]", "file1", false },
		{ "\"path_hash_prefixes\":[\"C1\"]", "file1", false },
		{ "\"path_hash_prefixes\":[]", "file1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();

		tuf_repo_delegate(repo, "targets", "role", cases[i].match, false);
		tuf_repo_publish(repo);
		tuf_repo_find(repo, cases[i].path);
		if ((strstr(repo->asked, "1.role.json") != NULL) != cases[i].asked)
			fail_msg("%s for %s: %s", cases[i].match, cases[i].path, repo->asked);
		tuf_repo_free(repo);
	}
}

/* TAP 15: the bin is named by the first bits of the hash of the path. */
static void test_bins(void **state)
{
	static const struct {
		const char *bits, *name;
	} cases[] = { { "1", "1.bin-1.json" }, { "4", "1.bin-c.json" }, { "5", "1.bin-18.json" }, { "8", "1.bin-c1.json" },
		      { "32", "1.bin-c147efcf.json" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = tuf_repo_new();
		char bins[512], role[32];

		snprintf(role, sizeof role, "%.*s", (int)(strlen(cases[i].name) - 7), cases[i].name + 2);
		tuf_repo_delegate(repo, "targets", role, ALL, false);	/* makes the key and the role's file */
		tuf_repo_target(repo, role, "file1", "content");
		json_t *delegations = json_object_get(tuf_repo_body(repo, "targets"), "delegations");
		json_object_del(delegations, "roles");
		snprintf(bins, sizeof bins, "{\"keyids\":[\"%s\"],\"threshold\":1,\"bit_length\":%s,\"name_prefix\":\"bin\"}",
			 tuf_repo_keyid(role), cases[i].bits);
		json_object_set_new(delegations, "succinct_roles", json_loads(bins, 0, NULL));
		tuf_repo_publish(repo);
		assert_non_null(strstr(tuf_repo_find(repo, "file1"), ".file1"));
		assert_non_null(strstr(repo->asked, cases[i].name));
		tuf_repo_free(repo);
	}
}

/* Every check of the top role holds for the delegated ones. */
static void test_delegated_checks(void **state)
{
	static const struct {
		const char *attack, *said;
	} cases[] = {
		{ "stranger", "A version 2: signed by 0 of the 1 keys that targets version 2 demands (TUF 5.6.3)" },
		{ "root's key", "A version 2: signed by 0 of the 1 keys that targets version 2 demands (TUF 5.6.3)" },
		{ "expired", "A version 2: expired at 2020-01-01T00:00:00Z, it is 2026-01-01T00:00:00Z (TUF 5.6.5)" },
		{ "older", "A version 1: the snapshot lists version 2 (TUF 5.6.4)" },
		{ "missing", "2.A.json: the repository does not have it (TUF 5.6.1)" },
		{ "unlisted", "snapshot version 3: it does not list A.json (TUF 5.6.2)" },
		{ "type", "A: \"_type\" is snapshot (TUF 4.5)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo = graph("targets>A");
		const char *attack = cases[i].attack;

		if (strcmp(attack, "stranger") == 0)
			tuf_repo_signers(repo, "A", "stranger");
		if (strcmp(attack, "root's key") == 0)
			tuf_repo_signers(repo, "A", "root");
		if (strcmp(attack, "expired") == 0)
			tuf_repo_set(repo, "A", "expires", "\"2020-01-01T00:00:00Z\"");
		tuf_repo_bump(repo, "A");
		tuf_repo_bump(repo, "snapshot");
		tuf_repo_bump(repo, "timestamp");
		tuf_repo_publish(repo);
		if (strcmp(attack, "older") == 0)
			tuf_repo_serve(repo, "2.A.json", tuf_repo_served(repo, "1.A.json"));
		if (strcmp(attack, "missing") == 0)
			tuf_repo_serve(repo, "2.A.json", NULL);
		if (strcmp(attack, "type") == 0)
			tuf_repo_serve(repo, "2.A.json", tuf_repo_served(repo, "3.snapshot.json"));
		if (strcmp(attack, "unlisted") == 0) {
			json_object_del(json_object_get(tuf_repo_body(repo, "snapshot"), "meta"), "A.json");
			tuf_repo_publish_role(repo, "snapshot");
		}
		assert_string_equal(tuf_repo_find(repo, "x"), cases[i].said);
		assert_null(tuf_repo_stored(repo, "A"));
		tuf_repo_free(repo);
	}
}

static void test_delegated_rollback(void **state)
{
	struct tuf_repo *repo = graph("targets>A");

	(void)state;
	tuf_repo_bump(repo, "A");
	tuf_repo_publish(repo);
	tuf_repo_find(repo, "x");
	assert_string_equal(tuf_repo_has(repo), "root 1, timestamp 2, snapshot 2, targets 2, A 2");
	tuf_repo_set_version(repo, "A", 1);
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "x"),
			    "snapshot version 3: rollback: it lists A.json version 1, the trusted one 2 (TUF 5.5.5)");
	assert_string_equal(tuf_repo_has(repo), "root 1, timestamp 3, snapshot 2, targets 2, A 2");
	tuf_repo_free(repo);
}

/* What one delegator vouched for is nothing by another's keys. */
static void test_each_delegator_by_its_keys(void **state)
{
	struct tuf_repo *repo = tuf_repo_new();
	struct tuf_client *client;
	json_t *delegations, *entry;

	(void)state;
	tuf_repo_delegate(repo, "targets", "A", "\"paths\":[\"a\"]", false);
	tuf_repo_delegate(repo, "targets", "B", "\"paths\":[\"b\"]", false);
	tuf_repo_delegate(repo, "A", "shared", ALL, false);
	tuf_repo_delegate(repo, "B", "shared", ALL, false);
	delegations = json_object_get(tuf_repo_body(repo, "B"), "delegations");
	entry = json_array_get(json_object_get(delegations, "roles"), 0);
	json_object_set_new(json_object_get(delegations, "keys"), tuf_repo_keyid("other"), tuf_repo_key("other"));
	json_object_set_new(entry, "keyids", json_pack("[s]", tuf_repo_keyid("other")));
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "a"), "a: no role that may lists this target (TUF 5.6.7)");
	assert_string_equal(tuf_repo_find(repo, "b"),
			    "shared version 1: signed by 0 of the 1 keys that targets version 1 demands (TUF 5.6.3)");

	/* In one process as well: the role is trusted from the first search when the second comes to it. */
	client = tuf_client_new(&repo->settings);
	for (struct tuf_step step;;) {
		enum tuf_step_kind kind = tuf_client_step(client, &step);
		const char *text = kind == TUF_STEP_LOAD ? tuf_repo_stored(repo, step.role)
			: kind == TUF_STEP_FETCH ? tuf_repo_served(repo, step.name) : NULL;

		if (kind == TUF_STEP_LOAD || kind == TUF_STEP_FETCH)
			text != NULL ? tuf_client_feed(client, span_string(text)) : tuf_client_absent(client);
		else if (kind == TUF_STEP_PERSIST || kind == TUF_STEP_FORGET)
			tuf_client_stored(client);
		else if (kind == TUF_STEP_DONE && tuf_client_reason(client)->text[0] == '\0')
			tuf_client_find(client, "a");
		else if (kind == TUF_STEP_DONE && tuf_client_reason(client)->text[0] == 'a')
			tuf_client_find(client, "b");
		else
			break;
	}
	assert_string_equal(tuf_client_reason(client)->text,
			    "shared version 1: signed by 0 of the 1 keys that targets version 1 demands (TUF 5.6.3)");
	tuf_client_free(client);
	tuf_repo_free(repo);
}

/* 32 roles below the top one are asked, no more; a chain as long as that is no hang. */
static void test_bounded(void **state)
{
	struct tuf_repo *repo = tuf_repo_new();
	char parent[16] = "targets", role[16];

	(void)state;
	for (int i = 0; i < 34; i++) {
		snprintf(role, sizeof role, "r%d", i);
		tuf_repo_delegate(repo, parent, role, ALL, false);
		memcpy(parent, role, sizeof parent);
	}
	tuf_repo_target(repo, "r31", "at the edge", "");
	tuf_repo_target(repo, "r32", "beyond", "");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_find(repo, "beyond"),
			    "beyond: not found in the first roles that delegations lead to (TUF 5.6.7.1)");
	assert_null(strstr(repo->asked, "1.r32.json"));
	assert_non_null(strstr(tuf_repo_find(repo, "at the edge"), ".at%20the%20edge"));
	tuf_repo_free(repo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_roles_with_odd_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_bins),
		cmocka_unit_test(test_delegated_checks),
		cmocka_unit_test(test_delegated_rollback),
		cmocka_unit_test(test_each_delegator_by_its_keys),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
