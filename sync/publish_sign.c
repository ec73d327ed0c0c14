/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_sign.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/key.h"
#include "sync/tuf_metadata.h"

struct json_view *publish_body(const char *type, int64_t version, int64_t expires_s)
{
	struct json_view *body = json_build_object();
	char text[CLOCK_TEXT_MAX];

	json_build_set_text(body, "_type", type);
	json_build_set_text(body, "spec_version", "1.0.34");
	json_build_set_integer(body, "version", version);
	json_build_set_text(body, "expires", clock_print(expires_s, text, sizeof text));
	return body;
}

int64_t publish_version(struct json_view *body)
{
	int64_t version;

	return json_view_integer(json_view_member(body, "version"), &version) ? version : 0;
}

int64_t publish_expires(struct json_view *body)
{
	const char *text = json_view_text(json_view_member(body, "expires"));
	int64_t expires_s;

	return text != NULL && tuf_time_parse(text, &expires_s) == 0 ? expires_s : 0;
}

struct json_view *publish_envelope(struct json_view *body, struct json_view *signatures)
{
	struct json_view *envelope = json_build_object();

	json_build_set(envelope, "signed", json_build_copy(body));
	json_build_set(envelope, "signatures", signatures);
	return envelope;
}

uint8_t *publish_bytes(struct json_view *envelope, size_t *ret_len)
{
	/* All texts are ASCII without control characters: there canonical JSON is JSON. */
	return json_view_canonical(envelope, ret_len);
}

void publish_sign(struct json_view *envelope, const char *keyid, const struct key_secret *secret)
{
	struct json_view *list = json_build_list_in(envelope, "signatures"), *entry = json_build_object();
	uint8_t signature[KEY_ED25519_BYTES], *canonical;
	char digits[2 * sizeof signature + 1];
	size_t len = 0;

	canonical = json_view_canonical(json_view_member(envelope, "signed"), &len);
	key_secret_sign(secret, (struct span){ canonical, len }, signature);
	mem_free(canonical);
	hash_put_hex((struct span){ signature, sizeof signature }, digits);
	json_build_set_text(entry, "keyid", keyid);
	json_build_set_text(entry, "sig", digits);
	for (size_t i = json_view_count(list); i > 0; i--) {
		const char *other = json_view_text(json_view_member(json_view_at(list, i - 1), "keyid"));

		if (other != NULL && strcmp(other, keyid) == 0)
			json_build_remove_at(list, i - 1);
	}
	json_build_append(list, entry);
}

int64_t publish_threshold(struct json_view *who)
{
	int64_t threshold;

	return json_view_integer(json_view_member(who, "threshold"), &threshold) ? threshold : 1;
}

static struct json_view *signature_of(struct json_view *envelope, const char *keyid)
{
	struct json_view *list = json_view_member(envelope, "signatures");

	for (size_t i = 0; i < json_view_count(list); i++) {
		const char *other = json_view_text(json_view_member(json_view_at(list, i), "keyid"));

		if (other != NULL && strcmp(other, keyid) == 0)
			return json_view_at(list, i);
	}
	return NULL;
}

static bool is_good(struct json_view *key_view, struct json_view *signature, struct span body)
{
	const char *type = json_view_text(json_view_member(key_view, "keytype"));
	const char *scheme = json_view_text(json_view_member(key_view, "scheme"));
	const char *part = json_view_text(json_view_member(json_view_member(key_view, "keyval"), "public"));
	const char *digits = json_view_text(json_view_member(signature, "sig"));
	uint8_t bytes[KEY_SIGNATURE_MAX];
	int len = digits != NULL ? hash_get_hex(digits, bytes, sizeof bytes) : -1;

	if (len < 0 || type == NULL || scheme == NULL || part == NULL)
		return false;
	struct key *key = key_new(type, scheme, part);
	bool good = key != NULL && key_verify(key, body, (struct span){ bytes, (size_t)len });
	key_free(key);
	return good;
}

int64_t publish_signed_by(struct json_view *envelope, struct json_view *who, struct json_view *keys)
{
	struct json_view *ids = json_view_member(who, "keyids");
	int64_t count = 0, threshold = publish_threshold(who);
	size_t len = 0;
	uint8_t *canonical = json_view_canonical(json_view_member(envelope, "signed"), &len);

	for (size_t i = 0; i < json_view_count(ids) && count < threshold; i++) {
		const char *keyid = json_view_text(json_view_at(ids, i));
		struct json_view *signature = keyid != NULL ? signature_of(envelope, keyid) : NULL;

		if (signature != NULL && is_good(json_view_member(keys, keyid), signature,
						 (struct span){ canonical, len }))
			count++;
	}
	mem_free(canonical);
	return count;
}

int publish_sign_as(struct json_view *envelope, struct json_view *who, struct publish_ring *ring,
		    int64_t *ret_missing,
		    struct err_note *note)
{
	struct json_view *ids = json_view_member(who, "keyids");
	int64_t missing = publish_threshold(who);

	for (size_t i = 0; i < json_view_count(ids); i++) {
		const char *keyid = json_view_text(json_view_at(ids, i));

		missing -= keyid != NULL && signature_of(envelope, keyid) != NULL;
	}
	for (size_t i = 0; i < json_view_count(ids) && missing > 0; i++) {
		const char *keyid = json_view_text(json_view_at(ids, i));
		const struct key_secret *secret;

		if (keyid == NULL || signature_of(envelope, keyid) != NULL)
			continue;
		int err = publish_ring_secret(ring, keyid, &secret, note);
		if (err == ERR_UNKNOWN)
			continue;
		if (err != 0)
			return err;
		publish_sign(envelope, keyid, secret);
		missing--;
	}
	*ret_missing = missing > 0 ? missing : 0;
	return 0;
}

bool publish_who_has(struct json_view *who, const char *keyid)
{
	struct json_view *ids = json_view_member(who, "keyids");

	for (size_t i = 0; i < json_view_count(ids); i++) {
		const char *id = json_view_text(json_view_at(ids, i));

		if (id != NULL && strcmp(id, keyid) == 0)
			return true;
	}
	return false;
}

bool publish_who_add(struct json_view *who, struct json_view *keys, struct json_view *public_part)
{
	char keyid[PUBLISH_KEYID_MAX];

	publish_keyid(public_part, keyid);
	if (publish_who_has(who, keyid))
		return false;
	json_build_append_text(json_build_list_in(who, "keyids"), keyid);
	json_build_set(keys, keyid, json_build_copy(public_part));
	return true;
}

void publish_who_drop(struct json_view *who, const char *keyid)
{
	struct json_view *ids = json_view_member(who, "keyids");

	for (size_t i = json_view_count(ids); i > 0; i--) {
		const char *id = json_view_text(json_view_at(ids, i - 1));

		if (id != NULL && strcmp(id, keyid) == 0)
			json_build_remove_at(ids, i - 1);
	}
}

int publish_json_read(const char *path, size_t limit, struct json_view **ret_view, struct err_note *note)
{
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, limit, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "cannot be read: %s", err_text(err));
		return err;
	}
	*ret_view = json_view_parse((struct span){ bytes, len }, note);
	mem_free(bytes);
	if (*ret_view != NULL)
		return 0;
	snprintf(note->file, sizeof note->file, "%s", path);
	return ERR_SYNTAX;
}
