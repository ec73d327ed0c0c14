/* SPDX-License-Identifier: Apache-2.0 */
/* TUF 1.0.34, 5.4 to 5.6: timestamp, snapshot and targets, each attack under its name. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/tuf_repo.h"

static int setup(void **state)
{
	struct tuf_repo *repo = tuf_repo_new();

	/* Everything once at version 2, trusted. */
	tuf_repo_set_version(repo, "timestamp", 2);
	tuf_repo_set_version(repo, "snapshot", 2);
	tuf_repo_set_version(repo, "targets", 2);
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	*state = repo;
	return 0;
}

static int teardown(void **state)
{
	tuf_repo_free(*state);
	return 0;
}

#define BEFORE "root 1, timestamp 2, snapshot 2, targets 2"

static void expect(struct tuf_repo *repo, const char *said, const char *has)
{
	assert_string_equal(tuf_repo_refresh(repo), said);
	assert_string_equal(tuf_repo_has(repo), has);
}

static void bump_all(struct tuf_repo *repo)
{
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "targets");
}

static void serve_changed(struct tuf_repo *repo, const char *name, const char *from, const char *to)
{
	const char *text = tuf_repo_served(repo, name), *at = strstr(text, from);
	size_t room = strlen(text) + strlen(to) + 1;
	char *changed = malloc(room);

	assert_non_null(at);
	snprintf(changed, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	tuf_repo_serve(repo, name, changed);
	free(changed);
}

/* Arbitrary software: nobody's signature, another role's, and content changed under a good one. */
static void test_arbitrary_software(void **state)
{
	static const struct {
		const char *role, *said, *has;
	} cases[] = {
		{ "timestamp", "timestamp version 3: signed by 0 of the 1 keys that root version 1 demands (TUF 5.4.2)", BEFORE },
		{ "snapshot", "snapshot version 3: signed by 0 of the 1 keys that root version 1 demands (TUF 5.5.3)",
		  "root 1, timestamp 3, snapshot 2, targets 2" },
		{ "targets", "targets version 3: signed by 0 of the 1 keys that root version 1 demands (TUF 5.6.3)",
		  "root 1, timestamp 3, snapshot 3, targets 2" },
	};
	static const char *const signers[] = { "", "stranger", "root", "stranger root" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(signers); i++) {
		struct tuf_repo *repo;

		setup((void **)&repo);
		bump_all(repo);
		tuf_repo_signers(repo, cases[i / COUNT(signers)].role, signers[i % COUNT(signers)]);
		tuf_repo_publish(repo);
		expect(repo, cases[i / COUNT(signers)].said, cases[i / COUNT(signers)].has);
		tuf_repo_free(repo);
	}
}

static void test_changed_content(void **state)
{
	struct tuf_repo *repo = *state;

	bump_all(repo);
	tuf_repo_publish(repo);
	serve_changed(repo, "3.targets.json", "\"targets\": {}", "\"targets\": {\"a\":{\"length\":1,\"hashes\":{\"sha256\":"
		      "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}}");
	expect(repo, "targets version 3: signed by 0 of the 1 keys that root version 1 demands (TUF 5.6.3)",
	       "root 1, timestamp 3, snapshot 3, targets 2");
}

static void test_threshold(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_keys(repo, "targets", "targets other", 2);
	tuf_repo_bump(repo, "root");
	bump_all(repo);
	tuf_repo_signers(repo, "targets", "other");
	tuf_repo_publish(repo);
	expect(repo, "targets version 3: signed by 1 of the 2 keys that root version 2 demands (TUF 5.6.3)",
	       "root 2, timestamp 3, snapshot 3, targets 2");
	bump_all(repo);
	tuf_repo_signers(repo, "targets", "other stranger targets");
	tuf_repo_publish(repo);
	expect(repo, "done", "root 2, timestamp 4, snapshot 4, targets 4");
}

static void test_timestamp_rollback(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set_version(repo, "timestamp", 1);
	tuf_repo_publish(repo);
	expect(repo, "timestamp version 1: rollback: version 2 is trusted (TUF 5.4.3.1)", BEFORE);
}

/* An expired one that is stored still guards. */
static void test_timestamp_rollback_by_expired(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set_version(repo, "timestamp", 4);
	tuf_repo_set(repo, "timestamp", "expires", "\"2026-02-01T00:00:00Z\"");
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	repo->settings.now_s += 60 * 86400;
	tuf_repo_set_version(repo, "timestamp", 3);
	tuf_repo_set(repo, "timestamp", "expires", "\"2030-01-01T00:00:00Z\"");
	tuf_repo_publish(repo);
	expect(repo, "timestamp version 3: rollback: version 4 is trusted (TUF 5.4.3.1)",
	       "root 1, timestamp 4, snapshot 2, targets 2");
	tuf_repo_set_version(repo, "timestamp", 5);
	tuf_repo_publish(repo);
	expect(repo, "done", "root 1, timestamp 5, snapshot 2, targets 2");
}

static void test_snapshot_rollback_in_timestamp(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_bump(repo, "timestamp");
	tuf_repo_set_version(repo, "snapshot", 1);
	tuf_repo_publish(repo);
	expect(repo, "timestamp version 3: rollback: it lists snapshot version 1, the trusted one 2 (TUF 5.4.3.2)", BEFORE);
}

/* The same version again, with other content: the one that is trusted stays. */
static void test_equal_timestamp_is_kept(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_set(repo, "timestamp", "more", "1");
	tuf_repo_publish(repo);
	expect(repo, "done", BEFORE);
	assert_null(strstr(tuf_repo_stored(repo, "timestamp"), "more"));
	assert_string_equal(repo->asked, "2.root.json timestamp.json");
}

/* A timestamp came, its snapshot did not: the next refresh, which meets the same timestamp, goes on from there. */
static void test_broken_off_goes_on(void **state)
{
	struct tuf_repo *repo = *state;
	char *kept;

	bump_all(repo);
	tuf_repo_publish(repo);
	kept = strdup(tuf_repo_served(repo, "3.snapshot.json"));
	tuf_repo_serve(repo, "3.snapshot.json", NULL);
	expect(repo, "3.snapshot.json: the repository does not have it (TUF 5.5.1)", "root 1, timestamp 3, snapshot 2, targets 2");
	tuf_repo_serve(repo, "3.snapshot.json", kept);
	free(kept);
	expect(repo, "done", "root 1, timestamp 3, snapshot 3, targets 3");
}

static void test_freeze(void **state)
{
	static const struct {
		const char *role, *said, *has;
	} cases[] = {
		{ "timestamp", "timestamp version 3: expired at 2025-12-31T00:00:00Z, it is 2026-01-01T00:00:00Z (TUF 5.4.4)",
		  BEFORE },
		{ "snapshot", "snapshot version 3: expired at 2025-12-31T00:00:00Z, it is 2026-01-01T00:00:00Z (TUF 5.5.6)",
		  "root 1, timestamp 3, snapshot 2, targets 2" },
		{ "targets", "targets version 3: expired at 2025-12-31T00:00:00Z, it is 2026-01-01T00:00:00Z (TUF 5.6.5)",
		  "root 1, timestamp 3, snapshot 3, targets 2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_repo *repo;

		setup((void **)&repo);
		bump_all(repo);
		tuf_repo_set(repo, cases[i].role, "expires", "\"2025-12-31T00:00:00Z\"");
		tuf_repo_publish(repo);
		expect(repo, cases[i].said, cases[i].has);
		tuf_repo_free(repo);
	}
}

/* The repository stands still, time does not: the client notices by what it has. */
static void test_freeze_by_time(void **state)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };
	static const char *const said[] = {
		"timestamp version 3: expired at 2026-02-01T00:00:00Z, it is 2026-03-02T00:00:00Z (TUF 5.4.4)",
		"snapshot version 3: expired at 2026-02-01T00:00:00Z, it is 2026-03-02T00:00:00Z (TUF 5.5.6)",
		"targets version 3: expired at 2026-02-01T00:00:00Z, it is 2026-03-02T00:00:00Z (TUF 5.6.5)",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(roles); i++) {
		struct tuf_repo *repo;

		setup((void **)&repo);
		bump_all(repo);
		tuf_repo_set(repo, roles[i], "expires", "\"2026-02-01T00:00:00Z\"");
		tuf_repo_publish(repo);
		expect(repo, "done", "root 1, timestamp 3, snapshot 3, targets 3");
		repo->settings.now_s += 60 * 86400;
		expect(repo, said[i], "root 1, timestamp 3, snapshot 3, targets 3");
		tuf_repo_free(repo);
	}
}

