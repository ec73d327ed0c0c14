/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for a certificate and its key, and what is told of files that are not. */
#include "tests/unit/server/tls_files.h"

#include "conf/base/clock.h"
#include "server/tls.h"

static const char *const alpn[] = { "dot", NULL };

static char *told(const struct err_list *list)
{
	char *all = mem_string("");

	for (size_t i = 0; i < list->kept; i++) {
		char text[sizeof(struct err_note) + 16], *more;

		more = mem_format("%s%s\n", all, err_note_print(&list->notes[i], text, sizeof text));
		mem_free(all);
		all = more;
	}
	return all;
}

/* The text with every "@" as the folder of the files. */
static char *in_folder(const char *text)
{
	char *all = mem_string("");

	for (const char *at = text; *at != '\0'; at++) {
		char *more = *at == '@' ? mem_format("%s%s", all, tls_folder) : mem_format("%s%c", all, *at);

		mem_free(all);
		all = more;
	}
	return all;
}

/* NULL: a fault. */
static struct tls_certs *load(const char *const *names, size_t count, bool strict, const char *faults, const char *warnings)
{
	struct conf_tls conf = tls_conf(names, count);
	struct tls_certs_wish wish = {
		.key = "dns.tls", .file = "node.yaml", .conf = &conf, .alpn = alpn, .strict = strict,
	};
	struct err_list errors = { 0 }, warned = { 0 };
	struct tls_certs *certs = NULL;
	int err = tls_certs_load(&wish, &certs, &errors, &warned);
	char *got_faults = told(&errors), *got_warnings = told(&warned);
	char *want_faults = in_folder(faults), *want_warnings = in_folder(warnings);

	assert_string_equal(got_faults, want_faults);
	assert_string_equal(got_warnings, want_warnings);
	assert_int_equal(err == 0, certs != NULL);
	assert_int_equal(err == 0, errors.count == 0);
	mem_free(got_faults);
	mem_free(got_warnings);
	mem_free(want_faults);
	mem_free(want_warnings);
	err_list_fini(&errors);
	err_list_fini(&warned);
	tls_conf_fini(&conf);
	return certs;
}

#define LOAD(strict, faults, warnings, ...) \
	load((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), \
	     strict, faults, warnings)

static void good_ones_are_told_of(void **state)
{
	struct tls_certs_info info;

	(void)state;
	tls_make_pair("one", &(struct tls_make){ .names = "DNS:ns.Example.org,DNS:*.example.org,IP:192.0.2.1" });
	tls_make_pair("two", &(struct tls_make){ .rsa_bits = 2048 });
	struct tls_certs *certs = LOAD(true, "", "", "one", "two");
	assert_int_equal(tls_certs_count(certs), 2);
	tls_certs_info(certs, 0, &info);
	assert_string_equal(info.name, "ns.example.org");
	assert_int_equal(info.names, 3);	/* the address is one, too */
	assert_string_equal(info.file, tls_path("one.pem"));
	assert_in_range(info.not_after - clock_wall_s(), 89 * TLS_FILES_DAY, 90 * TLS_FILES_DAY);
	assert_true(info.not_before < clock_wall_s());
	tls_certs_info(certs, 1, &info);
	assert_string_equal(info.name, "");
	assert_int_equal(info.names, 0);
	tls_certs_release(certs);
}

