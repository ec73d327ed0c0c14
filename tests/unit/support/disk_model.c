/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/disk_model.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "tests/unit/support/disk.h"

enum { NODES = 1024, ENTRIES = 256, LOG = 4096, FILE_MAX = 64 << 20, GONE = -1 };

struct content {
	const uint8_t *bytes;
	size_t len;
};

struct entry {
	const char *name;
	int node;		/* GONE: no more */
};

/* now: as everybody sees it; safe: as it is after a power cut at the worst moment. */
struct node {
	bool is_folder;
	struct content now, safe;
	struct entry *names_now, *names_safe;	/* ENTRIES of them; a name NULL ends them */
};

struct logged {
	enum disk_what what;
	int node, folder, to_folder;
	const char *name, *to_name;
	struct content content;
};

static struct {
	struct arena arena;
	struct node nodes[NODES];
	ino_t inodes[NODES];	/* of the folder itself, while it is watched */
	int count;
	struct logged log[LOG];
	size_t logged;
} model;

static void must(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "disk: %s\n", what);
	abort();
}

static const char *keep(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1, 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

/* ---- as it is at the beginning ---- */

static int new_node(ino_t inode, bool is_folder)
{
	/* A number that is used again is another file from now on. */
	for (int i = 0; i < model.count; i++) {
		if (model.inodes[i] == inode)
			model.inodes[i] = 0;
	}
	must(model.count < NODES, "too many files");
	model.inodes[model.count] = inode;
	model.nodes[model.count] = (struct node){ .is_folder = is_folder };
	return model.count++;
}

static struct entry *names(struct arena *arena)
{
	struct entry *list = arena_alloc(arena, ENTRIES * sizeof *list, sizeof(void *));

	memset(list, 0, ENTRIES * sizeof *list);
	return list;
}

static void put_name(struct entry *list, const char *name, int node)
{
	size_t i = 0;

	for (; list[i].name != NULL; i++) {
		if (strcmp(list[i].name, name) == 0)
			break;
	}
	must(i + 1 < ENTRIES, "too many names in a folder");
	list[i] = (struct entry){ name, node };
}

static int find_name(const struct entry *list, const char *name)
{
	for (; list->name != NULL; list++) {
		if (strcmp(list->name, name) == 0)
			return list->node;
	}
	return GONE;
}

static int scan(const char *path)
{
	struct stat stat_of;

	must(stat(path, &stat_of) == 0, path);
	int id = new_node(stat_of.st_ino, S_ISDIR(stat_of.st_mode));
	struct node *node = &model.nodes[id];
	if (!node->is_folder) {
		uint8_t *bytes;

		must(file_read(path, FILE_MAX, &bytes, &node->now.len) == 0, path);
		node->now.bytes = (const uint8_t *)keep(&model.arena, (char *)bytes, node->now.len);
		node->safe = node->now;
		mem_free(bytes);
		return id;
	}
	node->names_now = names(&model.arena);
	node->names_safe = names(&model.arena);
	DIR *entries = opendir(path);
	must(entries != NULL, path);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *below = mem_format("%s/%s", path, entry->d_name);
		const char *name = keep(&model.arena, entry->d_name, strlen(entry->d_name));
		int child = scan(below);

		put_name(model.nodes[id].names_now, name, child);
		put_name(model.nodes[id].names_safe, name, child);
		mem_free(below);
	}
	closedir(entries);
	return id;
}

void disk_free(void)
{
	arena_fini(&model.arena);
	model.arena = (struct arena){ 0 };
	model.count = 0;
	model.logged = 0;
}

void disk_model_begin(const char *folder)
{
	disk_free();
	scan(folder);
}

/* ---- what is done to it ---- */

static int node_of(ino_t inode)
{
	for (int i = model.count - 1; i >= 0; i--) {
		if (model.inodes[i] == inode)
			return i;
	}
	return GONE;
}

static int node_of_fd(int fd)
{
	struct stat stat_of;

	return fstat(fd, &stat_of) == 0 ? node_of(stat_of.st_ino) : GONE;
}

