/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of static answers. Its keys are request paths, with escapes of unreserved characters undone and the
 * digits of the others in upper case (RFC 3986, 6.2.2), which is what makes two spellings the same; nothing else
 * does. Keys come from the configuration and from names on disk, so "..", "//" or an escaped slash can be in none.
 */
#include "redirect/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/etag.h"
#include "redirect/files_read.h"
#include "redirect/files_type.h"
#include "redirect/percent.h"
#include "redirect/syntax.h"

/* Bytes of a key, the longest of which are a prefix of the configuration and a name on disk, all of it escaped. */
enum { KEY_MAX = 2048 + 3 * REDIRECT_NAME_MAX };

struct entry {
	struct span path;	/* ended by NUL */
	struct redirect_file file;
};

struct redirect_files {
	struct arena arena;
	struct entry *list;	/* sorted by path */
	size_t count, room;
	size_t key_max;		/* bytes of the longest path or prefix */
	struct span *prefixes;	/* each ends in "/" */
	size_t prefix_count;
};

static bool is_unreserved(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '-'
	       || byte == '.' || byte == '_' || byte == '~';
}

static uint8_t *put_escape(uint8_t *to, uint8_t byte)
{
	static const char digits[] = "0123456789ABCDEF";

	*to++ = '%';
	*to++ = (uint8_t)digits[byte >> 4];
	*to++ = (uint8_t)digits[byte & 15];
	return to;
}

/* At most most + 2 bytes: one more than most says that path is longer than any key. */
static size_t normalise(struct span path, uint8_t *out, size_t most)
{
	const uint8_t *at = path.at, *end = at + path.len;
	uint8_t *to = out;

	while (at < end && (size_t)(to - out) <= most) {
		const uint8_t *from = at;
		uint8_t byte = redirect_percent_next(&at, end);

		if (at - from == 3 && !is_unreserved(byte) && (size_t)(to - out) + 3 <= most + 2)
			to = put_escape(to, byte);
		else
			*to++ = at - from == 3 && !is_unreserved(byte) ? '%' : byte;
	}
	return (size_t)(to - out);
}