static void unusable_files_are_named(void **state)
{
	(void)state;
	tls_make_pair("one", &(struct tls_make){ 0 });
	tls_make_pair("two", &(struct tls_make){ 0 });
	tls_make_pair("weak", &(struct tls_make){ .rsa_bits = 512 });
	tls_write_text("empty", "");
	tls_write_text("rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	tls_write_text("cut", "-----BEGIN CERTIFICATE-----\nMIIB\n");
	assert_null(LOAD(false,
		"node.yaml:7: dns.tls.certificates[0].cert: @/none.pem: cannot be read: No such file or directory\n"
		"node.yaml:7: dns.tls.certificates[0].key: @/none.key: cannot be read: No such file or directory\n", "",
		"none"));
	assert_null(LOAD(false,
		"node.yaml:7: dns.tls.certificates[0].key: @/two.key: it is not the key of the certificate in @/one.pem\n"
		"node.yaml:9: dns.tls.certificates[2].cert: @/empty: no certificate is in it (PEM expected)\n"
		"node.yaml:9: dns.tls.certificates[2].key: @/empty: no private key is in it (PEM expected)\n", "",
		"one.pem two.key", "two", "empty empty"));
	/* The key file given as the certificate: it has none in it. */
	assert_null(LOAD(false,
		"node.yaml:7: dns.tls.certificates[0].cert: @/one.key: no certificate is in it (PEM expected)\n", "",
		"one.key one.key"));
	assert_null(LOAD(false,
		"node.yaml:7: dns.tls.certificates[0].cert: @/weak.pem: OpenSSL does not take it: ee key too small\n", "",
		"weak"));
	struct conf_tls conf = tls_conf((const char *const[]){ "rubbish one.key", "cut one.key" }, 2);
	struct err_list errors = { 0 }, warnings = { 0 };
	struct tls_certs *certs = NULL;
	assert_true(tls_certs_load(&(struct tls_certs_wish){ .key = "k", .file = "f", .conf = &conf, .alpn = alpn },
				   &certs, &errors, &warnings) < 0);
	assert_null(certs);
	assert_int_equal(errors.count, 2);
	assert_non_null(strstr(errors.notes[0].text, "/rubbish: certificate 1 in it cannot be read: "));
	assert_non_null(strstr(errors.notes[1].text, "/cut: certificate 1 in it cannot be read: "));
	err_list_fini(&errors);
	tls_conf_fini(&conf);
}

/* A node that asked for a passphrase would wait for ever. */
static void an_encrypted_key_is_refused(void **state)
{
	struct tls_make make = { 0 };
	EVP_PKEY *key = tls_make_key(&make);
	X509 *cert = tls_make_cert("one", key, &make);

	(void)state;
	tls_write_cert("one.pem", cert, "w");
	tls_write_key("one.key", key, "secret");
	assert_null(LOAD(false, "node.yaml:7: dns.tls.certificates[0].key: @/one.key: the key is encrypted; a node cannot ask"
				" for its passphrase\n", "", "one"));
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void dates_are_looked_at(void **state)
{
	static const struct {
		const char *name;
		long from_s, until_s;
		const char *word;	/* of the warning; NULL: none */
		bool strict_fault;
	} cases[] = {
		{ "past", -2L * TLS_FILES_DAY, -60, "expired at ", true },
		{ "soon", -60, 13L * TLS_FILES_DAY, "expires soon, at ", false },
		{ "late", -60, 15L * TLS_FILES_DAY, NULL, false },
		{ "future", 3600, 90L * TLS_FILES_DAY, "not valid before ", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tls_make_pair(cases[i].name, &(struct tls_make){ .from_s = cases[i].from_s, .until_s = cases[i].until_s });
		struct conf_tls conf = tls_conf((const char *const[]){ cases[i].name }, 1);
		for (int strict = 0; strict < 2; strict++) {
			struct tls_certs_wish wish = {
				.key = "dns.tls", .file = "f", .conf = &conf, .alpn = alpn, .strict = strict,
			};
			struct err_list errors = { 0 }, warnings = { 0 };
			struct tls_certs *certs = NULL;
			bool fault = strict && cases[i].strict_fault;

			assert_int_equal(tls_certs_load(&wish, &certs, &errors, &warnings) == 0, !fault);
			assert_int_equal(errors.count, fault);
			assert_int_equal(warnings.count, cases[i].word != NULL && !fault);
			if (cases[i].word != NULL)
				assert_non_null(strstr((fault ? errors : warnings).notes[0].text, cases[i].word));
			err_list_fini(&errors);
			err_list_fini(&warnings);
			tls_certs_release(certs);
		}
		tls_conf_fini(&conf);
	}
}

static void chains_are_looked_at(void **state)
{
	struct tls_make make = { 0 };
	EVP_PKEY *ca_key = tls_make_key(&make), *key = tls_make_key(&make);
	X509 *ca = tls_make_cert("ca", ca_key, &make);
	X509 *leaf = tls_make_cert("leaf", key, &(struct tls_make){ .issuer = ca, .issuer_key = ca_key });
	X509 *other = tls_make_cert("other", ca_key, &make);

	(void)state;
	tls_write_key("leaf.key", key, NULL);
	tls_write_cert("leaf.pem", leaf, "w");
	tls_write_cert("leaf.pem", ca, "a");
	tls_certs_release(LOAD(true, "", "", "leaf"));
	tls_write_cert("odd.pem", leaf, "w");
	tls_write_cert("odd.pem", other, "a");
	tls_certs_release(LOAD(true, "", "node.yaml:7: dns.tls.certificates[0].cert: @/odd.pem: certificate 2 in it did not issue"
					 " the one before it\n", "odd.pem leaf.key"));
	/* The other way round the first is not ours. */
	tls_write_cert("turned.pem", ca, "w");
	tls_write_cert("turned.pem", leaf, "a");
	assert_null(LOAD(true, "node.yaml:7: dns.tls.certificates[0].key: @/leaf.key: it is not the key of the certificate in"
			       " @/turned.pem\n",
			 "node.yaml:7: dns.tls.certificates[0].cert: @/turned.pem: certificate 2 in it did not issue the one"
			 " before it\n", "turned.pem leaf.key"));
	for (int i = 0; i < 17; i++)
		tls_write_cert("long.pem", leaf, i == 0 ? "w" : "a");
	assert_null(LOAD(true, "node.yaml:7: dns.tls.certificates[0].cert: @/long.pem: 17 certificates are in it; at most 16 are"
			       " taken\n", "", "long.pem leaf.key"));
	X509_free(ca);
	X509_free(leaf);
	X509_free(other);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tls_files_setup, tls_files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_ones_are_told_of), TEST(unusable_files_are_named), TEST(an_encrypted_key_is_refused),
		TEST(dates_are_looked_at),   TEST(chains_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
