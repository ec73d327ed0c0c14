/* SPDX-License-Identifier: Apache-2.0 */
/* Ticket keys as operators share them between nodes, in the forms that nginx takes. */
#include "tests/unit/server/tls_files.h"

#include <sys/stat.h>

#include "server/tls_inner.h"

/* Byte i is i. */
static void write_bytes(const char *name, size_t len, mode_t mode)
{
	FILE *file = fopen(tls_path(name), "w");

	for (size_t i = 0; i < len; i++)
		fputc((int)i, file);
	fclose(file);
	assert_int_equal(chmod(tls_path(name), mode), 0);
}

static void parts_stand_where_nginx_has_them(void **state)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct tls_ticket_key key;

	(void)state;
	write_bytes("long", 80, 0600);
	assert_int_equal(tls_ticket_file_read(tls_path("long"), &key, &errors, &warnings), 0);
	assert_int_equal(key.secret_len, 32);
	assert_int_equal(key.name[0], 0);
	assert_int_equal(key.name[15], 15);
	assert_int_equal(key.mac[0], 16);
	assert_int_equal(key.mac[31], 47);
	assert_int_equal(key.cipher[0], 48);
	assert_int_equal(key.cipher[31], 79);

	write_bytes("short", 48, 0640);
	assert_int_equal(tls_ticket_file_read(tls_path("short"), &key, &errors, &warnings), 0);
	assert_int_equal(key.secret_len, 16);
	assert_int_equal(key.cipher[0], 16);
	assert_int_equal(key.cipher[15], 31);
	assert_int_equal(key.mac[0], 32);
	assert_int_equal(key.mac[15], 47);
	assert_int_equal(errors.count + warnings.count, 0);
}

static void other_files_are_no_keys(void **state)
{
	static const size_t sizes[] = { 0, 1, 47, 49, 64, 79, 81, 4096, 100000 };
	struct tls_ticket_key key;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct err_list errors = { 0 }, warnings = { 0 };

		write_bytes("odd", sizes[i], 0600);
		assert_int_equal(tls_ticket_file_read(tls_path("odd"), &key, &errors, &warnings), ERR_SYNTAX);
		assert_int_equal(errors.count, 1);
		assert_string_equal(errors.notes[0].file, tls_path("odd"));
		assert_string_equal(errors.notes[0].text,
				    "expected a ticket key: 80 or 48 random bytes (openssl rand 80)");
		err_list_fini(&errors);
	}
	struct err_list errors = { 0 }, warnings = { 0 };
	assert_true(tls_ticket_file_read(tls_path("none"), &key, &errors, &warnings) < 0);
	assert_non_null(strstr(errors.notes[0].text, "the ticket key cannot be read: No such file"));
	err_list_fini(&errors);
}

static void an_open_file_is_warned_of(void **state)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct tls_ticket_key key;

	(void)state;
	write_bytes("open", 80, 0644);
	assert_int_equal(tls_ticket_file_read(tls_path("open"), &key, &errors, &warnings), 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(warnings.count, 1);
	assert_non_null(strstr(warnings.notes[0].text, "open to every user"));
	err_list_fini(&warnings);
}

/* They are not renewed by themselves, whatever the clock says. */
static void shared_keys_stay(void **state)
{
	struct tls_ticket_key keys[2] = { { .name = "first", .secret_len = 32 }, { .name = "second", .secret_len = 16 } };
	struct tls_tickets *tickets = tls_tickets_of(keys, 2);

	(void)state;
	assert_non_null(tickets);
	assert_true(tickets->shared);
	tls_tickets_rotate(tickets, UINT64_MAX / 2);
	assert_int_equal(tickets->key_count, 2);
	assert_memory_equal(tickets->keys, keys, sizeof keys);
	tls_tickets_release(tickets);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tls_files_setup, tls_files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_stand_where_nginx_has_them), TEST(other_files_are_no_keys), TEST(an_open_file_is_warned_of),
		TEST(shared_keys_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