static int compare_spans(struct span a, struct span b)
{
	int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_spans(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static bool begins_with(struct span path, struct span prefix)
{
	return path.len >= prefix.len && memcmp(path.at, prefix.at, prefix.len) == 0;
}

const struct redirect_file *redirect_files_find(const struct redirect_files *files, struct span path, bool *ret_below)
{
	uint8_t bytes[KEY_MAX + 2];
	struct entry wanted = { .path.at = bytes };

	*ret_below = false;
	if (files == NULL)
		return NULL;
	wanted.path.len = normalise(path, bytes, files->key_max);
	for (size_t i = 0; i < files->prefix_count && !*ret_below; i++)
		*ret_below = begins_with(wanted.path, files->prefixes[i]);
	if (wanted.path.len > files->key_max || files->count == 0)
		return NULL;
	const struct entry *found =
		bsearch(&wanted, files->list, files->count, sizeof *files->list, compare_entries);
	return found != NULL ? &found->file : NULL;
}

size_t redirect_files_count(const struct redirect_files *files)
{
	return files != NULL ? files->count : 0;
}

const struct redirect_file *redirect_files_at(const struct redirect_files *files, size_t index, const char **ret_path)
{
	*ret_path = (const char *)files->list[index].path.at;
	return &files->list[index].file;
}

void redirect_files_free(struct redirect_files *files)
{
	if (files == NULL)
		return;
	mem_free(files->list);
	mem_free(files->prefixes);
	arena_fini(&files->arena);
	mem_free(files);
}

/* ---- building ---- */

struct rule {
	const struct conf_static_file *conf;
	struct span path;	/* normalised, without "*"; empty after a fault */
	bool prefix;
};

struct builder {
	const char *conf_file;
	struct err_list *errors;
	size_t faults, bytes;
	struct redirect_files *files;
	struct rule *rules;
	size_t rule_count;
	const struct rule *rule;	/* that is being read */
};

#define fault(builder, line, ...) \
	((builder)->faults++, err_list_add((builder)->errors, (builder)->conf_file, (line), __VA_ARGS__))

/* What no request can ask for without being another path to somebody: dot segments, empty ones, slashes in
 * disguise. */
static const char *path_fault(struct span path)
{
	uint8_t bytes[KEY_MAX + 2];
	size_t len = normalise(path, bytes, KEY_MAX);

	if (len == 0 || bytes[0] != '/')
		return "does not begin with \"/\"";
	if (len > 1024)
		return "is longer than 1024 bytes";
	if (memchr(bytes, '?', len) != NULL || !redirect_uri_legal((struct span){ bytes, len }))
		return "has a byte that RFC 3986 does not allow in a path; it can be written %XX";
	for (size_t at = 0; at < len; at++) {
		size_t left = len - at;

		if (left >= 3 && (memcmp(bytes + at, "%2F", 3) == 0 || memcmp(bytes + at, "%5C", 3) == 0))
			return "has a slash or backslash written %XX";
		if (bytes[at] != '/')
			continue;
		size_t segment = 0;
		while (at + 1 + segment < len && bytes[at + 1 + segment] != '/')
			segment++;
		if (segment == 0 && left > 1)
			return "has an empty segment (\"//\")";
		if ((segment == 1 || segment == 2) && memcmp(bytes + at + 1, "..", segment) == 0)
			return "has a segment \".\" or \"..\"";
	}
	return NULL;
}

static void make_rule(struct builder *builder, const struct conf_static_file *conf, struct rule *rule)
{
	struct span path = span_string(conf->path);
	uint8_t bytes[KEY_MAX + 2];
	bool prefix = path.len != 0 && path.at[path.len - 1] == '*';

	path.len -= prefix;
	*rule = (struct rule){ .conf = conf, .prefix = prefix };
	const char *why = path_fault(path);
	if (why == NULL && prefix && path.at[path.len - 1] != '/')
		why = "is no prefix of whole segments: \"*\" follows a \"/\", as in "
		      "\"/.well-known/acme-challenge/*\"";
	if (why != NULL) {
		fault(builder, conf->line, "sites.files.path: \"%s\" %s", conf->path, why);
		return;
	}
	size_t len = normalise(path, bytes, KEY_MAX);
	for (const struct rule *other = builder->rules; other < rule; other++)
		if (other->prefix == prefix && span_equal(other->path, (struct span){ bytes, len })) {
			fault(builder, conf->line,
			      "sites.files.path: \"%s\" is already a path of this site, in line %u", conf->path, other->conf->line);
			return;
		}
	uint8_t *kept = arena_alloc(&builder->files->arena, len + 1, 1);
	memcpy(kept, bytes, len);
	kept[len] = '\0';
	rule->path = (struct span){ kept, len };
}

static struct span kept_text(struct arena *arena, const char *text)
{
	size_t len = strlen(text);

	return (struct span){ arena_copy(arena, text, len + 1), len };
}

/* path and bytes are kept as they are: the arena's. */
static int add_file(struct builder *builder, struct span path, const char *source, struct span content,
		    struct err_note *note)
{
	struct redirect_files *files = builder->files;
	const struct conf_static_file *conf = builder->rule->conf;
	uint8_t etag[REDIRECT_ETAG_LEN];
	char cache[32] = "no-cache";

	if (files->count == REDIRECT_FILES_COUNT_MAX || content.len > REDIRECT_FILES_MAX - builder->bytes) {
		err_note_set(note, NULL, 0, "\"%s\" is over the limit of %d files and %d bytes of a site", source,
			     REDIRECT_FILES_COUNT_MAX, REDIRECT_FILES_MAX);
		return ERR_LIMIT;
	}
	builder->bytes += content.len;
	mem_grow((void **)&files->list, &files->room, files->count, sizeof *files->list);
	struct entry *entry = &files->list[files->count++];
	*entry = (struct entry){ .path = path };
	struct redirect_file *file = &entry->file;
	file->content.len = content.len;
	file->content.at = arena_copy(&files->arena, content.at, content.len);
	file->type = conf->type != NULL ? kept_text(&files->arena, conf->type) : redirect_files_type(path);
	file->etag = redirect_etag(content, etag);
	file->etag.at = arena_copy(&files->arena, etag, file->etag.len);
	if (conf->max_age_s != 0)
		snprintf(cache, sizeof cache, "max-age=%u", (unsigned)conf->max_age_s);
	file->cache_control = kept_text(&files->arena, cache);
	file->source = (const char *)kept_text(&files->arena, source).at;
	if (path.len > files->key_max)
		files->key_max = path.len;
	return 0;
}

/* Another rule that says more about path than the one being read. */
static bool is_shadowed(const struct builder *builder, struct span path)
{
	for (size_t i = 0; i < builder->rule_count; i++) {
		const struct rule *rule = &builder->rules[i];

		if (rule->path.len != 0
		    && (rule->prefix ? rule->path.len > builder->rule->path.len && begins_with(path, rule->path)
				     : span_equal(path, rule->path)))
			return true;
	}
	return false;
}

/* A name on disk as a request path: what may stand in one does, the rest is escaped. */
static size_t path_of_name(struct span prefix, const char *name, uint8_t *out)
{
	uint8_t *to = out;

	memcpy(to, prefix.at, prefix.len);
	to += prefix.len;
	for (; *name != '\0'; name++) {
		uint8_t byte = (uint8_t)*name;

		if (byte != '?' && redirect_uri_legal((struct span){ &byte, 1 }))
			*to++ = byte;
		else
			to = put_escape(to, byte);
	}
	*to = '\0';
	return (size_t)(to - out);
}

static int add_below(void *ctx, const char *name, const char *source, uint8_t *bytes, size_t len,
		     struct err_note *note)
{
	struct builder *builder = ctx;
	uint8_t path[KEY_MAX + 1];
	struct span key = { path, path_of_name(builder->rule->path, name, path) };
	int err = 0;

	if (!is_shadowed(builder, key)) {
		key.at = arena_copy(&builder->files->arena, path, key.len + 1);
		err = add_file(builder, key, source, (struct span){ bytes, len }, note);
	}
	mem_free(bytes);
	return err;
}

static void read_rule(struct builder *builder, const struct rule *rule)
{
	struct err_note note = { 0 };
	uint8_t *bytes = NULL;
	size_t len = 0;
	int err;

	builder->rule = rule;
	if (rule->prefix) {
		err = redirect_files_read_folder(rule->conf->file, add_below, builder, &note);
		builder->files->prefixes[builder->files->prefix_count++] = rule->path;
		if (rule->path.len > builder->files->key_max)
			builder->files->key_max = rule->path.len;
	} else {
		err = redirect_files_read_one(rule->conf->file, &bytes, &len, &note);
		if (err == 0)
			err = add_file(builder, rule->path, rule->conf->file, (struct span){ bytes, len }, &note);
		mem_free(bytes);
	}
	if (err != 0)
		fault(builder, rule->conf->line, "sites.files.file: %s", note.text);
}

int redirect_files_new(const char *conf_file, const struct conf_site *conf, struct redirect_files **ret,
		       struct err_list *errors)
{
	struct builder builder = { .conf_file = conf_file, .errors = errors, .rule_count = conf->file_count };

	if (conf->file_count == 0) {
		*ret = NULL;
		return 0;
	}
	builder.files = mem_alloc(sizeof *builder.files);
	builder.files->prefixes = mem_array(conf->file_count, sizeof *builder.files->prefixes);
	builder.rules = mem_array(conf->file_count, sizeof *builder.rules);
	for (size_t i = 0; i < conf->file_count; i++)
		make_rule(&builder, &conf->files[i], &builder.rules[i]);
	for (size_t i = 0; i < conf->file_count; i++)
		if (builder.rules[i].path.len != 0)
			read_rule(&builder, &builder.rules[i]);
	mem_free(builder.rules);
	if (builder.faults != 0) {
		redirect_files_free(builder.files);
		return ERR_INVALID;
	}
	if (builder.files->count != 0)
		qsort(builder.files->list, builder.files->count, sizeof *builder.files->list, compare_entries);
	*ret = builder.files;
	return 0;
}