/* Mix and match: a snapshot or targets file of another moment, rightly signed. */
static void test_mix_and_match(void **state)
{
	struct tuf_repo *repo = *state;

	bump_all(repo);
	tuf_repo_publish(repo);
	tuf_repo_serve(repo, "3.snapshot.json", tuf_repo_served(repo, "2.snapshot.json"));
	expect(repo, "snapshot version 2: the timestamp lists version 3 (TUF 5.5.4)",
	       "root 1, timestamp 3, snapshot 2, targets 2");
	tuf_repo_publish(repo);
	tuf_repo_serve(repo, "3.targets.json", tuf_repo_served(repo, "2.targets.json"));
	expect(repo, "targets version 2: the snapshot lists version 3 (TUF 5.6.4)",
	       "root 1, timestamp 3, snapshot 3, targets 2");
	tuf_repo_serve(repo, "3.targets.json", tuf_repo_served(repo, "3.snapshot.json"));
	expect(repo, "targets: \"_type\" is snapshot (TUF 4.5)", "root 1, timestamp 3, snapshot 3, targets 2");
}

static void test_mix_and_match_by_hash(void **state)
{
	struct tuf_repo *repo = *state;

	repo->with_hashes = true;
	bump_all(repo);
	tuf_repo_publish(repo);
	expect(repo, "done", "root 1, timestamp 3, snapshot 3, targets 3");
	bump_all(repo);
	tuf_repo_publish(repo);
	serve_changed(repo, "4.snapshot.json", "\"version\": 4", "\"version\": 5");
	expect(repo, "snapshot: its sha256 is not the one that is listed (TUF 5.5.2)",
	       "root 1, timestamp 4, snapshot 3, targets 3");
	tuf_repo_publish(repo);
	serve_changed(repo, "4.targets.json", "\"version\": 4", "\"version\": 5");
	expect(repo, "targets: its sha256 is not the one that is listed (TUF 5.6.2)",
	       "root 1, timestamp 4, snapshot 4, targets 3");
	tuf_repo_publish(repo);
	serve_changed(repo, "4.targets.json", "\"version\": 4", "\"version\": 40");
	assert_non_null(strstr(tuf_repo_refresh(repo), "targets: more than the "));
	serve_changed(repo, "4.targets.json", "\"version\": 40", "\"version\":4");
	assert_non_null(strstr(tuf_repo_refresh(repo), " are listed (TUF 5.6.2)"));
	tuf_repo_publish(repo);
	expect(repo, "done", "root 1, timestamp 4, snapshot 4, targets 4");
}