bool disk_model_has(int fd)
{
	struct stat stat_of;

	return fstat(fd, &stat_of) == 0 && (S_ISREG(stat_of.st_mode) || S_ISDIR(stat_of.st_mode))
		&& node_of(stat_of.st_ino) != GONE;
}

/* The folder of a path, and the name in it. */
static int folder_of(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *folder = mem_format("%.*s", (int)(slash - path), path);
	struct stat stat_of;

	must(stat(folder, &stat_of) == 0, folder);
	mem_free(folder);
	*ret_name = keep(&model.arena, slash + 1, strlen(slash + 1));
	int node = node_of(stat_of.st_ino);
	must(node != GONE, "a folder that is not known");
	return node;
}

static int made_node(const char *path, bool is_folder)
{
	struct stat stat_of;

	must(stat(path, &stat_of) == 0, path);
	return new_node(stat_of.st_ino, is_folder);
}

void disk_model_note(const struct disk_op *op)
{
	struct logged *logged = &model.log[model.logged++];

	must(model.logged < LOG, "too many calls");
	*logged = (struct logged){ .what = op->what };
	switch (op->what) {
	case DISK_OP_CREATE:
	case DISK_OP_MKDIR:
		logged->node = made_node(op->path, op->what == DISK_OP_MKDIR);
		logged->folder = folder_of(op->path, &logged->name);
		break;
	case DISK_OP_WRITE:
		logged->node = node_of_fd(op->fd);
		logged->content.len = op->len;
		logged->content.bytes = (const uint8_t *)keep(&model.arena, op->bytes, op->len);
		break;
	case DISK_OP_FSYNC:
		logged->node = node_of_fd(op->fd);
		break;
	case DISK_OP_RENAME:
	case DISK_OP_LINK:
		logged->to_folder = folder_of(op->to, &logged->to_name);
		logged->folder = folder_of(op->path, &logged->name);
		break;
	case DISK_OP_UNLINK:
		logged->folder = folder_of(op->path, &logged->name);
		break;
	default:
		break;
	}
}

/* ---- and what a power cut leaves of it ---- */

struct replay {
	struct arena arena;
	struct node *nodes;
	enum disk_cut cut;
	uint64_t seed;
};

static void sync_node(struct replay *replay, struct node *node)
{
	node->safe = node->now;
	if (node->names_now == NULL)	/* a file, or a folder that is not made yet */
		return;
	node->names_safe = names(&replay->arena);
	memcpy(node->names_safe, node->names_now, ENTRIES * sizeof(struct entry));
}

static void append(struct replay *replay, struct content *content, const struct content *more)
{
	uint8_t *bytes = arena_alloc(&replay->arena, content->len + more->len + 1, 1);

	if (content->len > 0)
		memcpy(bytes, content->bytes, content->len);
	memcpy(bytes + content->len, more->bytes, more->len);
	*content = (struct content){ bytes, content->len + more->len };
}

static void make_node(struct replay *replay, const struct logged *op)
{
	struct node *node = &replay->nodes[op->node];

	*node = (struct node){ .is_folder = op->what == DISK_OP_MKDIR };
	if (node->is_folder) {
		node->names_now = names(&replay->arena);
		node->names_safe = names(&replay->arena);
	}
	put_name(replay->nodes[op->folder].names_now, op->name, op->node);
}

static void replay_op(struct replay *replay, const struct logged *op)
{
	struct node *nodes = replay->nodes;
	struct entry *list = nodes[op->folder].names_now;

	switch (op->what) {
	case DISK_OP_CREATE:
	case DISK_OP_MKDIR:
		make_node(replay, op);
		break;
	case DISK_OP_WRITE:
		append(replay, &nodes[op->node].now, &op->content);
		break;
	case DISK_OP_FSYNC:
		sync_node(replay, &nodes[op->node]);
		break;
	case DISK_OP_SYNCFS:
		for (int i = 0; i < model.count; i++)
			sync_node(replay, &nodes[i]);
		break;
	case DISK_OP_RENAME:
	case DISK_OP_LINK:
		put_name(nodes[op->to_folder].names_now, op->to_name, find_name(list, op->name));
		if (op->what == DISK_OP_RENAME)
			put_name(list, op->name, GONE);
		break;
	case DISK_OP_UNLINK:
		put_name(list, op->name, GONE);
		break;
	default:
		break;
	}
}

