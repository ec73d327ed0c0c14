/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_key.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"

enum { KEY_FILE_MAX = 1 << 16 };

static const char KIND[] = "catchment-key";

void publish_keyid(struct json_view *public_part, char ret_keyid[PUBLISH_KEYID_MAX])
{
	uint8_t digest[HASH_SHA256_BYTES];
	size_t len = 0;
	uint8_t *canonical = json_view_canonical(public_part, &len);

	hash_sha256((struct span){ canonical, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, ret_keyid);
	mem_free(canonical);
}

struct json_view *publish_public_of(const struct key_secret *secret)
{
	struct json_view *part = json_build_object();
	uint8_t bytes[KEY_PUBLIC_BYTES];
	char digits[2 * sizeof bytes + 1];

	key_secret_public(secret, bytes);
	hash_put_hex((struct span){ bytes, sizeof bytes }, digits);
	json_build_set_text(part, "keytype", "ed25519");
	json_build_set_text(part, "scheme", "ed25519");
	json_build_set_text(json_build_object_in(part, "keyval"), "public", digits);
	return part;
}

static void set_hex(struct json_view *object, const char *name, const uint8_t *bytes, size_t len)
{
	char *digits = mem_alloc(2 * len + 1);

	hash_put_hex((struct span){ bytes, len }, digits);
	json_build_set_text(object, name, digits);
	key_wipe(digits, 2 * len);
	mem_free(digits);
}

static bool get_hex(struct json_view *object, const char *name, uint8_t *out, size_t len)
{
	const char *digits = json_view_text(json_view_member(object, name));

	return digits != NULL && hash_get_hex(digits, out, len) == (int)len;
}

static struct json_view *wrapped_of(const struct key_secret *secret, struct span passphrase)
{
	struct json_view *view = json_build_object();
	struct key_wrapped wrapped;

	key_secret_wrap(secret, passphrase, &wrapped);
	json_build_set_text(view, "kdf", "argon2id");
	json_build_set_integer(view, "ops", (int64_t)wrapped.ops);
	json_build_set_integer(view, "memory", (int64_t)wrapped.memory);
	set_hex(view, "salt", wrapped.salt, sizeof wrapped.salt);
	set_hex(view, "nonce", wrapped.nonce, sizeof wrapped.nonce);
	set_hex(view, "box", wrapped.box, sizeof wrapped.box);
	return view;
}

static struct json_view *file_of(const struct key_secret *secret, struct json_view *public_part,
				 struct span passphrase,
				 const char *keyid)
{
	struct json_view *file = json_build_object();
	uint8_t seed[KEY_SEED_BYTES];

	json_build_set_integer(file, "v", 1);
	json_build_set_text(file, "kind", KIND);
	json_build_set_text(file, "keyid", keyid);
	json_build_set(file, "public", json_build_copy(public_part));
	if (passphrase.len > 0) {
		json_build_set(file, "wrapped", wrapped_of(secret, passphrase));
		return file;
	}
	key_secret_seed(secret, seed);
	set_hex(file, "secret", seed, sizeof seed);
	key_wipe(seed, sizeof seed);
	return file;
}

static int write_json(const char *path, struct json_view *view, mode_t mode, struct err_note *note)
{
	size_t len;
	char *text = json_build_print(view, &len);
	int err = file_replace(path, text, len, mode);

	key_wipe(text, len);
	mem_free(text);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	return err;
}

int publish_key_write(const char *path, const struct key_secret *secret, struct span passphrase, char *ret_keyid,
		      struct err_note *note)
{
	struct json_view *public_part = publish_public_of(secret);
	char *beside = mem_format("%s.pub", path), keyid[PUBLISH_KEYID_MAX];
	int err = -EEXIST;

	publish_keyid(public_part, keyid);
	if (access(path, F_OK) == 0 || access(beside, F_OK) == 0) {
		err_note_set(note, path, 0,
			     "is there already; keys are never overwritten: remove it, or name another file");
	} else {
		struct json_view *file = file_of(secret, public_part, passphrase, keyid);

		err = write_json(path, file, 0600, note);
		if (err == 0)
			err = write_json(beside, public_part, 0644, note);
		json_view_free(file);
	}
	if (err == 0 && ret_keyid != NULL)
		memcpy(ret_keyid, keyid, sizeof keyid);
	json_view_free(public_part);
	mem_free(beside);
	return err;
}

static int read_json(const char *path, struct json_view **ret_view, struct err_note *note)
{
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, KEY_FILE_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "cannot be read: %s", err_text(err));
		return err;
	}
	*ret_view = json_view_parse((struct span){ bytes, len }, note);
	key_wipe(bytes, len);
	mem_free(bytes);
	if (*ret_view != NULL)
		return 0;
	snprintf(note->file, sizeof note->file, "%s", path);
	return ERR_SYNTAX;
}

static bool read_wrapped(struct json_view *view, struct key_wrapped *wrapped)
{
	int64_t ops, memory;
	const char *kdf = json_view_text(json_view_member(view, "kdf"));

	if (kdf == NULL || strcmp(kdf, "argon2id") != 0)
		return false;
	if (!json_view_integer(json_view_member(view, "ops"), &ops) || ops < 1
	    || !json_view_integer(json_view_member(view, "memory"), &memory) || memory < 1)
		return false;
	wrapped->ops = (uint64_t)ops;
	wrapped->memory = (uint64_t)memory;
	return get_hex(view, "salt", wrapped->salt, sizeof wrapped->salt)
		&& get_hex(view, "nonce", wrapped->nonce, sizeof wrapped->nonce)
		&& get_hex(view, "box", wrapped->box, sizeof wrapped->box);
}

