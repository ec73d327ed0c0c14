/* SPDX-License-Identifier: Apache-2.0 */
/* The follower under clocks of our choosing: a week without the master, a clock that is behind or far ahead, and what is
 * kept of the time. */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/age.h"
#include "sync/follow.h"
#include "tests/unit/support/tuf_repo.h"

#define NOW TUF_REPO_NOW		/* 2026-01-01T00:00:00Z */
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)
#define LIST "{\"v\":1,\"files\":[\"host.test/a\"]}"

/* A node with its state folder, and its master in memory. */
struct kit {
	struct transport transport;	/* first: what get() is given */
	struct tuf_repo *repo;
	bool down;			/* nobody answers */
	char folder[64];
	struct conf conf;
	struct follow_settings settings;
	struct content *running;
	int64_t settled;
	struct follow_outcome outcome;
};

static const char *const contents[] = { LIST, "one", "two", "three" };

/* Targets by their hash, which stands in front of the last name. */
static const char *target_of(const char *name)
{
	char digits[2 * HASH_SHA256_BYTES + 1];
	uint8_t digest[HASH_SHA256_BYTES];

	for (size_t i = 0; i < COUNT(contents); i++) {
		hash_sha256(span_string(contents[i]), digest);
		hash_put_hex((struct span){ digest, sizeof digest }, digits);
		if (strncmp(strrchr(name, '/') + 1, digits, sizeof digits - 1) == 0)
			return contents[i];
	}
	return NULL;
}

static int get(struct transport *transport, const char *name, uint64_t max_bytes, transport_take *take, void *ctx,
	       struct err_note *note)
{
	struct kit *kit = (struct kit *)(void *)transport;
	const char *text = strncmp(name, "metadata/", 9) == 0 ? tuf_repo_served(kit->repo, name + 9) : target_of(name);

	if (kit->down) {
		err_note_set(note, NULL, 0, "%s: connection refused", name);
		return -EIO;
	}
	if (text == NULL) {
		err_note_set(note, NULL, 0, "%s: the repository does not have it", name);
		return ERR_UNKNOWN;
	}
	return strlen(text) > max_bytes ? ERR_LIMIT : take(ctx, span_string(text));
}

static void set_expiry(struct kit *kit, const char *role, int64_t at_s)
{
	char at[CLOCK_TEXT_MAX], text[CLOCK_TEXT_MAX + 2];

	snprintf(text, sizeof text, "\"%s\"", clock_print(at_s, at, sizeof at));
	tuf_repo_set(kit->repo, role, "expires", text);
}

/* What the publisher does every ten minutes. */
static void sign_timestamp(struct kit *kit, int64_t expires_s)
{
	tuf_repo_bump(kit->repo, "timestamp");
	set_expiry(kit, "timestamp", expires_s);
	tuf_repo_publish_role(kit->repo, "timestamp");
}

static void release(struct kit *kit, const char *content, int release_number, int64_t timestamp_expires_s)
{
	json_t *targets = json_object_get(tuf_repo_body(kit->repo, "targets"), "targets");

	tuf_repo_target(kit->repo, "targets", "fleet/default/subscribe.json", LIST);
	tuf_repo_target(kit->repo, "targets", "files/host.test/a", content);
	json_object_set_new(json_object_get(targets, "files/host.test/a"), "custom",
			    json_pack("{si si}", "v", 1, "release", release_number));
	tuf_repo_bump(kit->repo, "targets");
	tuf_repo_bump(kit->repo, "snapshot");
	tuf_repo_bump(kit->repo, "timestamp");
	set_expiry(kit, "timestamp", timestamp_expires_s);
	tuf_repo_publish(kit->repo);
}

