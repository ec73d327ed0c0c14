/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "zone/compile.h"
#include "zone/image_inner.h"
#include "zone/source.h"
#include "zone/text.h"

/* The two files of a zone in the folder images. */
struct cache {
	char *image;
	char *source;
};

/* Letters, digits, '-' and '_' stay, dots between labels too; all else becomes %XX, so that no two zones share a
 * file, and none leaves the folder. The root is "%": nothing else is. A name too long for a file name ends in its
 * hash. */
static void file_name(const struct name *apex, char *out, size_t size)
{
	enum { PLAIN_MAX = 200 };
	const uint8_t *at = apex->wire;
	size_t len = 0;

	if (apex->labels == 0)
		out[len++] = '%';
	for (; *at != 0; at += 1 + *at) {
		if (len > 0)
			out[len++] = '.';
		for (unsigned i = 1; i <= *at && len < PLAIN_MAX; i++) {
			bool plain = (at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '0' && at[i] <= '9') || at[i] == '-'
				|| at[i] == '_';

			len += (size_t)snprintf(out + len, size - len, plain ? "%c" : "%%%02x", at[i]);
		}
		if (len >= PLAIN_MAX) {
			len += (size_t)snprintf(out + len, size - len, "%%%%%08x", apex->hash[0]);
			break;
		}
	}
	out[len] = '\0';
}

static void cache_init(struct cache *cache, const struct name *apex, const char *images)
{
	char name[256];

	file_name(apex, name, sizeof name);
	cache->image = mem_format("%s/%s.zone-image", images, name);
	cache->source = mem_format("%s/%s.zone-source", images, name);
}

static void cache_fini(struct cache *cache)
{
	mem_free(cache->image);
	mem_free(cache->source);
}

/* Maps the image, if it is one of this zone. */
static int map_image(const struct cache *cache, const struct name *apex, struct zone_image **ret_image,
		     struct err_note *note)
{
	struct zone_image *image;
	int err = zone_image_map(cache->image, &image, note);

	if (err != 0)
		return err;
	const struct zone_image_header *header = zone_image_header(image);
	if (header->apex_len != apex->len || memcmp(header->apex, apex->wire, apex->len) != 0) {
		zone_image_release(image);
		err_note_set(note, cache->image, 0, "the image is of another zone");
		return ERR_FORMAT;
	}
	*ret_image = image;
	return 0;
}

/* The image made from exactly this source, if there is one. */
static bool map_current(const struct cache *cache, const struct name *apex, const char *file,
			struct zone_image **ret_image, struct err_list *warnings)
{
	uint8_t digest[ZONE_IMAGE_DIGEST_BYTES];
	struct zone_image *image;
	struct err_note note;

	if (!zone_source_is_current(cache->source, file, digest))
		return false;
	int err = map_image(cache, apex, &image, &note);
	if (err != 0) {
		if (err != -ENOENT)
			err_list_add(warnings, cache->image, 0, "%s; it is made again from %s", note.text, file);
		return false;
	}
	/* Another process may be between writing the image and its fingerprint: then they do not belong together. */
	if (memcmp(zone_image_header(image)->digest, digest, sizeof digest) != 0) {
		zone_image_release(image);
		return false;
	}
	*ret_image = image;
	return true;
}

static int build(const struct name *apex, const char *file, struct zone_source *source, void **ret_bytes,
		 size_t *ret_size, struct err_list *errors, struct err_list *warnings)
{
	struct zone_text_watch watch = { zone_source_note, source };
	struct zone_compile *compile = zone_compile_new(apex);
	void *bytes;
	size_t size;
	int read_err = zone_text_read_watched(file, apex, zone_compile_add, compile, &watch, errors);

	/* A file that cannot be read at all has one fault. A faulty record hides none of the faults of the others. */
	if (read_err != 0 && read_err != ERR_SYNTAX) {
		zone_compile_free(compile);
		return read_err;
	}
	int err = zone_compile_finish(compile, &bytes, &size, errors, warnings);
	zone_compile_free(compile);
	if (err == 0 && read_err != 0) {
		mem_free(bytes);
		err = read_err;
	}
	if (err == 0) {
		*ret_bytes = bytes;
		*ret_size = size;
	}
	return err;
}

/* Writes image and fingerprint, the image first: a crash in between leaves a fingerprint of another digest. Gives
 * back the mapped file in place of the heap. */
static int store(const struct cache *cache, const char *images, const struct name *apex,
		 const struct zone_source *source, void *bytes, size_t size, struct zone_image **ret_image,
		 struct err_list *warnings)
{
	const struct zone_image_header *header = bytes;
	uint8_t digest[ZONE_IMAGE_DIGEST_BYTES];
	struct zone_image *image;
	struct err_note note;

	memcpy(digest, header->digest, sizeof digest);
	int err = file_make_folders(images, 0755);
	if (err == 0)
		err = file_replace_unsynced(cache->image, bytes, size, 0644);
	if (err != 0) {
		err_list_add(warnings, cache->image, 0, "cannot be written (%s); the next start reads the text again",
			     err_text(err));
		return err;
	}
	err = map_image(cache, apex, &image, &note);
	if (err == 0 && memcmp(zone_image_header(image)->digest, digest, sizeof digest) != 0) {
		/* Another process replaced it just now, and writes the fingerprint for its own. */
		zone_image_release(image);
		return -EAGAIN;
	}
	if (err != 0) {
		err_list_add(warnings, cache->image, 0, "does not read back: %s", note.text);
		return err;
	}
	err = zone_source_write(source, cache->source, digest);
	if (err != 0)
		err_list_add(warnings, cache->source, 0,
			     "cannot be written (%s); the next start reads the text again", err_text(err));
	*ret_image = image;
	return 0;
}

