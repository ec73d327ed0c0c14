/* SPDX-License-Identifier: Apache-2.0 */
/* Which OCSP responses are stapled, and what is said of those that are not. That they are sent is in test_tls_stream.c and
 * tests/system/220-tls. */
#include "tests/unit/server/tls_files.h"

#include <errno.h>
#include <openssl/ocsp.h>

#include "conf/base/clock.h"
#include "server/tls_inner.h"

enum { HOUR = 3600 };

struct chain {
	EVP_PKEY *ca_key, *key, *other_key;
	X509 *ca, *cert, *sibling, *other;	/* sibling: of the same CA; other: of another one */
	STACK_OF(X509) *both, *alone;
};

static int setup(void **ret_state)
{
	struct chain *chain = calloc(1, sizeof *chain);
	const struct tls_make make = { 0 };

	tls_files_setup(NULL);
	chain->ca_key = tls_make_key(&make);
	chain->key = tls_make_key(&make);
	chain->other_key = tls_make_key(&make);
	chain->ca = tls_make_cert("ca", chain->ca_key, &make);
	chain->cert = tls_make_cert("leaf", chain->key, &(struct tls_make){ .issuer = chain->ca, .issuer_key = chain->ca_key });
	chain->sibling = tls_make_cert("leaf", chain->key,
				       &(struct tls_make){ .issuer = chain->ca, .issuer_key = chain->ca_key });
	chain->other = tls_make_cert("ca", chain->other_key, &make);
	chain->both = sk_X509_new_null();
	chain->alone = sk_X509_new_null();
	sk_X509_push(chain->both, chain->cert);
	sk_X509_push(chain->both, chain->ca);
	sk_X509_push(chain->alone, chain->cert);
	*ret_state = chain;
	return 0;
}

static int teardown(void **state)
{
	struct chain *chain = *state;

	sk_X509_free(chain->both);
	sk_X509_free(chain->alone);
	X509_free(chain->ca);
	X509_free(chain->cert);
	X509_free(chain->sibling);
	X509_free(chain->other);
	EVP_PKEY_free(chain->ca_key);
	EVP_PKEY_free(chain->key);
	EVP_PKEY_free(chain->other_key);
	free(chain);
	return tls_files_teardown(state);
}

struct response {
	X509 *subject, *issuer;	/* what it says it is about */
	X509 *signer;
	EVP_PKEY *signer_key;
	int status;
	int64_t from_s, until_s;	/* until 0: not told */
	int outer;			/* of the whole response; 0: successful */
};

static void write_response(const char *name, const struct response *wanted)
{
	int64_t now = clock_wall_s();
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), wanted->subject, wanted->issuer);
	ASN1_TIME *from = ASN1_TIME_set(NULL, now + wanted->from_s);
	ASN1_TIME *until = wanted->until_s != 0 ? ASN1_TIME_set(NULL, now + wanted->until_s) : NULL;
	ASN1_TIME *revoked = wanted->status == V_OCSP_CERTSTATUS_REVOKED ? ASN1_TIME_set(NULL, now - HOUR) : NULL;
	unsigned char *der = NULL;

	assert_non_null(OCSP_basic_add1_status(basic, id, wanted->status, 0, revoked, from, until));
	assert_int_equal(OCSP_basic_sign(basic, wanted->signer, wanted->signer_key, EVP_sha256(), NULL, 0), 1);
	OCSP_RESPONSE *response = OCSP_response_create(wanted->outer, wanted->outer == 0 ? basic : NULL);
	int len = i2d_OCSP_RESPONSE(response, &der);
	FILE *file = fopen(tls_path(name), "w");
	assert_int_equal(fwrite(der, 1, (size_t)len, file), len);
	fclose(file);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
}

