/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from one dataset to the next: read anew, kept, or left as they are because the files are no good. */
#include "tests/unit/server/tls_files.h"

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
		TEST(a_reload_keeps_what_works), TEST(without_the_section_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