/* What a load is asked for. */
struct asked {
	const char *name, *file, *images;
	const struct zone_accept *accept;
	bool draft;
};

static int ask_accept(const struct asked *asked, const struct zone_image_header *base, struct err_list *errors,
		      struct err_list *warnings)
{
	return asked->accept ? zone_accept(asked->accept, asked->name, base, errors, warnings) : 0;
}

/* Of an image that is not there. */
static void note_draft(const struct cache *cache, const char *images, const struct zone_source *source, const void *bytes,
		       struct err_list *warnings)
{
	const struct zone_image_header *header = bytes;
	int err = file_make_folders(images, 0755);

	if (err == 0)
		err = zone_source_write(source, cache->source, header->digest);
	if (err != 0)
		err_list_add(warnings, cache->source, 0, "cannot be written (%s); the next time reads the text again", err_text(err));
}

static int load_text(const struct asked *asked, const struct name *apex, const struct cache *cache,
		     struct zone_image **ret_image, struct err_list *errors, struct err_list *warnings)
{
	struct zone_source source = { 0 };
	struct err_note note;
	void *bytes;
	size_t size;
	int err = build(apex, asked->file, &source, &bytes, &size, errors, warnings);

	if (err == 0) {
		err = ask_accept(asked, bytes, errors, warnings);
		if (err != 0)
			mem_free(bytes);
	}
	if (err == 0 && asked->draft)
		note_draft(cache, asked->images, &source, bytes, warnings);
	if (err == 0 && asked->images != NULL && !asked->draft
	    && store(cache, asked->images, apex, &source, bytes, size, ret_image, warnings) == 0) {
		mem_free(bytes);
	} else if (err == 0) {
		err = zone_image_open(bytes, size, false, ret_image, &note);
		if (err != 0) {
			mem_free(bytes);
			err_list_add(errors, asked->file, 0, "%s", note.text);
		}
	}
	zone_source_fini(&source);
	return err;
}

int zone_load(const char *name, const char *file, const char *images, struct zone_loaded *ret_loaded,
	      struct err_list *errors, struct err_list *warnings)
{
	return zone_load_accepted(name, file, images, NULL, ret_loaded, errors, warnings);
}

static int load(const struct asked *asked, struct zone_loaded *ret_loaded, struct err_list *errors,
		struct err_list *warnings)
{
	struct zone_loaded loaded = { 0 };
	uint64_t begin = clock_monotonic_ns();
	struct cache cache = { 0 };
	struct name apex;

	if (name_from_text(asked->name, &apex) != 0) {
		err_list_add(errors, asked->file, 0, "\"%s\" is not a zone name", asked->name);
		return ERR_SYNTAX;
	}
	if (asked->images != NULL) {
		cache_init(&cache, &apex, asked->images);
		loaded.mapped = map_current(&cache, &apex, asked->file, &loaded.image, warnings);
	}
	int err = loaded.mapped ? ask_accept(asked, zone_image_header(loaded.image), errors, warnings)
				: load_text(asked, &apex, &cache, &loaded.image, errors, warnings);
	cache_fini(&cache);
	if (err != 0 && loaded.mapped)
		zone_image_release(loaded.image);
	if (err == 0) {
		loaded.took_ns = clock_monotonic_ns() - begin;
		*ret_loaded = loaded;
	}
	return err;
}

int zone_load_accepted(const char *name, const char *file, const char *images, const struct zone_accept *accept,
		       struct zone_loaded *ret_loaded, struct err_list *errors, struct err_list *warnings)
{
	return load(&(struct asked){ name, file, images, accept, false }, ret_loaded, errors, warnings);
}

int zone_load_draft(const char *name, const char *file, const char *images, const struct zone_accept *accept,
		    struct zone_loaded *ret_loaded, struct err_list *errors, struct err_list *warnings)
{
	return load(&(struct asked){ name, file, images, accept, true }, ret_loaded, errors, warnings);
}

int zone_load_keep(const char *name, const char *images, const struct zone_image *image)
{
	char *path = zone_load_image_path(name, images);
	int err = path != NULL ? file_replace_unsynced(path, image->bytes, image->size, 0644) : ERR_SYNTAX;

	mem_free(path);
	return err;
}

bool zone_load_is_current(const char *name, const char *file, const char *images, const uint8_t *digest)
{
	uint8_t made[ZONE_IMAGE_DIGEST_BYTES];
	struct cache cache;
	struct name apex;

	if (name_from_text(name, &apex) != 0)
		return false;
	cache_init(&cache, &apex, images);
	bool current = zone_source_is_current(cache.source, file, made) && memcmp(made, digest, sizeof made) == 0;
	cache_fini(&cache);
	return current;
}

char *zone_load_image_path(const char *name, const char *images)
{
	struct cache cache;
	struct name apex;

	if (name_from_text(name, &apex) != 0)
		return NULL;
	cache_init(&cache, &apex, images);
	char *path = mem_string(cache.image);
	cache_fini(&cache);
	return path;
}

int zone_load_last_good(const char *name, const char *images, struct zone_image **ret_image, struct err_note *note)
{
	struct cache cache;
	struct name apex;

	if (name_from_text(name, &apex) != 0) {
		err_note_set(note, NULL, 0, "\"%s\" is not a zone name", name);
		return ERR_SYNTAX;
	}
	cache_init(&cache, &apex, images);
	int err = map_image(&cache, &apex, ret_image, note);
	cache_fini(&cache);
	return err;
}