static bool read_secret(struct json_view *file, struct publish_key *key)
{
	uint8_t seed[KEY_SEED_BYTES];

	if (json_view_member(file, "wrapped") != NULL)
		return read_wrapped(json_view_member(file, "wrapped"), &key->wrapped);
	if (!get_hex(file, "secret", seed, sizeof seed))
		return false;
	key->secret = key_secret_of(seed);
	key_wipe(seed, sizeof seed);
	struct json_view *public_part = publish_public_of(key->secret);
	bool same = json_build_equal(public_part, key->public_part);
	json_view_free(public_part);
	return same;
}

int publish_key_read(const char *path, struct publish_key **ret_key, struct err_note *note)
{
	struct json_view *file, *public_part;
	struct stat stat_buf;

	if (stat(path, &stat_buf) == 0 && (stat_buf.st_mode & 077) != 0) {
		err_note_set(note, path, 0,
			     "others may read this secret key (mode %03o): chmod 600 it, and think about a new one",
			     (unsigned)(stat_buf.st_mode & 0777));
		return ERR_INVALID;
	}
	int err = read_json(path, &file, note);
	if (err != 0)
		return err;
	struct publish_key *key = mem_alloc(sizeof *key);
	const char *kind = json_view_text(json_view_member(file, "kind"));
	public_part = json_view_member(file, "public");
	key->path = mem_string(path);
	if (public_part != NULL)
		key->public_part = json_build_copy(public_part);
	if (kind == NULL || strcmp(kind, KIND) != 0 || !json_view_is_object(public_part) || !read_secret(file, key)) {
		err_note_set(note, path, 0, "not a key file of catchment-publish (key new makes one)");
		publish_key_free(key);
		json_view_free(file);
		return ERR_INVALID;
	}
	publish_keyid(key->public_part, key->keyid);
	json_view_free(file);
	*ret_key = key;
	return 0;
}

void publish_key_free(struct publish_key *key)
{
	if (key == NULL)
		return;
	key_secret_free(key->secret);
	json_view_free(key->public_part);
	mem_free(key->path);
	mem_free(key);
}

int publish_public_read(const char *path, struct json_view **ret_public, struct err_note *note)
{
	struct json_view *file;
	int err = read_json(path, &file, note);

	if (err != 0)
		return err;
	struct json_view *part = json_view_member(file, "public");
	if (part == NULL)
		part = file;
	if (json_view_text(json_view_member(part, "keytype")) == NULL
	    || json_view_text(json_view_member(part, "scheme")) == NULL
	    || json_view_text(json_view_member(json_view_member(part, "keyval"), "public")) == NULL) {
		err_note_set(note, path, 0, "not a public key: expected keytype, scheme and keyval.public");
		err = ERR_INVALID;
	} else {
		*ret_public = json_build_copy(part);
	}
	json_view_free(file);
	return err;
}

static int add_file(struct publish_ring *ring, const char *path, struct err_note *note)
{
	struct publish_key *key;
	int err = publish_key_read(path, &key, note);

	if (err != 0)
		return err;
	mem_grow((void **)&ring->list, &ring->room, ring->count, sizeof *ring->list);
	ring->list[ring->count++] = key;
	return 0;
}

static bool is_key_file(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".key") == 0;
}

int publish_ring_add(struct publish_ring *ring, const char *path, struct err_note *note)
{
	DIR *entries = opendir(path);
	int err = 0;

	if (entries == NULL && errno == ENOENT)
		return 0;
	if (entries == NULL && errno == ENOTDIR)
		return add_file(ring, path, note);
	if (entries == NULL) {
		err = -errno;
		err_note_set(note, path, 0, "the folder of keys cannot be read: %s", err_text(err));
		return err;
	}
	for (struct dirent *entry; err == 0 && (entry = readdir(entries)) != NULL;) {
		if (!is_key_file(entry->d_name))
			continue;
		char *file = mem_format("%s/%s", path, entry->d_name);

		err = add_file(ring, file, note);
		mem_free(file);
	}
	closedir(entries);
	return err;
}

void publish_ring_fini(struct publish_ring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		publish_key_free(ring->list[i]);
	mem_free(ring->list);
	*ring = (struct publish_ring){ 0 };
}

const struct publish_key *publish_ring_find(const struct publish_ring *ring, const char *keyid)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (strcmp(ring->list[i]->keyid, keyid) == 0)
			return ring->list[i];
	}
	return NULL;
}

static int unwrap(struct publish_ring *ring, struct publish_key *key, struct err_note *note)
{
	char *passphrase = ring->ask != NULL ? ring->ask(ring->ctx, key->path, note) : NULL;

	if (passphrase == NULL) {
		if (ring->ask == NULL)
			err_note_set(note, key->path, 0, "is wrapped, and there is no passphrase");
		return ERR_UNAVAILABLE;
	}
	key->secret = key_secret_unwrap(&key->wrapped, span_string(passphrase));
	key_wipe(passphrase, strlen(passphrase));
	mem_free(passphrase);
	if (key->secret != NULL)
		return 0;
	err_note_set(note, key->path, 0, "the passphrase does not open this key");
	return ERR_INVALID;
}

int publish_ring_secret(struct publish_ring *ring, const char *keyid, const struct key_secret **ret_secret,
			struct err_note *note)
{
	for (size_t i = 0; i < ring->count; i++) {
		struct publish_key *key = ring->list[i];

		if (strcmp(key->keyid, keyid) != 0)
			continue;
		int err = key->secret == NULL ? unwrap(ring, key, note) : 0;
		if (err == 0)
			*ret_secret = key->secret;
		return err;
	}
	return ERR_UNKNOWN;
}
