/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checksum list, read line by line into entries that a hash table finds by path. Lines are those of sha256sum(1):
 *     HEX  PATH              HEX *PATH              SHA256 (PATH) = HEX
 * and of the BSD tools, which may add SIZE (PATH) = BYTES. A line that begins with "\" has "\\", "\n" and "\r" in
 * its path. Empty lines and those with "#" in front are comments. Lines of other algorithms are passed over, so that
 * a list may hold several; a list of nothing else is a fault, for the operator meant something by it.
 */
#include "redirect/digests.h"

#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "redirect/percent.h"

enum {
	FILE_BYTES_MAX = 256 << 20,
	LINES_MAX = 1000000,	/* that say something */
	PATH_BYTES_MAX = 4096,
};

struct entry {
	struct redirect_digest digest;
	uint32_t path_len;
	bool has_digest;	/* not only a size */
};

struct redirect_digests {
	struct arena arena;	/* paths */
	struct entry *list;
	size_t count, room;
	uint32_t *slots;	/* index of an entry + 1, or 0 */
	size_t mask;		/* of slots; 0: none yet */
	size_t with_digest;
};

/* ---- finding ---- */

/* FNV-1a, 64 bits folded. */
static uint64_t hash_step(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

enum { SLOTS_MIN = 64 };
#define HASH_START UINT64_C(0xcbf29ce484222325)

static size_t slot_of(const struct redirect_digests *digests, uint64_t hash)
{
	return (size_t)(hash ^ hash >> 29) & digests->mask;
}

/* text is escaped, path is not. */
static bool same_path(const struct entry *entry, struct span text)
{
	const uint8_t *at = text.at, *end = at + text.len;
	const char *path = entry->digest.path, *path_end = path + entry->path_len;

	while (at < end && path < path_end)
		if (redirect_percent_next(&at, end) != (uint8_t)*path++)
			return false;
	return at == end && path == path_end;
}

const struct redirect_digest *redirect_digests_find(const struct redirect_digests *digests, struct span path)
{
	uint64_t hash = HASH_START;

	if (digests == NULL || digests->mask == 0)
		return NULL;
	/* As many slashes as a Location leaves out. */
	while (path.len != 0 && path.at[0] == '/')
		path = (struct span){ path.at + 1, path.len - 1 };
	for (const uint8_t *at = path.at, *end = at + path.len; at < end;)
		hash = hash_step(hash, redirect_percent_next(&at, end));
	for (size_t slot = slot_of(digests, hash); digests->slots[slot] != 0; slot = (slot + 1) & digests->mask) {
		const struct entry *entry = &digests->list[digests->slots[slot] - 1];

		if (same_path(entry, path))
			return entry->has_digest ? &entry->digest : NULL;
	}
	return NULL;
}

size_t redirect_digests_count(const struct redirect_digests *digests)
{
	return digests != NULL ? digests->with_digest : 0;
}

void redirect_digests_free(struct redirect_digests *digests)
{
	if (digests == NULL)
		return;
	mem_free(digests->list);
	mem_free(digests->slots);
	arena_fini(&digests->arena);
	mem_free(digests);
}

/* ---- reading ---- */

static uint64_t hash_of(struct span path)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < path.len; i++)
		hash = hash_step(hash, path.at[i]);
	return hash;
}

static void grow_slots(struct redirect_digests *digests)
{
	mem_free(digests->slots);
	digests->mask = digests->mask == 0 ? SLOTS_MIN - 1 : digests->mask * 2 + 1;
	digests->slots = mem_array(digests->mask + 1, sizeof *digests->slots);
	for (size_t i = 0; i < digests->count; i++) {
		const struct entry *entry = &digests->list[i];
		size_t slot = slot_of(digests, hash_of((struct span){ (const uint8_t *)entry->digest.path,
								     entry->path_len }));

		while (digests->slots[slot] != 0)
			slot = (slot + 1) & digests->mask;
		digests->slots[slot] = (uint32_t)(i + 1);
	}
}

static struct entry *entry_of(struct redirect_digests *digests, struct span path)
{
	if (digests->count * 2 >= digests->mask)
		grow_slots(digests);
	size_t slot = slot_of(digests, hash_of(path));
	for (; digests->slots[slot] != 0; slot = (slot + 1) & digests->mask) {
		struct entry *entry = &digests->list[digests->slots[slot] - 1];

		if (entry->path_len == path.len && memcmp(entry->digest.path, path.at, path.len) == 0)
			return entry;
	}
	mem_grow((void **)&digests->list, &digests->room, digests->count, sizeof *digests->list);
	struct entry *entry = &digests->list[digests->count++];
	digests->slots[slot] = (uint32_t)digests->count;
	char *kept = arena_alloc(&digests->arena, path.len + 1, 1);
	memcpy(kept, path.at, path.len);
	kept[path.len] = '\0';
	*entry = (struct entry){ .digest.path = kept, .path_len = (uint32_t)path.len };
	return entry;
}

