/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_secret.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "zone/cookie.h"

/* Of a ticket: name 16, HMAC 32, AES-256 32; or 16, 16, 16 for AES-128 (ssl_ticket_key of nginx and others). */
enum { TICKET_BYTES = 80, TICKET_SHORT_BYTES = 48, LINES = 3 };

static bool is_cookie(const char *path)
{
	return strncmp(path, "secrets/cookies/", 16) == 0;
}

/* ---- readers ---- */

static const char *box_of(struct publish_work *work, const char *node)
{
	return json_view_text(json_view_member(json_view_member(json_view_member(work->config, "nodes"), node), "box"));
}

struct json_view *publish_secret_readers(struct publish_work *work, struct json_view *item)
{
	struct json_view *to = json_view_member(item, "to"), *readers = json_build_list();
	const char *all = json_view_text(to);
	struct json_member node = { 0 };

	for (size_t i = 0; i < json_view_count(to); i++)
		json_build_append(readers, json_build_copy(json_view_at(to, i)));
	while (all != NULL && strcmp(all, "*") == 0
	       && json_view_next(json_view_member(work->config, "nodes"), &node)) {
		if (json_view_member(node.value, "box") != NULL)
			json_build_append_text(readers, node.name);
	}
	return readers;
}

static struct json_view *readers_and_keys(struct publish_work *work, struct json_view *item)
{
	struct json_view *readers = publish_secret_readers(work, item), *out = json_build_object();

	for (size_t i = 0; i < json_view_count(readers); i++) {
		const char *name = json_view_text(json_view_at(readers, i)), *box = box_of(work, name);

		json_build_set_text(out, name, box != NULL ? box : "");
	}
	json_view_free(readers);
	return out;
}

void publish_secret_readers_digest(struct publish_work *work, struct json_view *item,
				   char ret_digest[PUBLISH_KEYID_MAX])
{
	struct json_view *readers = readers_and_keys(work, item);

	publish_keyid(readers, ret_digest);	/* SHA-256 of its canonical form */
	json_view_free(readers);
}

/* READERS.CONTENT */
char *publish_secret_mark(struct publish_work *work, struct json_view *item, struct span plain)
{
	char readers[PUBLISH_KEYID_MAX], content[PUBLISH_KEYID_MAX];
	uint8_t digest[HASH_SHA256_BYTES];

	publish_secret_readers_digest(work, item, readers);
	hash_sha256(plain, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, content);
	return mem_format("%s.%s", readers, content);
}

/* ---- sealing ---- */

static bool seal_to(struct json_view *sealed, const char *name, const char *box, struct span plain)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t key[KEY_BOX_BYTES], *bytes = mem_alloc(plain.len + KEY_SEAL_BYTES + 2);
	size_t len = plain.len + KEY_SEAL_BYTES;
	char *text = mem_alloc((len + 2) / 3 * 4 + 1), *out = text;
	bool good = box != NULL && hash_get_hex(box, key, sizeof key) == (int)sizeof key
		&& key_box_seal(key, plain, bytes);

	for (size_t i = 0; good && i < len; i += 3) {	/* RFC 4648, 4; two zero bytes stand behind */
		uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		for (unsigned j = 0; j < 4; j++)
			*out++ = i + j > len ? '=' : alphabet[three >> (18 - 6 * j) & 63];
	}
	if (good)
		json_build_set_text(sealed, name, text);
	mem_free(text);
	mem_free(bytes);
	return good;
}

int publish_secret_seal(struct publish_work *work, struct json_view *item, const char *path, struct span plain,
			struct publish_bytes *ret_content, struct err_list *errors)
{
	struct json_view *readers = publish_secret_readers(work, item), *view = json_build_object();
	struct json_view *sealed = json_build_object_in(view, "sealed");
	int err = 0;

	json_build_set_integer(view, "v", 1);
	for (size_t i = 0; err == 0 && i < json_view_count(readers); i++) {
		const char *name = json_view_text(json_view_at(readers, i));

		if (seal_to(sealed, name, box_of(work, name), plain))
			continue;
		err_list_add(errors, NULL, 0, "%s: node %s has no good box key: add node %s --box HEX", path, name,
			     name);
		err = ERR_INVALID;
	}
	if (err == 0)
		ret_content->bytes = json_view_canonical(view, &ret_content->len);
	json_view_free(view);
	json_view_free(readers);
	return err;
}

/* ---- what a secret is ---- */

static bool is_line(const char *path, const char *line, size_t digits)
{
	uint8_t bytes[TICKET_BYTES];
	char text[2 * TICKET_BYTES + 1];

	if (digits >= sizeof text)
		return false;
	memcpy(text, line, digits);
	text[digits] = '\0';
	int got = strlen(text) == digits ? hash_get_hex(text, bytes, sizeof bytes) : -1;
	key_wipe(text, sizeof text);
	key_wipe(bytes, sizeof bytes);
	return is_cookie(path) ? got == COOKIE_SECRET_BYTES : got == TICKET_BYTES || got == TICKET_SHORT_BYTES;
}

