/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of a look: each outcome with its cause; what is kept; what custom may say. */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_tree.h"
#include "tests/unit/support/follow_case.h"
#include "tests/unit/support/tuf_repo.h"

static struct follow_case *test;

static int set_up(void **state)
{
	(void)state;
	test = follow_case_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	follow_case_free(test);
	return 0;
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(follow_result_name(FOLLOW_NEW), "new");
	for (int i = 0; i < FOLLOW_RESULTS; i++) {
		assert_non_null(follow_result_name((enum follow_result)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(follow_result_name((enum follow_result)i), follow_result_name((enum follow_result)j));
	}
}

/* ---- outcomes ---- */

static void expect_look(struct follower *node, enum follow_result result, const char *note)
{
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	if (follower_look(node, test->master) != result || (note != NULL && strstr(node->outcome.note.text, note) == NULL))
		fail_msg("%s: %s, expected %s: %s", follow_result_name(node->outcome.result), node->outcome.note.text,
			 follow_result_name(result), note != NULL ? note : "");
}

static int none(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
		struct err_note *note)
{
	(void)transport, (void)max_bytes, (void)take, (void)ctx;
	err_note_set(note, url, 0, "the node stops");
	return -ECANCELED;
}

static void test_outcomes(void **state)
{
	struct transport stopped = { none };
	struct follower node;
	int64_t settled = 0;
	struct follow_outcome outcome;

	(void)state;
	follow_case_restore(test);
	follow_case_start(test, &node, "outcomes");
	node.settings.transport = &stopped;
	follow_refresh(&node.settings, node.content, FOLLOW_CASE_NOW, &settled, &outcome);
	assert_int_equal(outcome.result, FOLLOW_CANCELED);
	assert_int_equal(settled, 0);
	expect_look(&node, FOLLOW_NEW, NULL);
	assert_string_equal(follower_serves(&node), test->new);
	assert_true(node.outcome.expires_s > FOLLOW_CASE_NOW);
	assert_int_equal(node.state->floors.expires_s, node.outcome.expires_s);
	expect_look(&node, FOLLOW_SAME, NULL);
	assert_true(node.settled > 0);
	/* Nothing but the timestamp is asked for, and the root that is not there yet. */
	expect_look(&node, FOLLOW_SAME, NULL);
	assert_int_equal(test->master->asked_count, 2);
	assert_string_equal(test->master->asked[0], "metadata/3.root.json");
	assert_string_equal(test->master->asked[1], "metadata/timestamp.json");
	/* Expired: told, and served on. */
	node.now_s += 500 * (int64_t)SYNC_MASTER_DAY_S;
	expect_look(&node, FOLLOW_TRUST, "expired");
	assert_string_equal(follower_serves(&node), test->new);
	follower_stop(&node);
	/* A clock that stands before what was seen is not believed: what was fetched later is not of the future. */
	follow_case_start(test, &node, "clock");
	node.now_s = 1000;
	expect_look(&node, FOLLOW_SAME, NULL);
	assert_int_equal(node.state->floors.time_s, FOLLOW_CASE_NOW);
	follower_stop(&node);
}

/* A guard that the offline keys have signed holds back what the online keys would have. */
static void test_guard(void **state)
{
	struct sync_master *master = test->master;
	struct follower node;

	(void)state;
	follow_case_start(test, &node, "guard");
	expect_look(&node, FOLLOW_SAME, NULL);
	sync_master_put(master, "policy/guards.json", "{\"v\":1,\"zones\":{\"*\":{\"max_removed\":0}}}");
	sync_master_release(master);
	expect_look(&node, FOLLOW_NEW, NULL);
	char *before = mem_string(follower_serves(&node));
	sync_master_put(master, "zones/example.net/zone", "@ 300 SOA ns host 8 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.53\n");
	sync_master_release(master);
	expect_look(&node, FOLLOW_GUARD, "zone example.net: guard max_removed");
	assert_string_equal(follower_serves(&node), before);
	expect_look(&node, FOLLOW_SAME, NULL);	/* settled: it would say the same again */
	sync_master_put(master, "policy/guards.json", "{\"v\":1,\"zones\":{\"example.net\":{\"max_raw\":10}}}");
	sync_master_release(master);
	expect_look(&node, FOLLOW_GUARD, "guard max_raw: it would have more bytes than it may");
	mem_free(before);
	follower_stop(&node);
}

/* ---- generations ---- */

static unsigned count_files(const char *pattern)
{
	char *full = mem_format("%s/%s", test->state, pattern);
	glob_t found;
	unsigned count = glob(full, 0, NULL, &found) == 0 ? (unsigned)found.gl_pathc : 0;

	if (count > 0)
		globfree(&found);
	mem_free(full);
	return count;
}

static void test_generations(void **state)
{
	struct sync_master *master = test->master;
	char text[5][FOLLOWER_TEXT];
	struct follower node;

	(void)state;
	sync_master_put(master, "policy/guards.json", "{\"v\":1,\"zones\":{}}");
	publish_tree_remove(test->state);
	follow_case_start(test, &node, "generations");
	assert_string_equal(follower_serves(&node), "nothing");
	for (unsigned i = 0; i < 5; i++) {
		char *content = mem_format("content %u", i);

		sync_master_put(master, "files/www.example.org/x.txt", content);
		sync_master_release(master);
		expect_look(&node, FOLLOW_NEW, NULL);
		strcpy(text[i], follower_serves(&node));
		mem_free(content);
	}
	/* Three are kept, and what only the others had is gone: five releases share the zones. */
	assert_int_equal(count_files("sync/gen/*/manifest.json"), 3);
	assert_int_equal(count_files("sync/gen/*"), 3);
	assert_int_equal(count_files("zones/sync-*"), 2);
	assert_int_equal(count_files("sync/blob/*"), 3 + 2 + 2);	/* the file; subscribe, guards; the changesets on both zones */
	assert_true(follower_roll_back(&node));
	assert_string_equal(follower_serves(&node), text[3]);
	assert_true(follower_roll_back(&node));
	assert_string_equal(follower_serves(&node), text[2]);
	assert_false(follower_roll_back(&node));
	follower_stop(&node);
	follow_case_start(test, &node, "after it");
	assert_string_equal(follower_serves(&node), text[2]);
	assert_string_equal(node.said, "");
	follower_stop(&node);
}

/* ---- custom ---- */

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RAW "\"raw\":{\"length\":9,\"sha256\":\"" HEX "\"}"
#define ZONE "\"codec\":\"zstd\",\"fmt\":\"rr-text/1\"," RAW ",\"serial\":1,\"head\":1"
#define SUM "{\"alg\":\"lthash16-1024-b2b-cc20/1\",\"sum\":\"" HEX "\"}"
#define STEP "\"from\":1,\"to\":2,\"length\":5,\"raw\":9"

/* The transport of a repository in memory. */
struct memory {
	struct transport transport;
	struct tuf_repo *repo;
};

static int get(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
	       struct err_note *note)
{
	struct memory *memory = (struct memory *)transport;
	const char *name = strncmp(url, "metadata/", 9) == 0 ? url + 9 : url, *text = tuf_repo_served(memory->repo, name);

	if (text == NULL || strlen(text) > max_bytes) {
		err_note_set(note, url, 0, "is not there");
		return ERR_UNKNOWN;
	}
	return take(ctx, span_string(text));
}

static void put_target(struct tuf_repo *repo, const char *path, const char *content, const char *custom)
{
	json_t *target, *value = custom != NULL ? json_loads(custom, 0, NULL) : NULL;

	tuf_repo_target(repo, "targets", path, content);
	target = json_object_get(json_object_get(tuf_repo_body(repo, "targets"), "targets"), path);
	if (custom != NULL && value == NULL)
		fail_msg("no JSON: %s", custom);
	if (value != NULL)
		json_object_set_new(target, "custom", value);
	const char *digest = json_string_value(json_object_get(json_object_get(target, "hashes"), "sha256"));
	const char *slash = strrchr(path, '/');
	char *name = mem_format("targets/%.*s/%s.%s", (int)(slash - path), path, digest, slash + 1);
	if (strlen(name) < sizeof repo->served[0].name)
		tuf_repo_serve(repo, name, content);
	mem_free(name);
}

/* note NULL: taken, until it turns out that the zone itself is none, or not there. */
static void expect_custom(const char *list, const char *path, const char *custom, const char *note)
{
	struct tuf_repo *repo = tuf_repo_new();
	struct memory memory = { { get }, repo };
	struct follow_outcome outcome;
	struct follower node;
	int64_t settled = 0;

	if (list != NULL)
		put_target(repo, "fleet/g/subscribe.json", list, NULL);
	if (path != NULL)
		put_target(repo, path, "content", custom);
	tuf_repo_bump(repo, "targets");
	tuf_repo_bump(repo, "snapshot");
	tuf_repo_bump(repo, "timestamp");
	tuf_repo_publish(repo);
	publish_tree_remove(test->state);
	char *root = mem_format("%s/memory-root.json", test->folder);
	const char *text = tuf_repo_served(repo, "1.root.json");
	assert_int_equal(file_replace_unsynced(root, text, strlen(text), 0600), 0);
	assert_int_equal(follower_start(&node, test->state, root, TUF_REPO_NOW, NULL), 0);
	mem_free(node.conf->sync.group);
	node.conf->sync.group = mem_string("g");
	node.settings.transport = &memory.transport;
	follow_refresh(&node.settings, NULL, TUF_REPO_NOW, &settled, &outcome);
	if (outcome.result != FOLLOW_CONTENT && (note != NULL || outcome.result != FOLLOW_NETWORK))
		fail_msg("%s %s: %s: %s", list, custom, follow_result_name(outcome.result), outcome.note.text);
	if (note == NULL && outcome.result == FOLLOW_CONTENT)
		note = "not a zstd frame";
	if (note != NULL && strstr(outcome.note.text, note) == NULL)
		fail_msg("%s %s: \"%s\", expected \"%s\"", list, custom, outcome.note.text, note);
	follower_stop(&node);
	tuf_repo_free(repo);
	mem_free(root);
}

static void test_lists(void **state)
{
	(void)state;
	expect_custom(NULL, NULL, NULL, "fleet/g/subscribe.json");
	expect_custom("", NULL, NULL, "expected {\"v\":1");
	expect_custom("[]", NULL, NULL, "expected {\"v\":1");
	expect_custom("{\"v\":2}", NULL, NULL, "expected {\"v\":1");
	expect_custom("{\"v\":1,\"zones\":\"a\"}", NULL, NULL, "expected lists of at most");
	expect_custom("{\"v\":1,\"zones\":[7]}", NULL, NULL, "a name in it is none");
	expect_custom("{\"v\":1,\"zones\":[\"a..b\"]}", NULL, NULL, "a name in it is none");
	expect_custom("{\"v\":1,\"zones\":[\"a.test\"]}", NULL, NULL, "zones/a.test/zone");
	expect_custom("{\"v\":1,\"files\":[\"h/x\"]}", NULL, NULL, "files/h/x");
	expect_custom("{\"v\":1,\"files\":[\"../x\"]}", NULL, NULL, "");
	expect_custom("{\"v\":1,\"sites\":[\"dl\"]}", NULL, NULL, "sites/dl/sites.yaml");
	expect_custom("{\"v\":1,\"secrets\":[\"cookies/x\"]}", NULL, NULL, "secrets/cookies/x");
}

static void test_custom(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"v\":1," ZONE "}", NULL },
		{ "{" ZONE "}", NULL },
		{ "{\"v\":2," ZONE "}", "it is of a later version than this node knows" },
		{ "{\"v\":1}", "expected codec zstd" },
		{ "{\"v\":1,\"codec\":\"none\",\"fmt\":\"rr-text/1\"," RAW ",\"serial\":1,\"head\":1}", "expected codec zstd" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/2\"," RAW ",\"serial\":1,\"head\":1}", "expected codec zstd" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\",\"serial\":1,\"head\":1}", "raw has no length and sha256" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\",\"raw\":{\"length\":0,\"sha256\":\"" HEX "\"}}",
		  "raw has no length and sha256" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\",\"raw\":{\"length\":9,\"sha256\":\"aa\"}}",
		  "raw has no length and sha256" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\"," RAW ",\"serial\":1}", "expected the serials" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\"," RAW ",\"serial\":-1,\"head\":1}", "expected the serials" },
		{ "{\"v\":1,\"codec\":\"zstd\",\"fmt\":\"rr-text/1\"," RAW ",\"serial\":1,\"head\":4294967296}", "expected the serials" },
		{ "{\"v\":1," ZONE ",\"state\":" SUM ",\"checkpoint_state\":" SUM "}", NULL },
		{ "{\"v\":1," ZONE ",\"state\":{\"alg\":\"another\",\"sum\":7}}", NULL },
		{ "{\"v\":1," ZONE ",\"state\":{\"alg\":\"lthash16-1024-b2b-cc20/1\",\"sum\":\"aa\"}}", "expected a state digest" },
		{ "{\"v\":1," ZONE ",\"checkpoint_state\":{\"alg\":\"lthash16-1024-b2b-cc20/1\"}}", "expected a state digest" },
		{ "{\"v\":1," ZONE ",\"cs\":[]}", NULL },
		{ "{\"v\":1," ZONE ",\"cs\":[{" STEP ",\"sha256\":\"" HEX "\"}]}", NULL },
		{ "{\"v\":1," ZONE ",\"cs\":[{" STEP "}]}", "cs is not a list of changesets" },
		{ "{\"v\":1," ZONE ",\"cs\":[{" STEP ",\"sha256\":\"" HEX "\"},7]}", "cs is not a list of changesets" },
		{ "{\"v\":1," ZONE ",\"cs\":[{\"from\":1,\"to\":2,\"length\":0,\"raw\":9,\"sha256\":\"" HEX "\"}]}",
		  "cs is not a list of changesets" },
		{ "{\"v\":1," ZONE ",\"cs\":[{\"from\":1,\"to\":2,\"length\":5,\"raw\":99999999999,\"sha256\":\"" HEX "\"}]}", NULL },	/* not used: the checkpoint leads there too */
		/* For those who wait. */
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"salt\":\"x\"}}", NULL },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":1000,\"prev\":{}}}", NULL },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"nodes\":[\"n1\"],\"prev\":{}}}", NULL },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"nodes\":[\"n2\"],\"prev\":{}}}",
		  "rollout: prev has no length and sha256" },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"prev\":{\"length\":5,\"sha256\":\"" HEX "\"}}}",
		  "rollout: prev has no head" },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"prev\":{\"length\":5,\"sha256\":\"" HEX "\",\"head\":1,"
		  "\"state\":{\"alg\":\"lthash16-1024-b2b-cc20/1\",\"sum\":1}}}}", "rollout: prev has no good state digest" },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"prev\":{\"length\":5,\"sha256\":\"" HEX "\",\"head\":1}}}",
		  "rollout: prev has no raw length and sha256" },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"prev\":{\"length\":5,\"sha256\":\"" HEX "\",\"head\":1," RAW ","
		  "\"cs\":[7]}}}", "rollout: cs of prev is not a list of changesets" },
		{ "{\"v\":1," ZONE ",\"rollout\":{\"permille\":0,\"prev\":{\"length\":5,\"sha256\":\"" HEX "\",\"head\":1," RAW "}}}",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_custom("{\"v\":1,\"zones\":[\"a.test\"]}", "zones/a.test/zone", rows[i][0], rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_custom),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
