/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP responses (RFC 6960) from files, stapled to the certificates that they are about (RFC 6066, 8; RFC 8446, 4.4.2.1).
 * Who fetches them is the operator's business (certbot and others have tools for it); here they are checked once, when
 * they are read, so that a node never staples what a client would refuse: for this certificate, good, signed by its
 * issuer, in force. One that has expired since is no longer stapled.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/tls_inner.h"

enum {
	RESPONSE_MAX = 64 << 10,	/* bytes; usual ones have 300 to 2000 */
	CLOCK_SLACK_S = 300,		/* by which the issuer's clock may be before ours */
};

/* The certificate that the first of the chain was signed with; NULL: not in the file. */
static X509 *find_issuer(X509 *cert, STACK_OF(X509) *chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (X509_check_issued(sk_X509_value(chain, i), cert) == X509_V_OK)
			return sk_X509_value(chain, i);
	}
	return X509_check_issued(cert, cert) == X509_V_OK ? cert : NULL;
}

/* Whether single is about cert. Without the issuer's certificate its key's hash cannot be looked at. */
static bool is_about(OCSP_SINGLERESP *single, X509 *cert, X509 *issuer)
{
	OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *hash;
	ASN1_OCTET_STRING *name, *key;
	ASN1_INTEGER *serial;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	OCSP_id_get0_info(&name, &hash, &key, &serial, id);
	const EVP_MD *md = EVP_get_digestbyobj(hash);
	if (md == NULL || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert)) != 0
	    || X509_NAME_digest(X509_get_issuer_name(cert), md, digest, &len) != 1
	    || len != (unsigned)ASN1_STRING_length(name) || memcmp(digest, ASN1_STRING_get0_data(name), len) != 0)
		return false;
	return issuer == NULL
		|| (X509_pubkey_digest(issuer, md, digest, &len) == 1 && len == (unsigned)ASN1_STRING_length(key)
		    && memcmp(digest, ASN1_STRING_get0_data(key), len) == 0);
}

static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, X509 *cert, X509 *issuer)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

		if (is_about(single, cert, issuer))
			return single;
	}
	return NULL;
}

/* By the issuer itself, or by who the issuer has authorised for it (RFC 6960, 4.2.2.2). */
static bool is_signed_by(OCSP_BASICRESP *basic, X509 *issuer, STACK_OF(X509) *chain)
{
	X509_STORE *store = X509_STORE_new();
	bool good = store != NULL && X509_STORE_add_cert(store, issuer) == 1
		&& X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1
		&& OCSP_basic_verify(basic, chain, store, 0) == 1;

	X509_STORE_free(store);
	return good;
}

static int64_t seconds(const ASN1_GENERALIZEDTIME *time)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

/* Why single is not to be stapled; NULL: it is, until *ret_until. */
static const char *judge_single(OCSP_SINGLERESP *single, int64_t now_s, int64_t *ret_until)
{
	ASN1_GENERALIZEDTIME *revoked, *from, *until;
	int reason;

	switch (OCSP_single_get0_status(single, &reason, &revoked, &from, &until)) {
	case V_OCSP_CERTSTATUS_GOOD: break;
	case V_OCSP_CERTSTATUS_REVOKED: return "it says that the certificate is revoked";
	default: return "it says that the responder does not know the certificate";
	}
	if (until == NULL)
		return "it does not say until when it is in force (nextUpdate)";
	*ret_until = seconds(until);
	if (*ret_until <= now_s)
		return "it has expired";
	if (seconds(from) > now_s + CLOCK_SLACK_S)
		return "it is not yet in force";
	return NULL;
}

static const char *judge(OCSP_RESPONSE *response, X509 *cert, STACK_OF(X509) *chain, int64_t now_s, int64_t *ret_until)
{
	X509 *issuer = find_issuer(cert, chain);
	OCSP_BASICRESP *basic;
	const char *why;

	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return OCSP_response_status_str(OCSP_response_status(response));
	basic = OCSP_response_get1_basic(response);
	if (basic == NULL)
		return "it has no basic response in it";
	OCSP_SINGLERESP *single = find_single(basic, cert, issuer);
	if (single == NULL)
		why = "it is not about this certificate";
	else if (issuer != NULL && !is_signed_by(basic, issuer, chain))
		why = "it is not signed by the issuer of the certificate";
	else
		why = judge_single(single, now_s, ret_until);
	OCSP_BASICRESP_free(basic);
	return why;
}

int tls_ocsp_read(const char *path, X509 *cert, STACK_OF(X509) *chain, int64_t now_s, struct tls_staple *ret_staple,
		  struct err_note *note)
{
	struct tls_staple staple = { 0 };
	int err = file_read(path, RESPONSE_MAX, &staple.der, &staple.len);
	const char *why;

	if (err != 0) {
		err_note_set(note, path, 0, "the OCSP response cannot be read: %s", err_text(err));
		return err;
	}
	const unsigned char *at = staple.der;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)staple.len);
	if (response == NULL || at != staple.der + staple.len)
		why = "it is no OCSP response (DER expected)";
	else
		why = judge(response, cert, chain, now_s, &staple.until);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
	if (why == NULL) {
		*ret_staple = staple;
		return 0;
	}
	err_note_set(note, path, 0, "the OCSP response is not stapled: %s", why);
	tls_staple_fini(&staple);
	return ERR_INVALID;
}

static int on_status(SSL *ssl, void *arg)
{
	const struct tls *tls = tls_of(ssl);
	const struct tls_staple *staple = &tls->certs->list[tls->shown].staple;

	(void)arg;
	if (staple->der == NULL || staple->until <= clock_wall_s())
		return SSL_TLSEXT_ERR_NOACK;
	void *copy = OPENSSL_memdup(staple->der, staple->len);	/* it becomes the connection's */
	if (copy == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->len);
	return SSL_TLSEXT_ERR_OK;
}

void tls_ocsp_use(SSL_CTX *context)
{
	SSL_CTX_set_tlsext_status_cb(context, on_status);
}

void tls_staple_fini(struct tls_staple *staple)
{
	mem_free(staple->der);
	*staple = (struct tls_staple){ 0 };
}