/* What is wrong with the file; "": it is stapled, until then. */
static const char *judged(const struct chain *chain, STACK_OF(X509) *known, const char *name, int64_t *ret_until)
{
	static struct err_note note;
	struct tls_staple staple = { 0 };
	int err = tls_ocsp_read(tls_path(name), chain->cert, known, clock_wall_s(), &staple, &note);

	*ret_until = staple.until;
	assert_int_equal(err == 0, staple.der != NULL);
	assert_int_equal(err == 0, staple.len > 0);
	tls_staple_fini(&staple);
	return err == 0 ? "" : note.text;
}

static void responses_are_judged(void **state)
{
	const struct chain *chain = *state;
	const struct response good = {
		.subject = chain->cert, .issuer = chain->ca, .signer = chain->ca, .signer_key = chain->ca_key, .from_s = -HOUR,
		.until_s = HOUR, .status = V_OCSP_CERTSTATUS_GOOD,
	};
	struct {
		const char *why;
		struct response response;
		const char *alone;	/* when the CA's certificate is not in the file; NULL: the same */
	} cases[] = {
		{ "", good, NULL },
		{ "it says that the certificate is revoked", good, NULL },
		{ "it says that the responder does not know the certificate", good, NULL },
		{ "it has expired", good, NULL },
		{ "it does not say until when it is in force (nextUpdate)", good, NULL },
		{ "it is not yet in force", good, NULL },
		{ "", good, NULL },
		{ "it is not about this certificate", good, NULL },
		{ "it is not about this certificate", good, "" },
		{ "it is not signed by the issuer of the certificate", good, "" },
		{ "trylater", good, NULL },
	};

	cases[1].response.status = V_OCSP_CERTSTATUS_REVOKED;
	cases[2].response.status = V_OCSP_CERTSTATUS_UNKNOWN;
	cases[3].response.until_s = -1;
	cases[4].response.until_s = 0;
	cases[5].response.from_s = HOUR / 2;
	cases[6].response.from_s = HOUR / 30;	/* clocks differ */
	cases[7].response.subject = chain->sibling;
	cases[8].response.issuer = chain->other;	/* of the same name, with another key */
	cases[9].response.signer = chain->other;
	cases[9].response.signer_key = chain->other_key;
	cases[10].response.outer = OCSP_RESPONSE_STATUS_TRYLATER;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t until;

		write_response("file", &cases[i].response);
		for (int known = 0; known < 2; known++) {
			const char *want = known || cases[i].alone == NULL ? cases[i].why : cases[i].alone;
			const char *got = judged(chain, known ? chain->both : chain->alone, "file", &until);

			if (*want == '\0' ? *got != '\0' : strstr(got, want) == NULL)
				fail_msg("case %zu, issuer %s: %s", i, known ? "known" : "unknown", got);
			if (*want == '\0')
				assert_in_range(until - clock_wall_s(), HOUR - 60, HOUR);
		}
	}
}

static void files_that_are_none_are_told(void **state)
{
	const struct chain *chain = *state;
	int64_t until;
	struct err_note note;
	struct tls_staple staple = { 0 };

	tls_write_text("text", "-----BEGIN OCSP RESPONSE-----\n");
	assert_non_null(strstr(judged(chain, chain->both, "text", &until), "it is no OCSP response (DER expected)"));
	tls_write_text("empty", "");
	assert_non_null(strstr(judged(chain, chain->both, "empty", &until), "it is no OCSP response (DER expected)"));
	write_response("longer", &(struct response){ .subject = chain->cert, .issuer = chain->ca, .signer = chain->ca,
						     .signer_key = chain->ca_key, .from_s = -HOUR, .until_s = HOUR });
	FILE *file = fopen(tls_path("longer"), "a");
	fputc('x', file);
	fclose(file);
	assert_non_null(strstr(judged(chain, chain->both, "longer", &until), "it is no OCSP response (DER expected)"));
	assert_int_equal(tls_ocsp_read(tls_path("none"), chain->cert, chain->both, clock_wall_s(), &staple, &note), -ENOENT);
	assert_non_null(strstr(note.text, "cannot be read: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(responses_are_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(files_that_are_none_are_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