/* Two snapshots of one version: the stored one is not what the timestamp lists, and guards nevertheless. */
static void test_same_version_other_hash(void **state)
{
	struct tuf_repo *repo = *state;

	repo->with_hashes = true;
	tuf_repo_set(repo, "snapshot", "more", "1");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	expect(repo, "done", "root 1, timestamp 3, snapshot 2, targets 2");
	assert_non_null(strstr(tuf_repo_stored(repo, "snapshot"), "more"));
	tuf_repo_set(repo, "snapshot", "more", "2");
	tuf_repo_set_version(repo, "targets", 1);
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	expect(repo, "snapshot version 2: rollback: it lists targets.json version 1, the trusted one 2 (TUF 5.5.5)",
	       "root 1, timestamp 4, snapshot 2, targets 2");
}

static void test_targets_rollback_in_snapshot(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_bump(repo, "timestamp");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_set_version(repo, "targets", 1);
	tuf_repo_publish(repo);
	expect(repo, "snapshot version 3: rollback: it lists targets.json version 1, the trusted one 2 (TUF 5.5.5)",
	       "root 1, timestamp 3, snapshot 2, targets 2");
}

static void test_role_removed(void **state)
{
	struct tuf_repo *repo = *state;

	tuf_repo_delegate(repo, "targets", "side", "\"paths\":[\"*\"]", false);
	bump_all(repo);
	tuf_repo_publish(repo);
	assert_string_equal(tuf_repo_refresh(repo), "done");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_publish(repo);
	json_object_del(json_object_get(tuf_repo_body(repo, "snapshot"), "meta"), "side.json");
	tuf_repo_publish_role(repo, "snapshot");
	expect(repo, "snapshot version 4: side.json is no longer listed (TUF 5.5.5)",
	       "root 1, timestamp 4, snapshot 3, targets 3");
}

