/* SPDX-License-Identifier: Apache-2.0 */
/* A start and a step from one release to the next, while every single call that changes a file below the state folder
 * fails, finds no room, writes half, or is the last one of its process; and a power cut behind every one of them.
 * CATCHMENT_ALL_FAULTS: at every call, else at some. */
#include "tests/unit/base/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/publish_tree.h"
#include "tests/unit/support/disk.h"
#include "tests/unit/support/follow_case.h"

enum { CHANCES = 6 };

static struct follow_case *test;
static size_t switched;		/* calls when the new release began to be served */

static void on_switch(void *ctx)
{
	(void)ctx;
	switched = disk_calls();
}

static int set_up(void **state)
{
	(void)state;
	test = follow_case_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	disk_free();
	follow_case_free(test);
	return 0;
}

/* A start and a look over a disk that fails at the at-th call. Gives whether the new release is served; *ret_started:
 * whether there was a node at all. */
static bool start_and_look(size_t at, enum disk_fault fault, bool *ret_started)
{
	struct follower node;
	bool is_new = false;

	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	disk_watch(test->state, at, fault);
	*ret_started = follower_start(&node, test->state, test->root, FOLLOW_CASE_NOW, NULL) == 0;
	if (*ret_started) {
		/* What the start gives is served at once, whatever becomes of the look. */
		if (strcmp(follower_serves(&node), test->old) != 0)
			fail_msg("%s at %zu: the start gives %s", disk_fault_name(fault), at, node.text);
		node.on_switch = on_switch;
		enum follow_result result = follower_look(&node, test->master);
		is_new = strcmp(follower_serves(&node), test->new) == 0;
		if (!is_new && strcmp(node.text, test->old) != 0)
			fail_msg("%s at %zu: served: %s", disk_fault_name(fault), at, node.text);
		if (!is_new && result != FOLLOW_DISK && result != FOLLOW_NETWORK)
			fail_msg("%s at %zu: %s: %s", disk_fault_name(fault), at, follow_result_name(result),
				 node.outcome.note.text);
		follower_stop(&node);
	} else if (node.said[0] == '\0') {
		fail_msg("%s at %zu: no start, and no reason", disk_fault_name(fault), at);
	}
	disk_watch(NULL, 0, DISK_NO_FAULT);
	return is_new;
}

static size_t count_calls(void)
{
	bool started;

	follow_case_restore(test);
	assert_true(start_and_look(0, DISK_NO_FAULT, &started));
	return disk_calls();
}

/* What a process of its own, which dies, has done to the disk. */
static void die_at(size_t at, enum disk_fault fault)
{
	pid_t child = fork();
	bool started;
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		start_and_look(at, fault, &started);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void every_call_fails(void **state)
{
	size_t calls = count_calls(), done = 0;
	unsigned first, stride = follow_case_stride(3, &first), served_new = 0;
	char where[64];

	(void)state;
	assert_true(calls > 60);
	for (size_t at = 1 + first; at <= calls; at += stride) {
		for (enum disk_fault fault = DISK_EIO; fault < DISK_FAULTS; fault++) {
			bool started = true, is_new = false;

			snprintf(where, sizeof where, "%s at call %zu", disk_fault_name(fault), at);
			follow_case_restore(test);
			if (fault == DISK_KILL || fault == DISK_KILL_BEHIND) {
				die_at(at, fault);
			} else {
				is_new = start_and_look(at, fault, &started);
				assert_true(disk_has_failed());
			}
			if (fault == DISK_SHORT && !is_new)
				fail_msg("%s: a short write is no failure", where);
			served_new += is_new;
			follow_case_check(test, is_new, where);
			done++;
		}
	}
	print_message("%zu calls, %zu faults; in %u of them the new release was served at once\n", calls, done, served_new);
}

/* Behind each call of a run that nothing disturbs. */
static void power_is_cut(void **state)
{
	size_t calls = count_calls(), done = 0, until = switched;
	unsigned first, stride = follow_case_stride(3, &first), new_before = test->turned_new;
	char where[64];

	(void)state;
	assert_true(until > 50 && until <= calls);
	for (size_t at = 0; at <= calls; at++) {
		if (at % stride != first % stride && at != calls && at != until)
			continue;
		for (unsigned way = 0; way < DISK_CUT_CHANCE + CHANCES; way++) {
			enum disk_cut cut = way < DISK_CUT_CHANCE ? (enum disk_cut)way : DISK_CUT_CHANCE;

			snprintf(where, sizeof where, "power cut behind call %zu (%s), %s %u", at, disk_call(at),
				 disk_cut_name(cut), way);
			publish_tree_remove(test->state);
			disk_cut(at, cut, at * CHANCES + way, test->state);
			follow_case_check(test, at >= until, where);
			done++;
		}
	}
	print_message("%zu power cuts behind %zu calls: %u with the new release\n", done, calls,
		      test->turned_new - new_before);
}

/* What was served in spite of a fault is there after a power cut that follows it. */
static void power_is_cut_after_a_fault(void **state)
{
	size_t calls = count_calls(), done = 0;
	unsigned first, stride = follow_case_stride(16, &first);
	char where[64];

	(void)state;
	for (size_t at = 1 + first; at <= calls; at += stride) {
		for (enum disk_fault fault = DISK_EIO; fault <= DISK_SHORT; fault++) {
			bool started, is_new;

			for (enum disk_cut cut = DISK_CUT_LOST; cut <= DISK_CUT_CHANCE; cut++) {
				snprintf(where, sizeof where, "%s at call %zu, then a power cut, %s", disk_fault_name(fault), at,
					 disk_cut_name(cut));
				follow_case_restore(test);
				is_new = start_and_look(at, fault, &started);
				publish_tree_remove(test->state);
				disk_cut(disk_calls(), cut, at, test->state);
				follow_case_check(test, is_new, where);
				done++;
			}
		}
	}
	print_message("%zu faults with a power cut behind them\n", done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(power_is_cut),
		cmocka_unit_test(power_is_cut_after_a_fault),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