static unsigned chance(struct replay *replay, unsigned below)
{
	replay->seed = replay->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(replay->seed >> 33) % below;
}

static struct content content_after(struct replay *replay, const struct node *node)
{
	enum disk_cut cut = replay->cut == DISK_CUT_CHANCE ? (enum disk_cut)chance(replay, DISK_CUT_CHANCE) : replay->cut;
	uint8_t *zeros;

	switch (cut) {
	case DISK_CUT_KEPT:
		return node->now;
	case DISK_CUT_ZEROS:
		if (node->now.bytes == node->safe.bytes)
			return node->now;
		zeros = arena_alloc(&replay->arena, node->now.len + 1, 1);
		memset(zeros, 0, node->now.len);
		return (struct content){ zeros, node->now.len };
	default:
		return node->safe;
	}
}

static void lay_down(struct replay *replay, int id, const char *path);

static void lay_down_names(struct replay *replay, const struct node *node, const char *path)
{
	bool now = replay->cut != DISK_CUT_LOST;
	const struct entry *first = now ? node->names_now : node->names_safe;
	struct entry *all = names(&replay->arena);

	for (const struct entry *entry = first; entry->name != NULL; entry++)
		put_name(all, entry->name, entry->node);
	for (const struct entry *entry = node->names_safe; replay->cut == DISK_CUT_CHANCE && entry->name != NULL; entry++) {
		if (chance(replay, 2) != 0)
			put_name(all, entry->name, entry->node);
	}
	for (const struct entry *entry = node->names_now; replay->cut == DISK_CUT_CHANCE && entry->name != NULL; entry++) {
		if (find_name(node->names_safe, entry->name) == GONE && chance(replay, 2) != 0)
			put_name(all, entry->name, GONE);
	}
	for (const struct entry *entry = all; entry->name != NULL; entry++) {
		char *below = mem_format("%s/%s", path, entry->name);

		if (entry->node != GONE)
			lay_down(replay, entry->node, below);
		mem_free(below);
	}
}

static void lay_down(struct replay *replay, int id, const char *path)
{
	const struct node *node = &replay->nodes[id];

	if (node->is_folder) {
		must(file_make_folders(path, 0700) == 0, path);
		lay_down_names(replay, node, path);
		return;
	}
	struct content content = content_after(replay, node);
	must(file_replace_unsynced(path, content.bytes, content.len, 0600) == 0, path);
}

void disk_cut(size_t calls, enum disk_cut cut, uint64_t seed, const char *to)
{
	struct replay replay = { .cut = cut, .seed = seed };

	replay.nodes = arena_alloc(&replay.arena, NODES * sizeof *replay.nodes, sizeof(void *));
	memcpy(replay.nodes, model.nodes, sizeof model.nodes);
	for (int i = 0; i < model.count; i++) {
		struct node *node = &replay.nodes[i];
		const struct entry *was = node->names_now;

		if (was == NULL)
			continue;
		node->names_now = names(&replay.arena);
		memcpy(node->names_now, was, ENTRIES * sizeof *was);
	}
	for (size_t i = 0; i < calls && i < model.logged; i++)
		replay_op(&replay, &model.log[i]);
	lay_down(&replay, 0, to);
	arena_fini(&replay.arena);
}

const char *disk_cut_name(enum disk_cut cut)
{
	static const char *const texts[DISK_CUTS] = { "lost", "empty", "zeros", "kept", "by chance" };

	return texts[cut];
}

const char *disk_call(size_t at)
{
	static const char *const texts[] = {
		[DISK_OP_NONE] = "fchmod", [DISK_OP_FAILED] = "a call that failed", [DISK_OP_CREATE] = "create",
		[DISK_OP_MKDIR] = "mkdir", [DISK_OP_WRITE] = "write", [DISK_OP_FSYNC] = "fsync", [DISK_OP_SYNCFS] = "syncfs",
		[DISK_OP_RENAME] = "rename", [DISK_OP_LINK] = "link", [DISK_OP_UNLINK] = "unlink",
	};

	return at > 0 && at <= model.logged ? texts[model.log[at - 1].what] : "?";
}
