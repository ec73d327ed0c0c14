/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/follow_case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "sync/publish_tree.h"

static void must(bool fact, const char *where, const char *what, const char *more)
{
	if (fact)
		return;
	fprintf(stderr, "%s: %s: %s\n", where, what, more);
	abort();
}

static void put_zone(struct follow_case *test, const char *name, unsigned serial, unsigned last)
{
	char *item = mem_format("zones/%s/zone", name);
	char *text = mem_format("@ 300 SOA ns host %u 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.53\nwww 300 A 192.0.2.%u\n"
				"mail 300 MX 10 www\n", serial, last);

	sync_master_put(test->master, item, text);
	mem_free(text);
	mem_free(item);
}

static void save_what_is_served(struct follow_case *test, char ret[FOLLOWER_TEXT])
{
	struct follower node;

	follow_case_start(test, &node, "set up");
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	must(follower_look(&node, test->master) == FOLLOW_NEW, "set up", "a look", node.outcome.note.text);
	snprintf(ret, FOLLOWER_TEXT, "%s", follower_serves(&node));
	test->bytes = test->master->passed;
	follower_stop(&node);
}

void follow_case_in_memory(void)
{
	const char *keep = getenv("CATCHMENT_KEEP");

	if (access("/dev/shm", W_OK | X_OK) == 0 && (keep == NULL || keep[0] == '\0'))
		setenv("TMPDIR", "/dev/shm", 1);
}

struct follow_case *follow_case_new(void)
{
	struct follow_case *test = mem_alloc(sizeof *test);

	follow_case_in_memory();
	test->folder = publish_tree_make("follow-case");
	must(test->folder != NULL, "set up", "no folder", "");
	test->saved = mem_format("%s/saved", test->folder);
	test->state = mem_format("%s/state", test->folder);
	test->master = sync_master_new(FOLLOW_CASE_NOW);
	test->root = mem_string(sync_master_path(test->master, "repo/metadata/1.root.json"));
	put_zone(test, "example.org", 1, 1);
	sync_master_put(test->master, "files/www.example.org/x.txt", "one");
	sync_master_put(test->master, "policy/guards.json", "{\"v\":1,\"zones\":{}}");
	sync_master_release(test->master);
	save_what_is_served(test, test->old);
	sync_master_copy(test->state, test->saved);
	test->repo = mem_format("%s/repo", test->folder);
	sync_master_copy(sync_master_path(test->master, "repo"), test->repo);
	sync_master_rotate(test->master, "timestamp");
	put_zone(test, "example.org", 2, 2);
	put_zone(test, "example.net", 7, 3);
	sync_master_put(test->master, "files/www.example.org/x.txt", "two");
	sync_master_put(test->master, "policy/guards.json", "{\"v\":1,\"zones\":{\"*\":{\"max_removed\":100}}}");
	sync_master_release(test->master);
	save_what_is_served(test, test->new);
	must(strcmp(test->old, test->new) != 0, "set up", "two releases that are the same", test->old);
	return test;
}

void follow_case_free(struct follow_case *test)
{
	sync_master_free(test->master);
	publish_tree_remove(test->folder);
	mem_free(test->folder);
	mem_free(test->saved);
	mem_free(test->state);
	mem_free(test->root);
	mem_free(test->repo);
	mem_free(test);
}

void follow_case_restore(struct follow_case *test)
{
	sync_master_copy(test->saved, test->state);
}

void follow_case_start(struct follow_case *test, struct follower *ret, const char *where)
{
	must(follower_start(ret, test->state, test->root, FOLLOW_CASE_NOW, NULL) == 0, where, "no start", ret->said);
}

static void find_left_over(const char *folder, const char *where)
{
	DIR *entries = opendir(folder);

	must(entries != NULL, where, "no folder", folder);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		size_t len = strlen(entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* NAME.XXXXXX and #XXXXXX */
		must(entry->d_name[0] != '#' && (len < 8 || entry->d_name[len - 7] != '.' || strstr(entry->d_name, ".json") ==
						 entry->d_name + len - 5), where, "left over", entry->d_name);
		char *below = mem_format("%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR)
			find_left_over(below, where);
		mem_free(below);
	}
	closedir(entries);
}

void follow_case_check(struct follow_case *test, bool seen_new, const char *where)
{
	struct follower node;

	follow_case_start(test, &node, where);
	const char *served = follower_serves(&node);
	bool is_new = strcmp(served, test->new) == 0;
	must(is_new || strcmp(served, test->old) == 0, where, "neither the old nor the new release", served);
	must(is_new || !seen_new, where, "older than what was served", served);
	test->turned_new += is_new;
	test->gone_wrong++;
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	enum follow_result result = follower_look(&node, test->master);
	must(result == FOLLOW_NEW || (is_new && result == FOLLOW_SAME), where, "not completed", node.outcome.note.text);
	must(strcmp(follower_serves(&node), test->new) == 0, where, "completed, but not so", node.text);
	follower_stop(&node);
	find_left_over(test->state, where);
	follow_case_start(test, &node, where);
	must(strcmp(follower_serves(&node), test->new) == 0, where, "gone after another start", node.said);
	must(node.said[0] == '\0', where, "damage is left", node.said);
	follower_stop(&node);
}

unsigned follow_case_stride(unsigned stride, unsigned *ret_first)
{
	bool all = getenv("CATCHMENT_ALL_FAULTS") != NULL;

	*ret_first = all ? 0 : (unsigned)(time(NULL) / 86400) % stride;
	return all ? 1 : stride;
}
