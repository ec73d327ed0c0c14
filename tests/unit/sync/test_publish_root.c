/* SPDX-License-Identifier: Apache-2.0 */
/* Roots: made, changed, shown, and checked as a client would. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/publish_root.h"

enum { NOW_S = 1800000000, YEAR_S = 365 * 24 * 3600, KEYS = 6 };

static struct key_secret *secrets[KEYS];
static struct json_view *parts[KEYS];
static char ids[KEYS][PUBLISH_KEYID_MAX];

static int make_keys(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < KEYS; i++) {
		uint8_t seed[KEY_SEED_BYTES] = { i };

		secrets[i] = key_secret_of(seed);
		parts[i] = publish_public_of(secrets[i]);
		publish_keyid(parts[i], ids[i]);
	}
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	for (int i = 0; i < KEYS; i++) {
		key_secret_free(secrets[i]);
		json_view_free(parts[i]);
	}
	return 0;
}

/* Root by two of keys 0, 1, 2; the others by key 3. */
static struct json_view *new_root(void)
{
	struct json_view *body = publish_root_new(NOW_S + YEAR_S);

	for (int i = 0; i < 3; i++)
		publish_root_add(body, "root", parts[i]);
	publish_root_threshold(body, "root", 2);
	publish_root_add(body, "targets", parts[3]);
	publish_root_add(body, "snapshot", parts[3]);
	publish_root_add(body, "timestamp", parts[3]);
	return body;
}

/* Signed by the keys whose numbers are digits of who. */
static uint8_t *sign(struct json_view *body, const char *who, size_t *ret_len)
{
	struct json_view *file = publish_envelope(body, json_build_list());

	for (; *who != '\0'; who++)
		publish_sign(file, ids[*who - '0'], secrets[*who - '0']);
	uint8_t *bytes = publish_bytes(file, ret_len);
	json_view_free(file);
	return bytes;
}

static int check(struct json_view *body, const char *who, struct json_view *before, int64_t now_s)
{
	size_t len, before_len = 0;
	uint8_t *bytes = sign(body, who, &len), *old = before != NULL ? sign(before, "012", &before_len) : NULL;
	struct err_note note = { 0 };
	int err = publish_root_check((struct span){ bytes, len }, (struct span){ old, before_len }, now_s, &note);

	assert_int_equal(err == 0, note.text[0] == '\0');
	mem_free(bytes);
	mem_free(old);
	return err;
}

static void thresholds_are_kept(void **state)
{
	struct json_view *body = new_root();

	(void)state;
	assert_int_equal(check(body, "01", NULL, NOW_S), 0);
	assert_int_equal(check(body, "20", NULL, NOW_S), 0);
	assert_int_not_equal(check(body, "0", NULL, NOW_S), 0);
	assert_int_not_equal(check(body, "00", NULL, NOW_S), 0);
	assert_int_not_equal(check(body, "03", NULL, NOW_S), 0);	/* not a key of root */
	assert_int_not_equal(check(body, "01", NULL, NOW_S + YEAR_S + 1), 0);
	json_view_free(body);
}

static void count_role(void *ctx, const char *role)
{
	assert_string_equal(role, "root");
	++*(int *)ctx;
}

static void rotation_takes_old_and_new(void **state)
{
	struct json_view *body = new_root(), *next = publish_root_next(body, NOW_S + 2 * YEAR_S);
	struct err_note note;
	int roles = 0;

	(void)state;
	assert_int_equal(publish_version(next), 2);
	assert_true(publish_root_drop(next, ids[0], count_role, &roles));
	assert_int_equal(roles, 1);
	assert_false(publish_root_drop(next, ids[5], NULL, NULL));
	publish_root_add(next, "root", parts[4]);
	publish_root_forget_unused(next);
	assert_null(json_view_member(json_view_member(next, "keys"), ids[0]));
	assert_int_equal(publish_root_sane(next, &note), 0);
	assert_int_equal(check(next, "12", body, NOW_S), 0);		/* both are of both */
	assert_int_equal(check(next, "014", body, NOW_S), 0);
	assert_int_not_equal(check(next, "01", body, NOW_S), 0);	/* one of the new */
	assert_int_not_equal(check(next, "14", body, NOW_S), 0);	/* one of the old */
	json_build_set_integer(next, "version", 3);
	assert_int_not_equal(check(next, "12", body, NOW_S), 0);
	publish_root_threshold(next, "root", 4);
	assert_int_not_equal(publish_root_sane(next, &note), 0);
	json_view_free(body);
	json_view_free(next);
}

struct lines {
	char text[8192];
};

static void take_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	strcat(strcat(lines->text, line), "\n");
}

static void what_is_different_is_shown(void **state)
{
	struct json_view *body = new_root(), *next = publish_root_next(body, NOW_S + 2 * YEAR_S);
	struct lines lines = { "" };
	char *wanted;

	(void)state;
	publish_root_drop(next, ids[2], NULL, NULL);
	publish_root_threshold(next, "root", 1);
	publish_root_add(next, "timestamp", parts[5]);
	publish_root_show(next, body, take_line, &lines);
	assert_non_null(strstr(lines.text, "root version 2, expires 2029-"));
	assert_non_null(strstr(lines.text, "! the threshold was 2"));
	wanted = mem_format("- %s  is dropped", ids[2]);
	assert_non_null(strstr(lines.text, wanted));
	mem_free(wanted);
	wanted = mem_format("+ %s  is new", ids[5]);
	assert_non_null(strstr(lines.text, wanted));
	mem_free(wanted);
	json_view_free(body);
	json_view_free(next);
}

static void signatures_are_counted(void **state)
{
	struct json_view *body = new_root(), *file = publish_envelope(body, json_build_list());
	struct json_view *who = publish_root_who(body, "root"), *keys = json_view_member(body, "keys");
	struct publish_ring ring = { 0 };
	struct err_note note;
	int64_t missing;

	(void)state;
	assert_int_equal(publish_signed_by(file, who, keys), 0);
	publish_sign(file, ids[0], secrets[0]);
	publish_sign(file, ids[0], secrets[0]);
	assert_int_equal(json_view_count(json_view_member(file, "signatures")), 1);
	assert_int_equal(publish_signed_by(file, who, keys), 1);
	publish_sign(file, ids[1], secrets[2]);		/* in another one's name */
	assert_int_equal(publish_signed_by(file, who, keys), 1);
	publish_sign(file, ids[1], secrets[1]);
	assert_int_equal(publish_signed_by(file, who, keys), 2);
	assert_int_equal(publish_sign_as(file, who, &ring, &missing, &note), 0);
	assert_int_equal(missing, 0);
	json_build_set(file, "signatures", json_build_list());
	assert_int_equal(publish_sign_as(file, who, &ring, &missing, &note), 0);
	assert_int_equal(missing, 2);
	json_view_free(file);
	json_view_free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_are_kept),
		cmocka_unit_test(rotation_takes_old_and_new),
		cmocka_unit_test(what_is_different_is_shown),
		cmocka_unit_test(signatures_are_counted),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
