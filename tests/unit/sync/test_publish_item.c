/* SPDX-License-Identifier: Apache-2.0 */
/* Names of items and the paths of their targets, there and back. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "sync/publish_item.h"

static void names_become_paths(void **state)
{
	static const struct {
		enum publish_kind kind;
		const char *name, *path;	/* path NULL: refused */
	} rows[] = {
		{ PUBLISH_ZONE, "Example.ORG", "zones/example.org/zone" },
		{ PUBLISH_ZONE, "example.org.", "zones/example.org/zone" },
		{ PUBLISH_ZONE, ".", "zones/@/zone" },
		{ PUBLISH_ZONE, "_tcp.a-b.example", "zones/_tcp.a-b.example/zone" },
		{ PUBLISH_ZONE, "0/25.2.0.192.in-addr.arpa", "zones/0%2f25.2.0.192.in-addr.arpa/zone" },
		{ PUBLISH_ZONE, "a..b", NULL },
		{ PUBLISH_ZONE, "", NULL },
		{ PUBLISH_SITE, "dl", "sites/dl/sites.yaml" },
		{ PUBLISH_SITE, "a/b", NULL },
		{ PUBLISH_SITE, "..", NULL },
		{ PUBLISH_SITE, "caf\xc3\xa9", NULL },
		{ PUBLISH_FILE, "h.example/.well-known/acme-challenge/t",
			"files/h.example/.well-known/acme-challenge/t" },
		{ PUBLISH_FILE, "h.example", NULL },
		{ PUBLISH_FILE, "h.example/../x", NULL },
		{ PUBLISH_FILE, "h.example//x", NULL },
		{ PUBLISH_FILE, "h.example/x/", NULL },
		{ PUBLISH_FILE, "h/a*", NULL },
		{ PUBLISH_FILE, "h/1/2/3/4/5/6/7/8/9", NULL },
		{ PUBLISH_SECRET, "cookies/main", "secrets/cookies/main" },
		{ PUBLISH_SECRET, "tickets/a", "secrets/tickets/a" },
		{ PUBLISH_SECRET, "others/a", NULL },
		{ PUBLISH_SECRET, "cookies/a/b", NULL },
		{ PUBLISH_GUARDS, "", "policy/guards.json" },
		{ PUBLISH_PROBES, "", "policy/probes.json" },
		{ PUBLISH_GATE, "", "policy/gate.json" },
		{ PUBLISH_GROUP, "default", "fleet/default/subscribe.json" },
	};
	char path[PUBLISH_PATH_MAX], again[PUBLISH_PATH_MAX], name[PUBLISH_PATH_MAX];
	struct err_note note;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int err = publish_item_path(rows[i].kind, rows[i].name, path, &note);
		enum publish_kind kind;

		assert_int_equal(err, rows[i].path != NULL ? 0 : ERR_INVALID);
		if (rows[i].path == NULL)
			continue;
		assert_string_equal(path, rows[i].path);
		assert_int_equal(publish_path_kind(path, &kind), 0);
		assert_int_equal(kind, rows[i].kind);
		assert_int_equal(publish_item_path(kind, publish_path_name(path, name), again, &note), 0);
		assert_string_equal(again, path);
	}
}

static void items_are_read(void **state)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "zone:Example.org", "zones/example.org/zone" }, { "zone:.", "zones/@/zone" },
		{ "guards", "policy/guards.json" },
		{ "file:h/p", "files/h/p" }, { "zones/example.org/zone", "zones/example.org/zone" },
		{ "policy/probes.json", "policy/probes.json" },
		{ "zone", NULL }, { "guards:x", NULL }, { "other:x", NULL }, { "", NULL },
		{ "zones/example.org", NULL }, { "zone:a..b", NULL },
	};
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int err = publish_item_parse(rows[i].text, &kind, path, &note);

		assert_int_equal(err == 0, rows[i].path != NULL);
		if (err == 0)
			assert_string_equal(path, rows[i].path);
		else
			assert_true(note.text[0] != '\0');
	}
}

static void roles_sign_their_own(void **state)
{
	char bin[16];

	(void)state;
	assert_string_equal(publish_item_role(PUBLISH_ZONE, "zones/example.org/zone", false, bin), "zones");
	/* sha256("zones/example.org/zone") begins with these digits. */
	assert_string_equal(publish_item_role(PUBLISH_ZONE, "zones/example.org/zone", true, bin), "zones-f3");
	assert_string_equal(publish_item_role(PUBLISH_FILE, "files/h/p", true, bin), "files");
	assert_string_equal(publish_item_role(PUBLISH_GROUP, "fleet/a/subscribe.json", true, bin), "targets");
	assert_string_equal(publish_bin_name(10, bin), "zones-0a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(items_are_read),
		cmocka_unit_test(roles_sign_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