/* The process starts again: all that is left is on disk. */
static void start(struct kit *kit)
{
	char *root = mem_format("%s/root.json", kit->folder);
	struct err_list warnings = { 0 };
	struct err_note note;

	assert_int_equal(state_open(kit->folder, &kit->settings.state, &note, &warnings), 0);
	assert_int_equal(state_anchor(kit->settings.state, root, &note, &warnings), 0);
	mem_free(root);
	kit->settled = 0;
	kit->running = follow_offline(&kit->settings, NULL, 0, &warnings);
	assert_int_equal(warnings.count, 0);
	err_list_fini(&warnings);
}

static void stop(struct kit *kit)
{
	content_release(kit->running);
	kit->running = NULL;
	state_close(kit->settings.state);
}

static void restart(struct kit *kit)
{
	stop(kit);
	start(kit);
}

static int set_up(void **state)
{
	struct kit *kit = mem_alloc(sizeof *kit);
	char *root;

	kit->transport.get = get;
	kit->repo = tuf_repo_new();
	strcpy(kit->folder, "/tmp/follow-time.XXXXXX");
	assert_non_null(mkdtemp(kit->folder));
	kit->conf.node.name = (char *)(uintptr_t)"n1";
	kit->conf.sync.group = (char *)(uintptr_t)"default";
	kit->settings = (struct follow_settings){ .conf = &kit->conf, .transport = &kit->transport };
	root = mem_format("%s/root.json", kit->folder);
	const char *text = tuf_repo_served(kit->repo, "1.root.json");
	assert_int_equal(file_replace(root, text, strlen(text), 0644), 0);
	mem_free(root);
	start(kit);
	assert_null(kit->running);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;
	char *command = mem_format("rm -rf %s", kit->folder);

	stop(kit);
	assert_int_equal(system(command), 0);
	mem_free(command);
	tuf_repo_free(kit->repo);
	mem_free(kit);
	return 0;
}

/* A look at this time; what is new is switched to. */
static void look(struct kit *kit, int64_t now_s, enum follow_result result)
{
	struct err_note note;

	follow_refresh(&kit->settings, kit->running, now_s, &kit->settled, &kit->outcome);
	if (kit->outcome.result != result)
		fail_msg("%s, expected %s: %s", follow_result_name(kit->outcome.result), follow_result_name(result),
			 kit->outcome.note.text);
	if (result != FOLLOW_NEW)
		return;
	assert_int_equal(follow_commit(&kit->settings, kit->outcome.content, &kit->outcome, now_s, &note), 0);
	content_release(kit->running);
	kit->running = kit->outcome.content;
}

static void serves(const struct kit *kit, const char *release_number)
{
	assert_non_null(kit->running);
	assert_string_equal(kit->running->manifest->release, release_number);
	assert_int_equal(kit->running->file_count, 1);
}

static void a_look_without_news(void **state)
{
	struct kit *kit = *state;

	release(kit, "one", 1, NOW + 2 * DAY);
	look(kit, NOW, FOLLOW_NEW);
	serves(kit, "1");
	assert_int_equal(kit->outcome.verified.timestamp, 2);
	sign_timestamp(kit, NOW + 3 * DAY);
	look(kit, NOW + 60, FOLLOW_SAME);
	assert_int_equal(kit->outcome.verified.root, 1);
	assert_int_equal(kit->outcome.verified.timestamp, 3);
	assert_int_equal(kit->outcome.verified.snapshot, 2);
	assert_int_equal(kit->outcome.expires_s, NOW + 3 * DAY);
	assert_false(kit->outcome.again);
	assert_int_equal(kit->running->manifest->timestamp, 2);
	/* That it was verified then outlives the process. */
	assert_int_equal(kit->settings.state->floors.fetched_s, NOW + 60);
	restart(kit);
	assert_int_equal(kit->settings.state->floors.fetched_s, NOW + 60);
	assert_int_equal(kit->settings.state->floors.expires_s, NOW + 3 * DAY);
	kit->down = true;
	look(kit, NOW + 120, FOLLOW_NETWORK);
	assert_int_equal(kit->outcome.expires_s, 0);
	assert_true(kit->outcome.again);
	serves(kit, "1");
}

