/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"

enum {
	TEXT_MAX = 64 << 20,
	SETTLE_NS = 20 * 1000 * 1000,	/* kernels stamp files with the time of the last tick, 10 ms at most */
};

static const char title[] = "catchment image source 1\n";

static int64_t stat_ns(const struct stat *stat)
{
	return (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
}

/* A file that changed within this tick may change again without another time stamp: wait until it would get one, and
 * only then read it. */
static void settle(const struct stat *stat)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - stat_ns(stat);
	if (age >= 0 && age < SETTLE_NS)
		nanosleep(&(struct timespec){ .tv_nsec = SETTLE_NS - age }, NULL);
}

static char *print_file(const char *path, const struct stat *stat)
{
	return mem_format("file %jd %" PRId64 " %ju %ju %s\n", (intmax_t)stat->st_size, stat_ns(stat),
			  (uintmax_t)stat->st_ino, (uintmax_t)stat->st_dev, path);
}

void zone_source_note(void *ctx, const char *path, const struct stat *stat)
{
	struct zone_source *source = ctx;
	char *line = print_file(path, stat);
	size_t len = strlen(line);

	settle(stat);
	if (source->room - source->len < len + 1) {
		source->room = (source->room + len + 1) * 2;
		source->text = mem_resize(source->text, source->room, 1);
	}
	memcpy(source->text + source->len, line, len + 1);
	source->len += len;
	mem_free(line);
}

void zone_source_fini(struct zone_source *source)
{
	mem_free(source->text);
	*source = (struct zone_source){ 0 };
}

static void print_digest(const uint8_t *digest, char *out)
{
	for (unsigned i = 0; i < ZONE_IMAGE_DIGEST_BYTES; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}

int zone_source_write(const struct zone_source *source, const char *path, const uint8_t *image_digest)
{
	char digest[2 * ZONE_IMAGE_DIGEST_BYTES + 1];

	print_digest(image_digest, digest);
	char *text = mem_format("%simage %s\n%s", title, digest, source->text ? source->text : "");
	int err = file_replace_unsynced(path, text, strlen(text), 0644);

	mem_free(text);
	return err;
}

static bool parse_digest(const char *text, uint8_t *out)
{
	for (unsigned i = 0; i < ZONE_IMAGE_DIGEST_BYTES; i++) {
		unsigned byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

/* The path in a "file" line without its newline: what stands behind the fifth blank. */
static const char *path_of(const char *line)
{
	for (unsigned blanks = 0; blanks < 5; blanks++) {
		line = strchr(line, ' ');
		if (line++ == NULL)
			return NULL;
	}
	return line;
}

static bool file_is_current(const char *line, const char *path)
{
	struct stat stat_now;

	if (stat(path, &stat_now) != 0)
		return false;
	char *now = print_file(path, &stat_now);
	size_t len = strlen(now) - 1;
	bool same = strlen(line) == len && memcmp(line, now, len) == 0;
	mem_free(now);
	return same;
}

static bool check_text(char *text, const char *file, uint8_t *digest)
{
	static const char image[] = "image ";
	char *line = text + sizeof title - 1;
	bool first = true;

	if (strncmp(text, title, sizeof title - 1) != 0 || strncmp(line, image, sizeof image - 1) != 0)
		return false;
	line += sizeof image - 1;
	if (strcspn(line, "\n") != 2 * ZONE_IMAGE_DIGEST_BYTES || !parse_digest(line, digest))
		return false;

	line = strchr(line, '\n');
	if (line == NULL)
		return false;
	for (line++; *line != '\0'; first = false) {
		char *end = strchr(line, '\n');

		if (end == NULL)
			return false;
		*end = '\0';
		const char *path = path_of(line);
		if (path == NULL || (first && strcmp(path, file) != 0) || !file_is_current(line, path))
			return false;
		line = end + 1;
	}
	return !first;
}

bool zone_source_is_current(const char *path, const char *file, uint8_t *ret_image_digest)
{
	uint8_t *text, digest[ZONE_IMAGE_DIGEST_BYTES];
	size_t len;

	if (file_read(path, TEXT_MAX, &text, &len) != 0)
		return false;
	bool current = strlen((char *)text) == len && check_text((char *)text, file, digest);
	mem_free(text);
	if (current)
		memcpy(ret_image_digest, digest, sizeof digest);
	return current;
}
