/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from one dataset to the next: read anew, kept, or left as they are because the files are no good. */
#include "tests/unit/server/tls_files.h"

#include <sys/stat.h>

#include "server/tls.h"
#include "server/tls_stage.h"

static const char *first_name(const struct dataset *dataset)
{
	struct tls_certs_info info;

	tls_certs_info(dataset->tls[DATASET_TLS_DNS].certs, 0, &info);
	return info.name;
}

static void a_reload_keeps_what_works(void **state)
{
	struct conf conf = { .file = (char[]){ "node.yaml" } };
	struct dataset *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	struct dataset *third = mem_alloc(sizeof *third), *fourth = mem_alloc(sizeof *fourth);
	struct err_list errors = { 0 };

	(void)state;
	tls_make_pair("one", &(struct tls_make){ .names = "DNS:before.example" });
	conf.dns.tls = tls_conf((const char *const[]){ "one" }, 1);
	assert_int_equal(tls_stage_load(&conf, true, first->tls, &errors), 0);
	assert_string_equal(first_name(first), "before.example");

	/* A key that is not the certificate's: what runs goes on, and it is said why. */
	tls_make_pair("two", &(struct tls_make){ .names = "DNS:after.example" });
	assert_int_equal(rename(tls_path("two.pem"), tls_path("one.pem")), 0);
	tls_stage_reload(&conf, first, second);
	assert_ptr_equal(second->tls[DATASET_TLS_DNS].certs, first->tls[DATASET_TLS_DNS].certs);
	assert_non_null(strstr(second->tls[DATASET_TLS_DNS].fault, "/one.key: it is not the key of the certificate in "));
	dataset_free(first);
	assert_string_equal(first_name(second), "before.example");

	/* Another kind of reload does not forget it. */
	tls_stage_keep(second, third);
	assert_ptr_equal(third->tls[DATASET_TLS_DNS].certs, second->tls[DATASET_TLS_DNS].certs);
	assert_string_equal(third->tls[DATASET_TLS_DNS].fault, second->tls[DATASET_TLS_DNS].fault);
	dataset_free(second);

	assert_int_equal(rename(tls_path("two.key"), tls_path("one.key")), 0);
	tls_stage_reload(&conf, third, fourth);
	assert_null(fourth->tls[DATASET_TLS_DNS].fault);
	assert_string_equal(first_name(fourth), "after.example");
	dataset_free(third);
	dataset_free(fourth);
	tls_conf_fini(&conf.dns.tls);
}

static uint32_t key_digest(const struct dataset *dataset, bool *ret_shared)
{
	uint8_t digests[CONF_TICKET_KEYS_MAX][TLS_TICKET_DIGEST_BYTES];
	uint32_t first;

	assert_true(tls_certs_ticket_keys(dataset->tls[DATASET_TLS_DNS].certs, digests, ret_shared) >= 1);
	memcpy(&first, digests[0], sizeof first);
	return first;
}

static void write_key(char filler)
{
	char text[81];

	memset(text, filler, 80);
	text[80] = '\0';
	tls_write_text("ticket.key", text);
	assert_int_equal(chmod(tls_path("ticket.key"), 0600), 0);
}

/* Ticket keys are read again, certificates are not: theirs may be root's alone by now. */
static void secrets_are_renewed_alone(void **state)
{
	char *files[] = { NULL };
	struct conf conf = { .file = (char[]){ "node.yaml" } };
	struct dataset *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	struct dataset *third = mem_alloc(sizeof *third), *fourth = mem_alloc(sizeof *fourth);
	struct err_list errors = { 0 };
	bool shared;

	(void)state;
	tls_make_pair("one", &(struct tls_make){ .names = "DNS:ns.example" });
	write_key('a');
	conf.dns.tls = tls_conf((const char *const[]){ "one" }, 1);
	conf.dns.tls.ticket_keys = files;
	conf.dns.tls.ticket_key_count = 1;
	files[0] = mem_string(tls_path("ticket.key"));
	assert_int_equal(tls_stage_load(&conf, true, first->tls, &errors), 0);
	uint32_t was = key_digest(first, &shared);
	assert_true(shared);

	assert_int_equal(unlink(tls_path("one.key")), 0);
	write_key('b');
	assert_int_equal(tls_stage_secrets(&conf, first, second, &errors), 0);
	assert_ptr_not_equal(second->tls[DATASET_TLS_DNS].certs, first->tls[DATASET_TLS_DNS].certs);
	uint32_t is = key_digest(second, &shared);
	assert_int_not_equal(is, was);
	dataset_free(first);
	assert_string_equal(first_name(second), "ns.example");

	/* One that is no key: a fault, and the dataset is as good as the one before. */
	tls_write_text("ticket.key", "short");
	assert_int_not_equal(tls_stage_secrets(&conf, second, third, &errors), 0);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.notes[0].text, "expected a ticket key"));
	assert_int_equal(key_digest(third, &shared), is);
	dataset_free(second);

	/* No longer shared: a key of its own. */
	conf.dns.tls.ticket_key_count = 0;
	assert_int_equal(tls_stage_secrets(&conf, third, fourth, &errors), 0);
	key_digest(fourth, &shared);
	assert_false(shared);
	dataset_free(third);
	dataset_free(fourth);
	err_list_fini(&errors);
	mem_free(files[0]);
	tls_conf_fini(&conf.dns.tls);
}

static void without_the_section_there_are_none(void **state)
{
	struct conf conf = { .file = (char[]){ "node.yaml" } };
	struct dataset *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	struct err_list errors = { 0 };

	(void)state;
	assert_int_equal(tls_stage_load(&conf, true, first->tls, &errors), 0);
	assert_null(first->tls[DATASET_TLS_DNS].certs);
	/* It comes with a reload, and its files are no good: there is nothing to keep. */
	conf.dns.tls = tls_conf((const char *const[]){ "none" }, 1);
	tls_stage_reload(&conf, first, second);
	assert_null(second->tls[DATASET_TLS_DNS].certs);
	assert_non_null(strstr(second->tls[DATASET_TLS_DNS].fault, "/none.pem: cannot be read: "));
	assert_int_not_equal(tls_stage_load(&conf, true, first->tls, &errors), 0);
	assert_null(first->tls[DATASET_TLS_DNS].certs);
	assert_int_equal(errors.count, 2);
	err_list_fini(&errors);
	dataset_free(first);
	dataset_free(second);
	tls_conf_fini(&conf.dns.tls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tls_files_setup, tls_files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reload_keeps_what_works), TEST(secrets_are_renewed_alone),
		TEST(without_the_section_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