int publish_secret_check(const char *path, struct span plain, struct err_note *note)
{
	static const char BLANKS[] = " \t\r\n";
	const char *at = (const char *)plain.at, *end = at + plain.len;
	size_t lines = 0;

	if (plain.len == (is_cookie(path) ? COOKIE_SECRET_BYTES : TICKET_BYTES)
	    || (!is_cookie(path) && plain.len == TICKET_SHORT_BYTES))
		return 0;
	while (at < end) {
		size_t digits = 0;

		while (at + digits < end && memchr(BLANKS, at[digits], sizeof BLANKS - 1) == NULL)
			digits++;
		if (digits > 0 && !is_line(path, at, digits))
			break;
		lines += digits > 0;
		at += digits + (at + digits < end);
	}
	if (at == end && lines > 0 && lines <= COOKIE_SECRETS_MAX)
		return 0;
	err_note_set(note, NULL, 0, "is no secret for %s: expected %s, at most %d of them; without a file one is made",
		     is_cookie(path) ? "cookies" : "tickets",
		     is_cookie(path) ? "16 bytes, or lines of 32 hexadecimal digits"
				     : "80 or 48 bytes, or lines of 160 or 96 hexadecimal digits", COOKIE_SECRETS_MAX);
	return ERR_INVALID;
}

/* ---- made here ---- */

static char *own_file(const struct publish_work *work, const char *path)
{
	char *folder = publish_work_path(work, "secrets"), *name = mem_string(path + strlen("secrets/")), *file;

	*strchr(name, '/') = '+';
	file_make_folders(folder, 0700);
	file = mem_format("%s/%s", folder, name);
	mem_free(name);
	mem_free(folder);
	return file;
}

static void random_line(const char *path, char out[2 * TICKET_BYTES + 1])
{
	uint8_t bytes[TICKET_BYTES];
	size_t len = is_cookie(path) ? COOKIE_SECRET_BYTES : TICKET_BYTES;

	key_random(bytes, len);
	hash_put_hex((struct span){ bytes, len }, out);
	key_wipe(bytes, sizeof bytes);
}

static int write_lines(const char *file, char lines[LINES][2 * TICKET_BYTES + 1], struct err_note *note)
{
	char *text = mem_format("%s\n%s\n%s%s", lines[0], lines[1], lines[2], lines[2][0] != '\0' ? "\n" : "");
	int err = file_replace(file, text, strlen(text), 0600);

	key_wipe(text, strlen(text));
	mem_free(text);
	if (err != 0)
		err_note_set(note, file, 0, "cannot be written: %s", err_text(err));
	return err;
}

int publish_secret_new(struct publish_work *work, struct json_view *item, const char *path, struct err_note *note)
{
	char lines[LINES][2 * TICKET_BYTES + 1] = { "" }, *file = own_file(work, path);

	random_line(path, lines[0]);
	random_line(path, lines[1]);
	int err = write_lines(file, lines, note);
	key_wipe(lines, sizeof lines);
	if (err == 0) {
		json_build_set_text(item, "file", file);
		json_build_set(item, "made", json_build_flag(true));
	}
	mem_free(file);
	return err;
}

/* Of what is released: rolled twice between two releases, no node would know the one in use. */
static bool is_released(struct publish_work *work, struct json_view *item, struct span plain)
{
	char *mark = publish_secret_mark(work, item, plain);
	const char *was = json_view_text(json_view_member(item, "mark"));

	was = was != NULL ? strchr(was, '.') : NULL;
	bool same = was != NULL && strcmp(was, strchr(mark, '.')) == 0;	/* whoever the readers are */
	mem_free(mark);
	return same;
}

static int roll(const char *file, const char *path, const char *text, struct err_note *note)
{
	char lines[LINES][2 * TICKET_BYTES + 1] = { "" };
	int err = 0;

	/* In use, next, before: next, fresh, in use. */
	if (sscanf(text, "%160s %160s", lines[2], lines[0]) == 2 && is_line(path, lines[0], strlen(lines[0]))
	    && is_line(path, lines[2], strlen(lines[2]))) {
		random_line(path, lines[1]);
		err = write_lines(file, lines, note);
	} else {
		err_note_set(note, file, 0, "is not as it was made: add secret without a file makes a new one");
		err = ERR_INVALID;
	}
	key_wipe(lines, sizeof lines);
	return err;
}

int publish_secret_roll(struct publish_work *work, struct json_view *item, const char *path, struct err_note *note)
{
	const char *file = json_view_text(json_view_member(item, "file"));
	uint8_t *text;
	size_t len;

	if (json_view_member(item, "made") == NULL) {
		err_note_set(note, NULL, 0, "%s was not made here: put a new line in front of those in %s", path,
			     file != NULL ? file : "its file");
		return ERR_INVALID;
	}
	int err = file_read(file, PUBLISH_SECRET_MAX, &text, &len);
	if (err != 0) {
		err_note_set(note, file, 0, "the secret cannot be read: %s", err_text(err));
		return err;
	}
	if (!is_released(work, item, (struct span){ text, len })) {
		err_note_set(note, NULL, 0, "%s is not released as it is now: release first, then roll", path);
		err = ERR_INVALID;
	} else {
		err = roll(file, path, (char *)text, note);
	}
	key_wipe(text, len);
	mem_free(text);
	return err;
}