/* One line that says something. */
struct said {
	enum { SAID_NOTHING, SAID_DIGEST, SAID_SIZE, SAID_OTHER } what;
	struct span path, value;
};

static size_t hex_len(struct span text)
{
	size_t len = 0;

	while (len < text.len && redirect_hex(text.at[len]) >= 0)
		len++;
	return len;
}

/* MD5, SHA-1 and the others of SHA-2, by the length of their hex. */
static bool is_digest_len(size_t len)
{
	return len == 32 || len == 40 || len == 56 || len == 64 || len == 96 || len == 128;
}

/* HEX, a blank, then a blank or "*", PATH. */
static struct said read_gnu(struct span line)
{
	size_t len = hex_len(line);

	if (!is_digest_len(len) || line.len < len + 3 || line.at[len] != ' '
	    || (line.at[len + 1] != ' ' && line.at[len + 1] != '*'))
		return (struct said){ .what = SAID_NOTHING };
	return (struct said){
		.what = len == 64 ? SAID_DIGEST : SAID_OTHER,
		.path = { line.at + len + 2, line.len - len - 2 },
		.value = { line.at, len },
	};
}

static bool is_tag_byte(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')
	       || byte == '-' || byte == '/';
}

/* TAG (PATH) = VALUE; openssl(1) leaves out the first two blanks. The last ")" with "=" behind it ends the path. */
static struct said read_tagged(struct span line)
{
	size_t tag = 0, open, close = line.len;
	struct said said = { .what = SAID_OTHER };

	while (tag < line.len && is_tag_byte(line.at[tag]))
		tag++;
	open = tag + (tag < line.len && line.at[tag] == ' ');
	if (tag == 0 || open >= line.len || line.at[open] != '(')
		return (struct said){ .what = SAID_NOTHING };
	do {
		if (--close <= open)
			return (struct said){ .what = SAID_NOTHING };
	} while (line.at[close] != ')' || (line.len - close < 3)
		 || (line.at[close + 1] != '=' && (line.at[close + 1] != ' ' || line.at[close + 2] != '=')));
	size_t value = close + (line.at[close + 1] == '=' ? 2 : 3);
	value += value < line.len && line.at[value] == ' ';
	said.path = (struct span){ line.at + open + 1, close - open - 1 };
	said.value = (struct span){ line.at + value, line.len - value };
	struct span name = { line.at, tag };
	if (span_equal(name, SPAN_TEXT("SHA256")) || span_equal(name, SPAN_TEXT("SHA2-256")))
		said.what = SAID_DIGEST;
	else if (span_equal(name, SPAN_TEXT("SIZE")))
		said.what = SAID_SIZE;
	else if (hex_len(said.value) != said.value.len || said.value.len == 0)
		said.what = SAID_NOTHING;
	return said;
}

struct reading {
	const char *file;
	struct redirect_digests *digests;
	struct err_note *note;
	unsigned line;
	size_t said, others;
};

#define fault(reading, err, ...) (err_note_set((reading)->note, (reading)->file, (reading)->line, __VA_ARGS__), (err))

/* Undoes the escapes of a line with "\" in front, in place of the bytes read. */
static bool unescape(struct span *path, uint8_t *out)
{
	size_t len = 0;

	for (size_t i = 0; i < path->len; i++) {
		uint8_t byte = path->at[i];

		if (byte == '\\') {
			byte = ++i < path->len ? path->at[i] : 0;
			if (byte != '\\' && byte != 'n' && byte != 'r')
				return false;
			byte = byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte;
		}
		out[len++] = byte;
	}
	*path = (struct span){ out, len };
	return true;
}

/* From the root of the content: "./" and "/" in front mean just that. */
static struct span from_root(struct span path)
{
	for (;;)
		if (path.len >= 2 && path.at[0] == '.' && path.at[1] == '/')
			path = (struct span){ path.at + 2, path.len - 2 };
		else if (path.len >= 1 && path.at[0] == '/')
			path = (struct span){ path.at + 1, path.len - 1 };
		else
			return path;
}