static void test_targets_not_listed(void **state)
{
	struct tuf_repo *repo = tuf_repo_new();

	(void)state;
	tuf_repo_set(repo, "snapshot", "meta", "{}");
	tuf_repo_publish_role(repo, "snapshot");
	expect(repo, "snapshot version 1: it does not list targets.json (TUF 5.6.2)", "root 1, timestamp 1, snapshot 1");
	tuf_repo_free(repo);
}

static void test_endless_data(void **state)
{
	static const struct {
		const char *name, *said;
		size_t len;
	} cases[] = {
		{ "timestamp.json", "timestamp: more than the 16384 bytes that are taken of it", 16385 },
		{ "3.snapshot.json", "snapshot: more than the 2000000 bytes that are taken of it", 2000001 },
		{ "3.targets.json", "targets: more than the 5000000 bytes that are taken of it", 5000001 },
	};
	struct tuf_repo *repo = *state;

	bump_all(repo);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = malloc(cases[i].len + 1);

		memset(text, ' ', cases[i].len);
		text[cases[i].len] = '\0';
		tuf_repo_publish(repo);
		tuf_repo_serve(repo, cases[i].name, text);
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
		text[cases[i].len - 1] = '\0';
		tuf_repo_serve(repo, cases[i].name, text);
		assert_non_null(strstr(tuf_repo_refresh(repo), "not JSON"));
		free(text);
	}
}

/* A length that a stolen key made up does not fill memory. */
static void test_length_is_capped(void **state)
{
	struct tuf_repo *repo = *state;
	struct tuf_client *client = tuf_client_new(&repo->settings);
	struct tuf_step step;
	const char *text;
	char *timestamp;

	tuf_repo_bump(repo, "timestamp");
	tuf_repo_set(repo, "timestamp", "meta", "{\"snapshot.json\":{\"version\":9,\"length\":9000000000000000000}}");
	timestamp = tuf_repo_sign(tuf_repo_body(repo, "timestamp"), "timestamp");
	text = tuf_repo_served(repo, "1.root.json");
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_LOAD);
	tuf_client_feed(client, span_string(text));
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_FETCH);
	assert_int_equal(step.max_bytes, 512000);
	tuf_client_absent(client);
	tuf_client_absent(client);
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_FETCH);
	tuf_client_feed(client, span_string(timestamp));
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_PERSIST);
	tuf_client_stored(client);
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_LOAD);
	tuf_client_absent(client);
	assert_int_equal(tuf_client_step(client, &step), TUF_STEP_FETCH);
	assert_string_equal(step.name, "9.snapshot.json");
	assert_int_equal(step.max_bytes, 64 << 20);
	tuf_client_free(client);
	free(timestamp);
}

/* Files of the store that are damaged, empty, exchanged or of another repository are as good as none. */
static void test_damaged_store(void **state)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };
	struct tuf_repo *repo = *state;

	for (size_t i = 0; i < COUNT(roles) * 4; i++) {
		const char *good = tuf_repo_stored(repo, roles[i / 4]), *other = tuf_repo_stored(repo, roles[(i / 4 + 1) % 3]);
		char *half = strdup(good);

		half[strlen(half) / 2] = '\0';
		tuf_repo_store(repo, roles[i / 4], i % 4 == 0 ? half : i % 4 == 1 ? "" : i % 4 == 2 ? other : "{\"signed\":{}}");
		expect(repo, "done", BEFORE);
		free(half);
	}
	tuf_repo_store(repo, "root", "");
	assert_non_null(strstr(tuf_repo_refresh(repo), "root: not JSON"));
}

/* With the store emptied an older repository would be taken: floors, kept apart from it, see that it is not. */
static void test_floors(void **state)
{
	static const struct {
		const char *role;
		int64_t version;
		const char *said;
	} cases[] = {
		{ "timestamp", 3, "timestamp version 2: rollback: version 3 was trusted here before" },
		{ "snapshot", 4, "snapshot version 2: rollback: version 4 was trusted here before" },
		{ "targets", 5, "targets version 2: rollback: version 5 was trusted here before" },
		{ "targets", 2, "done" },
		{ "elsewhere", 9, "done" },
	};
	struct tuf_repo *repo = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		repo->floor_role = cases[i].role;
		repo->floor_version = cases[i].version;
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
		tuf_repo_store(repo, "timestamp", NULL);
		tuf_repo_store(repo, "snapshot", NULL);
		tuf_repo_store(repo, "targets", NULL);
		assert_string_equal(tuf_repo_refresh(repo), cases[i].said);
	}
}

