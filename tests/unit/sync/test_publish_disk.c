/* SPDX-License-Identifier: Apache-2.0 */
/* A release, while every single call that changes a file of the publisher fails, finds no room, writes half, or is the
 * last one of its process; and a power cut behind every one of them: a node takes what is served then, which is the old
 * or the new release, whole, and the next release completes it. CATCHMENT_ALL_FAULTS: at every call, else at some. */
#include "tests/unit/base/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "sync/publish_tree.h"
#include "tests/unit/support/disk.h"
#include "tests/unit/support/follow_case.h"

enum { CHANCES = 6, STEPS = 16 };

/* One that has taken the old release, and has a copy of the master as it was then and now. */
static struct {
	struct sync_master *master;
	char *folder, *state, *saved_state, *saved_master, *root;
	char *seen_state;	/* of a node that looked before the power was cut */
	char old[FOLLOWER_TEXT], new[FOLLOWER_TEXT], third[FOLLOWER_TEXT];
} test;

static void put(unsigned serial, const char *text)
{
	char *zone = mem_format("@ 300 SOA ns host %u 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.53\nwww 300 A 192.0.2.%u\n", serial,
				serial);

	sync_master_put(test.master, "zones/example.org/zone", zone);
	sync_master_put(test.master, "files/www.example.org/x.txt", text);
	mem_free(zone);
}

/* Without its number: a release that nobody saw is made again under the same one. */
static const char *content_of(struct follower *node)
{
	const char *text = follower_serves(node), *line = strchr(text, '\n');

	return line != NULL ? line + 1 : text;
}

/* A look of the node whose state is there: what it serves then. may_wait: what lies there may be older than that. */
static void look(char ret[FOLLOWER_TEXT], bool may_wait, const char *where)
{
	struct follower node;

	if (follower_start(&node, test.state, test.root, FOLLOW_CASE_NOW, NULL) != 0)
		fail_msg("%s: %s", where, node.said);
	sync_master_spoil(test.master, SYNC_MASTER_WHOLE, 0);
	enum follow_result result = follower_look(&node, test.master);
	/* Who saw what is gone now, waits for what comes behind it. */
	if (result != FOLLOW_NEW && result != FOLLOW_SAME && (!may_wait || result != FOLLOW_TRUST))
		fail_msg("%s: a node: %s: %s", where, follow_result_name(result), node.outcome.note.text);
	snprintf(ret, FOLLOWER_TEXT, "%s", content_of(&node));
	follower_stop(&node);
}

static int set_up(void **state)
{
	(void)state;
	follow_case_in_memory();
	test.master = sync_master_new(FOLLOW_CASE_NOW);
	test.folder = publish_tree_make("publish-disk");
	test.state = mem_format("%s/state", test.folder);
	test.saved_state = mem_format("%s/saved-state", test.folder);
	test.seen_state = mem_format("%s/seen-state", test.folder);
	test.saved_master = mem_format("%s/saved-master", test.folder);
	test.root = mem_format("%s/root.json", test.folder);
	/* So many steps that the next one is merged, and old ones may go. */
	for (unsigned serial = 1; serial <= STEPS; serial++) {
		put(serial, "one");
		sync_master_release(test.master);
	}
	char *first = mem_format("cp '%s' '%s'", sync_master_path(test.master, "repo/metadata/1.root.json"), test.root);
	assert_int_equal(system(first), 0);
	mem_free(first);
	look(test.old, false, "set up");
	sync_master_copy(test.state, test.saved_state);
	put(STEPS + 1, "two");
	sync_master_put(test.master, "zones/example.net/zone", "@ 300 SOA ns host 7 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.1\n");
	sync_master_copy(test.master->folder, test.saved_master);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	disk_free();
	sync_master_free(test.master);
	publish_tree_remove(test.folder);
	mem_free(test.folder);
	mem_free(test.state);
	mem_free(test.saved_state);
	mem_free(test.seen_state);
	mem_free(test.saved_master);
	mem_free(test.root);
	return 0;
}

static void restore(void)
{
	sync_master_copy(test.saved_master, test.master->folder);
	sync_master_copy(test.saved_state, test.state);
}

