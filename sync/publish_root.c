/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_root.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_trust.h"

static const char *const roles[] = { "root", "targets", "snapshot", "timestamp" };
enum { ROLES = sizeof roles / sizeof roles[0], LINE_MAX_BYTES = 512 };

bool publish_root_is_role(const char *role)
{
	for (size_t i = 0; i < ROLES; i++) {
		if (strcmp(roles[i], role) == 0)
			return true;
	}
	return false;
}

struct json_view *publish_root_new(int64_t expires_s)
{
	struct json_view *body = publish_body("root", 1, expires_s), *list = json_build_object_in(body, "roles");

	json_build_set(body, "consistent_snapshot", json_build_flag(true));
	json_build_object_in(body, "keys");
	for (size_t i = 0; i < ROLES; i++) {
		struct json_view *who = json_build_object_in(list, roles[i]);

		json_build_list_in(who, "keyids");
		json_build_set_integer(who, "threshold", 1);
	}
	return body;
}

void publish_root_expire(struct json_view *body, int64_t expires_s)
{
	struct json_view *head = publish_body("root", 1, expires_s);

	json_build_set_text(body, "expires", json_view_text(json_view_member(head, "expires")));
	json_view_free(head);
}

struct json_view *publish_root_next(struct json_view *body, int64_t expires_s)
{
	struct json_view *next = json_build_copy(body);

	json_build_set_integer(next, "version", publish_version(body) + 1);
	publish_root_expire(next, expires_s);
	return next;
}

struct json_view *publish_root_who(struct json_view *body, const char *role)
{
	return json_view_member(json_view_member(body, "roles"), role);
}

void publish_root_add(struct json_view *body, const char *role, struct json_view *public_part)
{
	publish_who_add(publish_root_who(body, role), json_build_object_in(body, "keys"), public_part);
}

void publish_root_threshold(struct json_view *body, const char *role, int64_t threshold)
{
	json_build_set_integer(publish_root_who(body, role), "threshold", threshold);
}

bool publish_root_drop(struct json_view *body, const char *keyid, void (*on_role)(void *ctx, const char *role),
		       void *ctx)
{
	bool found = false;

	for (size_t i = 0; i < ROLES; i++) {
		struct json_view *who = publish_root_who(body, roles[i]);

		if (!publish_who_has(who, keyid))
			continue;
		publish_who_drop(who, keyid);
		found = true;
		if (on_role != NULL)
			on_role(ctx, roles[i]);
	}
	return found;
}

static bool is_used(struct json_view *body, const char *keyid)
{
	for (size_t i = 0; i < ROLES; i++) {
		if (publish_who_has(publish_root_who(body, roles[i]), keyid))
			return true;
	}
	return false;
}

void publish_root_forget_unused(struct json_view *body)
{
	struct json_view *keys = json_build_object_in(body, "keys"), *kept = json_build_object();
	struct json_member member = { 0 };

	while (json_view_next(keys, &member)) {
		if (is_used(body, member.name))
			json_build_set(kept, member.name, json_build_copy(member.value));
	}
	json_build_set(body, "keys", kept);
}

struct showing {
	void (*on_line)(void *ctx, const char *line);
	void *ctx;
};

static void say(const struct showing *showing, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct showing *showing, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	showing->on_line(showing->ctx, line);
}

static void show_keys(const struct showing *showing, struct json_view *who, struct json_view *before,
		      const char *mark,
		      const char *words)
{
	struct json_view *ids = json_view_member(who, "keyids");

	for (size_t i = 0; i < json_view_count(ids); i++) {
		const char *keyid = json_view_text(json_view_at(ids, i));

		if (keyid != NULL && !publish_who_has(before, keyid))
			say(showing, "%s %s%s", mark, keyid, words);
	}
}

static void show_role(const struct showing *showing, const char *role, struct json_view *who, struct json_view *was)
{
	say(showing, "  %s: %" PRId64 " of %zu keys", role, publish_threshold(who),
	    json_view_count(json_view_member(who, "keyids")));
	if (was == NULL) {
		show_keys(showing, who, NULL, "     ", "");
		return;
	}
	if (publish_threshold(who) != publish_threshold(was))
		say(showing, "    ! the threshold was %" PRId64, publish_threshold(was));
	struct json_view *ids = json_view_member(who, "keyids");
	for (size_t i = 0; i < json_view_count(ids); i++) {
		const char *keyid = json_view_text(json_view_at(ids, i));

		if (keyid != NULL && publish_who_has(was, keyid))
			say(showing, "      %s", keyid);
	}
	show_keys(showing, who, was, "    +", "  is new");
	show_keys(showing, was, who, "    -", "  is dropped");
}

void publish_root_show(struct json_view *body, struct json_view *before, void (*on_line)(void *ctx, const char *line),
		       void *ctx)
{
	struct showing showing = { on_line, ctx };
	char *fingerprint = publish_root_fingerprint(body);
	const char *expires = json_view_text(json_view_member(body, "expires"));

	say(&showing, "root version %" PRId64 ", expires %s", publish_version(body), expires != NULL ? expires
	    : "never");
	if (before != NULL)
		say(&showing, "compared with version %" PRId64 ", which expires %s", publish_version(before),
		    json_view_text(json_view_member(before, "expires")));
	for (size_t i = 0; i < ROLES; i++)
		show_role(&showing, roles[i], publish_root_who(body, roles[i]),
			  before != NULL ? publish_root_who(before, roles[i]) : NULL);
	say(&showing, "fingerprint %s", fingerprint);
	mem_free(fingerprint);
}

int publish_root_sane(struct json_view *body, struct err_note *note)
{
	for (size_t i = 0; i < ROLES; i++) {
		struct json_view *who = publish_root_who(body, roles[i]);
		size_t count = json_view_count(json_view_member(who, "keyids"));

		if (publish_threshold(who) >= 1 && (size_t)publish_threshold(who) <= count)
			continue;
		err_note_set(note, NULL, 0, "role %s has %zu keys and a threshold of %"
			     PRId64 ": give it keys with --add %s=KEY.pub"
			     " or another --threshold %s=N", roles[i], count, publish_threshold(who), roles[i],
			     roles[i]);
		return ERR_INVALID;
	}
	return 0;
}

int publish_root_check(struct span file, struct span before, int64_t now_s, struct err_note *note)
{
	struct tuf_trust trust = { 0 };
	bool reset;
	int err;

	tuf_settings_init(&trust.settings, now_s);
	err = tuf_trust_first_root(&trust, before.len > 0 ? before : file, note);
	if (err == 0 && before.len > 0)
		err = tuf_trust_next_root(&trust, file, &reset, note);
	if (err == 0)
		err = tuf_trust_final_root(&trust, note);
	tuf_trust_fini(&trust);
	return err;
}

char *publish_root_fingerprint(struct json_view *body)
{
	char digits[PUBLISH_KEYID_MAX], *text = mem_alloc(sizeof digits + sizeof digits / 4 + 1), *out = text;

	publish_keyid(body, digits);	/* the same: SHA-256 of the canonical form */
	for (size_t i = 0; digits[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			*out++ = ' ';
		*out++ = digits[i];
	}
	return text;
}
