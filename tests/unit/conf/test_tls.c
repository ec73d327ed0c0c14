/* SPDX-License-Identifier: Apache-2.0 */
/* The group tls: addresses of its own, and files beside the configuration. */
#include "tests/unit/conf/faults.h"

static void test_given(void **state)
{
	struct conf *conf = expect_conf(NODE "dns:\n"
					     "  listen: [192.0.2.53]\n"
					     "  tls:\n"
					     "    listen: [192.0.2.53, \"2001:db8::53@8853\"]\n"
					     "    certificates:\n"
					     "    - {cert: a.pem, key: /keys/a.key}\n"
					     "    - cert: sub/b.pem\n"
					     "      key: b.key\n");
	const struct conf_tls *tls = &conf->dns.tls;

	(void)state;
	assert_true(tls->present);
	assert_int_equal(tls->listen.count, 2);
	assert_int_equal(addr_port(&tls->listen.list[0]), 853);
	assert_int_equal(addr_port(&tls->listen.list[1]), 8853);
	assert_int_equal(tls->certificate_count, 2);
	assert_string_equal(tls->certificates[0].cert, "dir/a.pem");
	assert_string_equal(tls->certificates[0].key, "/keys/a.key");
	assert_int_equal(tls->certificates[0].line, 7);
	assert_string_equal(tls->certificates[1].cert, "dir/sub/b.pem");
	assert_string_equal(tls->certificates[1].key, "dir/b.key");
	assert_int_equal(tls->certificates[1].line, 8);
	conf_free(conf);

	conf = expect_conf(NODE "redirect: {listen: [192.0.2.80], tls: {listen: [192.0.2.80],"
				" certificates: [{cert: a.pem, key: a.key}]}}\n");
	assert_int_equal(addr_port(&conf->redirect.tls.listen.list[0]), 443);
	assert_string_equal(conf->redirect.tls.certificates[0].key, "dir/a.key");
	conf_free(conf);

	conf = expect_conf(DNS);
	assert_false(conf->dns.tls.present);
	assert_int_equal(conf->dns.tls.certificate_count, 0);
	conf_free(conf);
}

static void test_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ NODE "dns:\n  listen: [127.0.0.1]\n  tls: {}\n",
		  "4: dns.tls: the key \"listen\" is missing\n4: dns.tls: the key \"certificates\" is missing\n" },
		{ NODE "dns:\n  listen: [127.0.0.1]\n  tls: {listen: [], certificates: []}\n",
		  "4: dns.tls.listen: expected at least one entry\n"
		  "4: dns.tls.certificates: expected at least one entry\n" },
		{ NODE "dns:\n  listen: [127.0.0.1]\n  tls:\n    listen: [127.0.0.1@x]\n    certificates:\n"
		       "    - {cert: a}\n    - {kez: b, cert: c}\n",
		  "5: dns.tls.listen[0]: expected ADDRESS@PORT (or ADDRESS, for port 853), got \"127.0.0.1@x\"\n"
		  "7: dns.tls.certificates[0]: the key \"key\" is missing\n"
		  "8: dns.tls.certificates[1]: unknown key \"kez\"; did you mean \"key\"?\n"
		  "8: dns.tls.certificates[1]: the key \"key\" is missing\n" },
		/* The kernel would let both listen on it, and split the clients. */
		{ NODE "dns:\n  listen: [127.0.0.1]\n  tls:\n    listen: [127.0.0.1@53, 127.0.0.1, 127.0.0.1]\n"
		       "    certificates: [{cert: a, key: b}]\nredirect: {listen: [127.0.0.1@853]}\n",
		  "5: dns.tls.listen[2]: 127.0.0.1@853 stands here twice\n"
		  "5: dns.tls.listen: 127.0.0.1@53 stands in dns.listen too\n"
		  "7: redirect.listen: 127.0.0.1@853 stands in dns.tls.listen too\n"
		  "7: redirect.listen: 127.0.0.1@853 stands in dns.tls.listen too\n" },
	};

	(void)state;
	expect_all(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