/* 0, or how it failed. */
static int release(size_t at, enum disk_fault fault, char said[512])
{
	disk_watch(test.master->folder, at, fault);
	int err = sync_master_try(test.master, said);
	disk_watch(NULL, 0, DISK_NO_FAULT);
	return err;
}

static size_t count_calls(void)
{
	char said[512];

	restore();
	assert_int_equal(release(0, DISK_NO_FAULT, said), 0);
	size_t calls = disk_calls();
	look(test.new, false, "counted");
	assert_string_not_equal(test.old, test.new);
	put(STEPS + 2, "three");
	sync_master_release(test.master);
	look(test.third, false, "counted");
	return calls;
}

/* A node takes what lies there; must_new: it is the new release. Then there is another release with another content,
 * which it takes as well. */
static bool check(bool must_new, bool may_wait, const char *where)
{
	char seen[FOLLOWER_TEXT], said[512];

	look(seen, may_wait, where);
	bool is_new = strcmp(seen, test.new) == 0;
	if (!is_new && (must_new || strcmp(seen, test.old) != 0))
		fail_msg("%s: a node serves: %s", where, seen);
	put(STEPS + 2, "three");
	if (sync_master_try(test.master, said) != 0)
		fail_msg("%s: the next release: %s", where, said);
	look(seen, false, where);
	if (strcmp(seen, test.third) != 0)
		fail_msg("%s: a node serves behind the next release: %s", where, seen);
	return is_new;
}

static void die_at(size_t at, enum disk_fault fault)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		release(at, fault, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void every_call_fails(void **state)
{
	unsigned first, stride = follow_case_stride(5, &first), turned_new = 0;
	size_t calls = count_calls(), done = 0;
	char where[700], said[512];

	(void)state;
	assert_true(calls > 40);
	for (size_t at = 1 + first; at <= calls; at += stride) {
		for (enum disk_fault fault = DISK_EIO; fault < DISK_FAULTS; fault++, done++) {
			int err = ERR_UNKNOWN;

			said[0] = '\0';
			restore();
			if (fault == DISK_KILL || fault == DISK_KILL_BEHIND)
				die_at(at, fault);
			else
				err = release(at, fault, said);
			snprintf(where, sizeof where, "%s at call %zu: %s", disk_fault_name(fault), at, said);
			if (fault == DISK_SHORT && err != 0)
				fail_msg("%s", where);
			if (err != 0 && err != ERR_UNKNOWN && said[0] == '\0')
				fail_msg("%s: no reason", where);
			turned_new += check(err == 0, false, where);
		}
	}
	print_message("%zu calls, %zu faults, %u with the new release\n", calls, done, turned_new);
}

static void power_is_cut(void **state)
{
	unsigned first, stride = follow_case_stride(5, &first), turned_new = 0;
	size_t calls = count_calls(), done = 0;
	char where[100], seen[FOLLOWER_TEXT];

	(void)state;
	for (size_t at = 0; at <= calls; at++) {
		if (at % stride != first && at + 8 < calls)
			continue;
		/* Written down anew each time: what follows is done to the same folder. */
		restore();
		assert_int_equal(release(0, DISK_NO_FAULT, NULL), 0);
		/* What a node saw up to then. */
		publish_tree_remove(test.master->folder);
		disk_cut(at, DISK_CUT_KEPT, 0, test.master->folder);
		look(seen, false, "before a power cut");
		sync_master_copy(test.state, test.seen_state);
		for (unsigned way = 0; way < DISK_CUT_CHANCE + CHANCES; way++, done++) {
			enum disk_cut cut = way < DISK_CUT_CHANCE ? (enum disk_cut)way : DISK_CUT_CHANCE;
			bool was_there = way % 2 != 0 || cut == DISK_CUT_LOST;

			snprintf(where, sizeof where, "power cut behind call %zu (%s), %s %u", at, disk_call(at),
				 disk_cut_name(cut), way);
			publish_tree_remove(test.master->folder);
			disk_cut(at, cut, at * CHANCES + way, test.master->folder);
			sync_master_copy(was_there ? test.seen_state : test.saved_state, test.state);
			turned_new += check(at == calls || (was_there && strcmp(seen, test.new) == 0), was_there, where);
		}
	}
	print_message("%zu power cuts behind %zu calls, %u with the new release\n", done, calls, turned_new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(power_is_cut),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