static void a_week_without_the_master(void **state)
{
	struct kit *kit = *state;

	set_expiry(kit, "root", NOW + 5 * DAY);
	tuf_repo_bump(kit->repo, "root");
	release(kit, "one", 1, NOW + 2 * DAY);
	look(kit, NOW, FOLLOW_NEW);
	kit->down = true;
	for (int64_t day = 1; day <= 7; day++) {
		look(kit, NOW + day * DAY, FOLLOW_NETWORK);
		serves(kit, "1");
		if (day == 4) {
			restart(kit);
			serves(kit, "1");
		}
	}
	restart(kit);
	serves(kit, "1");
	/* The master comes back as it was: what it signed has expired, and its root. */
	kit->down = false;
	look(kit, NOW + 7 * DAY, FOLLOW_TRUST);
	assert_string_equal(kit->outcome.note.text,
			    "root version 2: expired at 2026-01-06T00:00:00Z, it is 2026-01-08T00:00:00Z (TUF 5.3.10)");
	serves(kit, "1");
	tuf_repo_bump(kit->repo, "root");
	set_expiry(kit, "root", NOW + 400 * DAY);
	tuf_repo_publish_role(kit->repo, "root");
	look(kit, NOW + 7 * DAY + 60, FOLLOW_TRUST);
	assert_string_equal(kit->outcome.note.text,
			    "timestamp version 2: expired at 2026-01-03T00:00:00Z, it is 2026-01-08T00:01:00Z (TUF 5.4.4)");
	serves(kit, "1");
	release(kit, "two", 2, NOW + 9 * DAY);
	look(kit, NOW + 7 * DAY + 120, FOLLOW_NEW);
	serves(kit, "2");
	assert_int_equal(kit->outcome.verified.root, 3);
}

static void a_clock_behind(void **state)
{
	struct kit *kit = *state;

	release(kit, "one", 1, NOW + 30 * DAY);
	look(kit, NOW + 10 * DAY, FOLLOW_NEW);
	assert_int_equal(state_floor(kit->settings.state), NOW + 10 * DAY);
	/* Good by the clock, expired by what is known. */
	sign_timestamp(kit, NOW + 10 * DAY);
	look(kit, NOW, FOLLOW_TRUST);
	assert_string_equal(kit->outcome.note.text,
			    "timestamp version 3: expired at 2026-01-11T00:00:00Z, it is 2026-01-11T00:00:00Z (TUF 5.4.4)");
	sign_timestamp(kit, NOW + 10 * DAY + 1);
	look(kit, NOW, FOLLOW_SAME);
	restart(kit);
	release(kit, "two", 2, NOW + 12 * DAY);
	look(kit, 0, FOLLOW_NEW);	/* 1970 */
	serves(kit, "2");
	assert_int_equal(state_floor(kit->settings.state), NOW + 10 * DAY);
}

static void a_clock_far_ahead(void **state)
{
	struct kit *kit = *state;

	release(kit, "one", 1, NOW + 2 * DAY);
	look(kit, NOW, FOLLOW_NEW);
	release(kit, "two", 2, NOW + 2 * DAY);
	look(kit, NOW + 400 * DAY, FOLLOW_TRUST);
	assert_string_equal(kit->outcome.note.text,
			    "timestamp version 3: expired at 2026-01-03T00:00:00Z, it is 2027-02-05T00:00:00Z (TUF 5.4.4)");
	serves(kit, "1");
	/* It leaves nothing behind: the floor is of when something was good. */
	assert_int_equal(state_floor(kit->settings.state), NOW);
	restart(kit);
	serves(kit, "1");
	look(kit, NOW + HOUR, FOLLOW_NEW);
	serves(kit, "2");
}

