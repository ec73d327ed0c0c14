/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/key_secret.h"
#include "sync/node_key.h"
#include "sync/rollout.h"

static void test_file(void **state)
{
	char folder[] = "/tmp/node-key-XXXXXX", path[64];
	struct node_key *key, *again;
	struct err_note note;
	struct stat status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/node.key", folder);
	assert_int_equal(node_key_open(path, false, &key, &note), -ENOENT);
	assert_int_equal(node_key_open(path, true, &key, &note), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(node_key_open(path, true, &again, &note), 0);
	assert_memory_equal(node_key_sign_public(key), node_key_sign_public(again), NODE_KEY_BYTES);
	assert_memory_equal(node_key_box_public(key), node_key_box_public(again), NODE_KEY_BYTES);
	node_key_free(key);
	node_key_free(again);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(node_key_open(path, true, &key, &note), ERR_INVALID);
	assert_int_equal(file_replace(path, "abc", 3, 0600), 0);
	assert_int_equal(node_key_open(path, true, &key, &note), ERR_SYNTAX);
	unlink(path);
	rmdir(folder);
}

/* What the publisher seals, this node opens, and no other. */
static void test_seal(void **state)
{
	char folder[] = "/tmp/node-key-XXXXXX", path[2][64];
	struct node_key *key[2];
	struct err_note note;
	uint8_t sealed[6 + NODE_KEY_SEAL_BYTES], *plain;

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof path[i], "%s/%d", folder, i);
		assert_int_equal(node_key_open(path[i], true, &key[i], &note), 0);
	}
	assert_true(key_box_seal(node_key_box_public(key[0]), SPAN_TEXT("secret"), sealed));
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char base64[4 * sizeof sealed / 3 + 1];
	size_t out = 0;
	for (size_t i = 0; i < sizeof sealed; i += 3) {
		unsigned bits = (unsigned)sealed[i] << 16 | (unsigned)sealed[i + 1] << 8 | sealed[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			base64[out++] = digits[bits >> shift & 63];
	}
	base64[out] = '\0';
	assert_int_equal(node_key_unseal(key[0], base64, &plain), 6);
	assert_memory_equal(plain, "secret", 6);
	mem_free(plain);
	assert_int_equal(node_key_unseal(key[1], base64, &plain), ERR_INVALID);
	assert_int_equal(node_key_unseal(key[0], "!!", &plain), ERR_SYNTAX);
	assert_int_equal(node_key_unseal(key[0], "", &plain), ERR_SYNTAX);
	for (int i = 0; i < 2; i++) {
		node_key_free(key[i]);
		unlink(path[i]);
	}
	rmdir(folder);
}

static void test_rollout(void **state)
{
	struct err_note note;
	struct json_view *rollout = json_view_parse(SPAN_TEXT("{\"salt\":\"s\",\"permille\":100,\"nodes\":[\"fra1\"]}"), &note);
	unsigned selected = 0;

	(void)state;
	/* BLAKE2b with 8 bytes of "s|node1", as hashlib.blake2b(b"s|node1", digest_size=8) gives it. */
	assert_int_equal(rollout_place("s", "node1"), 784);
	assert_true(rollout_selects(rollout, "fra1"));
	assert_true(rollout_selects(NULL, "anybody"));
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%d", i);
		selected += rollout_selects(rollout, name);
	}
	assert_in_range(selected, 60, 140);
	json_view_free(rollout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_rollout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