static void test_keys_rotated_in_any_order(void **state)
{
	static const char *const roles[] = { "targets", "timestamp", "snapshot", "root", "snapshot", "timestamp", "targets" };
	struct tuf_repo *repo = *state;
	char keys[64], signers[128] = "root";

	for (size_t i = 0; i < COUNT(roles); i++) {
		snprintf(keys, sizeof keys, "%s-%zu", roles[i], i);
		if (strcmp(roles[i], "root") == 0)
			snprintf(signers, sizeof signers, "root %s", keys);
		tuf_repo_keys(repo, roles[i], keys, 1);
		tuf_repo_signers(repo, "root", signers);
		tuf_repo_bump(repo, "root");
		bump_all(repo);
		tuf_repo_publish(repo);
		assert_string_equal(tuf_repo_refresh(repo), "done");
	}
}

static void test_missing(void **state)
{
	struct tuf_repo *repo = *state;

	bump_all(repo);
	tuf_repo_publish(repo);
	tuf_repo_serve(repo, "3.targets.json", NULL);
	expect(repo, "3.targets.json: the repository does not have it (TUF 5.6.1)", "root 1, timestamp 3, snapshot 3, targets 2");
	tuf_repo_serve(repo, "timestamp.json", NULL);
	expect(repo, "timestamp.json: the repository does not have it (TUF 5.4.1)", "root 1, timestamp 3, snapshot 3, targets 2");
}

/* A transfer cut off at one byte, and one with the next changed, from the first to the last: nothing of it is trusted, and the next refresh heals. */
static void test_every_byte(void **state)
{
	static const char *const names[] = { "timestamp.json", "3.snapshot.json", "3.targets.json" };
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };
	struct tuf_repo *repo = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		char *good, *before[COUNT(roles)];

		bump_all(repo);
		tuf_repo_set_version(repo, "timestamp", 3);
		tuf_repo_set_version(repo, "snapshot", 3);
		tuf_repo_set_version(repo, "targets", 3);
		tuf_repo_publish(repo);
		good = strdup(tuf_repo_served(repo, names[i]));
		for (size_t j = 0; j < COUNT(roles); j++)
			before[j] = strdup(tuf_repo_stored(repo, roles[j]));
		for (size_t at = 0; at < strlen(good); at++) {
			char *wrong = strdup(good);

			if (at % 2 == 0)
				wrong[at] = '\0';
			else
				wrong[at] ^= 1 << at % 7;
			tuf_repo_serve(repo, names[i], wrong);
			tuf_repo_refresh(repo);
			/* Stored is what was, or white space was changed to white space and all holds. */
			if (strcmp(repo->said, "done") == 0 && strcmp(tuf_repo_stored(repo, roles[i]), wrong) != 0)
				fail_msg("%s changed at %zu", names[i], at);
			if (strcmp(repo->said, "done") != 0 && strcmp(tuf_repo_stored(repo, roles[i]), before[i]) != 0)
				fail_msg("%s changed at %zu was stored: %s", names[i], at, repo->said);
			for (size_t j = 0; j < COUNT(roles); j++)
				tuf_repo_store(repo, roles[j], before[j]);
			free(wrong);
		}
		tuf_repo_serve(repo, names[i], good);
		expect(repo, "done", "root 1, timestamp 3, snapshot 3, targets 3");
		for (size_t j = 0; j < COUNT(roles); j++) {
			tuf_repo_store(repo, roles[j], before[j]);
			free(before[j]);
		}
		free(good);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arbitrary_software), TEST(test_changed_content), TEST(test_threshold),
		TEST(test_timestamp_rollback), TEST(test_timestamp_rollback_by_expired), TEST(test_snapshot_rollback_in_timestamp),
		TEST(test_equal_timestamp_is_kept), TEST(test_broken_off_goes_on), cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_freeze_by_time), TEST(test_mix_and_match), TEST(test_mix_and_match_by_hash),
		TEST(test_same_version_other_hash), TEST(test_targets_rollback_in_snapshot), TEST(test_role_removed),
		cmocka_unit_test(test_targets_not_listed), TEST(test_endless_data), TEST(test_length_is_capped),
		TEST(test_damaged_store), TEST(test_floors), TEST(test_keys_rotated_in_any_order), TEST(test_missing),
		TEST(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