/* Accepted by a clock that was ahead, but not too far: once it is set right, what is signed later is still taken. */
static void a_clock_a_little_ahead(void **state)
{
	struct kit *kit = *state;

	release(kit, "one", 1, NOW + 2 * DAY);
	look(kit, NOW + 2 * DAY - 1, FOLLOW_NEW);
	release(kit, "two", 2, NOW + 2 * DAY + 600);
	look(kit, NOW + 600, FOLLOW_NEW);
	serves(kit, "2");
}

static void no_clock_is_before_this_program(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(state_floor(kit->settings.state), STATE_EPOCH_S);
	assert_int_equal(state_now(kit->settings.state, 0), STATE_EPOCH_S);
	release(kit, "one", 1, STATE_EPOCH_S);
	look(kit, 0, FOLLOW_TRUST);
	sign_timestamp(kit, STATE_EPOCH_S + 1);
	look(kit, 0, FOLLOW_NEW);
	serves(kit, "1");
}

/* serve_max and on_aged: read, kept on disk, and news by themselves. */
static void what_is_said_of_age(void **state)
{
	static const struct {
		const char *custom;
		enum follow_result result;
		int64_t first_limit_s;
	} table[] = {
		{ "{\"v\":1,\"release\":2,\"serve_max\":60}", FOLLOW_NEW, 60 },
		{ "{\"v\":1,\"release\":2,\"serve_max\":604800,\"on_aged\":\"serve\"}", FOLLOW_NEW, 604800 },
		{ "{\"v\":1,\"release\":2}", FOLLOW_NEW, 0 },
		{ "{\"v\":1,\"release\":2,\"serve_max\":59}", FOLLOW_CONTENT, 0 },
		{ "{\"v\":1,\"release\":2,\"serve_max\":\"7d\"}", FOLLOW_CONTENT, 0 },
		{ "{\"v\":1,\"release\":2,\"serve_max\":\"soa-expire\"}", FOLLOW_CONTENT, 0 },	/* of a file */
		{ "{\"v\":1,\"release\":2,\"serve_max\":60,\"on_aged\":\"servfail\"}", FOLLOW_CONTENT, 0 },
		{ "{\"v\":1,\"release\":2,\"serve_max\":60,\"on_aged\":1}", FOLLOW_CONTENT, 0 },
	};
	struct kit *kit = *state;
	struct age_count count;

	release(kit, "one", 2, NOW + 2 * DAY);
	look(kit, NOW, FOLLOW_NEW);
	for (size_t i = 0; i < COUNT(table); i++) {
		json_t *targets = json_object_get(tuf_repo_body(kit->repo, "targets"), "targets");

		json_object_set_new(json_object_get(targets, "files/host.test/a"), "custom", json_loads(table[i].custom, 0, NULL));
		tuf_repo_bump(kit->repo, "targets");
		tuf_repo_bump(kit->repo, "snapshot");
		tuf_repo_bump(kit->repo, "timestamp");
		tuf_repo_publish(kit->repo);
		look(kit, NOW + HOUR, table[i].result);
		if (table[i].result != FOLLOW_NEW) {
			assert_string_equal(kit->outcome.note.text,
					    "files/host.test/a: custom: expected serve_max of 60 s or more, or \"soa-expire\" for a"
					    " zone, and on_aged serve, or servfail for a zone");
			continue;
		}
		restart(kit);
		assert_int_equal(kit->running->first_limit_s, table[i].first_limit_s);
		age_count(kit->running, 61, &count);
		assert_int_equal(count.aged, table[i].first_limit_s == 60);
		assert_int_equal(count.refused, 0);
		age_count(kit->running, 60, &count);
		assert_int_equal(count.aged, 0);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_look_without_news),
		TEST(a_week_without_the_master),
		TEST(a_clock_behind),
		TEST(a_clock_far_ahead),
		TEST(a_clock_a_little_ahead),
		TEST(no_clock_is_before_this_program),
		TEST(what_is_said_of_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