static int keep_digest(struct reading *reading, struct span path, struct span hex)
{
	uint8_t bytes[32];

	if (hex.len != 2 * sizeof bytes || hex_len(hex) != hex.len)
		return fault(reading, ERR_SYNTAX, "a SHA-256 digest has 64 hex digits, got \"%.*s\"",
			     hex.len < 80 ? (int)hex.len : 80, (const char *)hex.at);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(redirect_hex(hex.at[2 * i]) << 4 | redirect_hex(hex.at[2 * i + 1]));
	struct entry *entry = entry_of(reading->digests, path);
	if (entry->has_digest && memcmp(entry->digest.sha256, bytes, sizeof bytes) != 0)
		return fault(reading, ERR_INVALID, "\"%s\" has another digest in an earlier line",
			     entry->digest.path);
	reading->digests->with_digest += !entry->has_digest;
	entry->has_digest = true;
	memcpy(entry->digest.sha256, bytes, sizeof bytes);
	return 0;
}

static int keep_size(struct reading *reading, struct span path, struct span text)
{
	uint64_t size = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9' || __builtin_mul_overflow(size, 10, &size)
		    || __builtin_add_overflow(size, (uint64_t)(text.at[i] - '0'), &size))
			text.len = 0;
	if (text.len == 0)
		return fault(reading, ERR_SYNTAX, "a size is a number of bytes");
	struct entry *entry = entry_of(reading->digests, path);
	if (entry->digest.has_size && entry->digest.size != size)
		return fault(reading, ERR_INVALID, "\"%s\" has another size in an earlier line", entry->digest.path);
	entry->digest.has_size = true;
	entry->digest.size = size;
	return 0;
}

static int read_line(struct reading *reading, struct span line)
{
	uint8_t unescaped[PATH_BYTES_MAX];

	if (line.len != 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.at[0] == '#')
		return 0;
	bool escaped = line.at[0] == '\\';
	if (escaped)
		line = (struct span){ line.at + 1, line.len - 1 };
	struct said said = read_gnu(line);
	if (said.what == SAID_NOTHING)
		said = read_tagged(line);
	if (said.what == SAID_NOTHING || memchr(line.at, '\0', line.len) != NULL)
		return fault(reading, ERR_SYNTAX,
			     "no checksum: expected \"HEX  PATH\" or \"SHA256 (PATH) = HEX\", as sha256sum(1) "
			     "writes it");
	if (said.what == SAID_OTHER) {
		reading->others++;
		return 0;
	}
	if (++reading->said > LINES_MAX)
		return fault(reading, ERR_LIMIT, "more than %d digests and sizes", LINES_MAX);
	if (said.path.len > PATH_BYTES_MAX)
		return fault(reading, ERR_LIMIT, "a path of more than %d bytes", PATH_BYTES_MAX);
	if (escaped && !unescape(&said.path, unescaped))
		return fault(reading, ERR_SYNTAX, "in a line with \"\\\" in front, \"\\\" stands before \"\\\", "
			     "\"n\" or \"r\" only");
	said.path = from_root(said.path);
	if (said.path.len == 0)
		return fault(reading, ERR_SYNTAX, "a digest without a path");
	return said.what == SAID_DIGEST ? keep_digest(reading, said.path, said.value)
					: keep_size(reading, said.path, said.value);
}

static int read_lines(struct reading *reading, struct span text)
{
	int err = 0;

	while (err == 0 && text.len != 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.at) : text.len;

		reading->line++;
		err = read_line(reading, (struct span){ text.at, len });
		text = (struct span){ text.at + len + (end != NULL), text.len - len - (end != NULL) };
	}
	reading->line = err != 0 ? reading->line : 0;
	if (err == 0 && reading->digests->with_digest == 0 && reading->others + reading->said != 0)
		err = fault(reading, ERR_INVALID, "no SHA-256 digest in it, but %zu lines of other kinds",
			    reading->others + reading->said);
	return err;
}

int redirect_digests_new(const char *file, struct redirect_digests **ret, struct err_note *note)
{
	struct reading reading = { .file = file, .note = note };
	uint8_t *bytes;
	size_t len;
	int err = file_read(file, FILE_BYTES_MAX, &bytes, &len);

	if (err == ERR_LIMIT)
		return fault(&reading, err, "larger than %d bytes", FILE_BYTES_MAX);
	if (err != 0)
		return fault(&reading, err, "%s", err_text(err));
	reading.digests = mem_alloc(sizeof *reading.digests);
	err = read_lines(&reading, (struct span){ bytes, len });
	mem_free(bytes);
	if (err != 0) {
		redirect_digests_free(reading.digests);
		return err;
	}
	*ret = reading.digests;
	return 0;
}
