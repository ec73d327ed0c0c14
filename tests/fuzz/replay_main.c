/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a fuzz target without a fuzzer: every file of the folders given, every prefix of it, and a fixed number of
 * mutations that depend on nothing but its bytes, so that two runs do the same. Inputs are exact-size heap copies: the
 * address sanitizer sees a read of one byte too many.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MUTATIONS = 64,			/* of each file */
	PREFIXES = 512,			/* of each file at most: all of them for what fits one packet */
	INPUT_MAX = 1 << 20,		/* bytes read of a file */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long runs;

static void feed(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One to four edits: a bit, a byte from the edges of ranges, a piece doubled or cut. */
static size_t mutate(uint8_t *bytes, size_t size, size_t room, uint32_t *state)
{
	static const uint8_t edges[] = { 0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, '\n', '\r', '"', '\\', '{' };
	unsigned edits = 1 + next_random(state) % 4;

	while (edits-- > 0 && size > 0) {
		size_t at = next_random(state) % size;
		size_t piece = 1 + next_random(state) % 16;

		if (piece > size - at)
			piece = size - at;
		switch (next_random(state) % 4) {
		case 0: bytes[at] ^= (uint8_t)(1u << next_random(state) % 8); break;
		case 1: bytes[at] = edges[next_random(state) % sizeof edges]; break;
		case 2:
			memmove(bytes + at, bytes + at + piece, size - at - piece);
			size -= piece;
			break;
		default:
			if (size + piece > room)
				break;
			memmove(bytes + at + piece, bytes + at, size - at);
			size += piece;
			break;
		}
	}
	return size;
}

static void replay(const uint8_t *bytes, size_t size)
{
	size_t step = size / PREFIXES + 1;
	uint32_t state = 2166136261u;
	uint8_t *work = malloc(size + 64);

	if (work == NULL)
		abort();
	feed(bytes, size);
	for (size_t cut = 0; cut < size; cut += step)
		feed(bytes, cut);
	for (size_t i = 0; i < size; i++)	/* FNV-1a: the seed is the content */
		state = (state ^ bytes[i]) * 16777619u;
	state |= 1;	/* xorshift stands still at 0 */
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(work, bytes, size);
		feed(work, mutate(work, size, size + 64, &state));
	}
	free(work);
}

static int replay_file(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	replay(bytes, size);
	return 0;
}

static int replay_folder(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);
	int files = 0, failed = 0;

	if (count < 0) {
		perror(folder);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
			failed |= replay_file(path);
			files++;
		}
		free(names[i]);
	}
	free(names);
	if (files == 0) {
		fprintf(stderr, "%s: no corpus\n", folder);
		return 1;
	}
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER...\n", argv[0]);
		return 2;
	}
	feed(NULL, 0);
	for (int i = 1; i < argc; i++)
		failed |= replay_folder(argv[i]);
	printf("%lu inputs\n", runs);
	return failed;
}
