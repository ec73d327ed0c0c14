/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys from files, into one SSL_CTX each. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/tls_inner.h"

enum {
	FILE_MAX = 1 << 20,
	CHAIN_MAX = 16,		/* certificates in one file; a handshake carries them all */
};

/* One entry of the configuration while it is read. */
struct entry {
	const struct tls_certs_wish *wish;
	const struct conf_certificate *conf;
	size_t index;
	struct err_list *errors, *warnings;
};

static void __attribute__((format(printf, 4, 5)))
tell(const struct entry *entry, struct err_list *list, const char *file, const char *format, ...)
{
	struct err_note note;
	va_list args;

	va_start(args, format);
	vsnprintf(note.text, sizeof note.text, format, args);
	va_end(args);
	err_list_add(list, entry->wish->file, entry->conf->line, "%s.certificates[%zu].%s: %s: %s", entry->wish->key,
		     entry->index, file == entry->conf->key ? "key" : "cert", file, note.text);
}

static BIO *open_file(const struct entry *entry, const char *path, uint8_t **ret_bytes, size_t *ret_len)
{
	int err = file_read(path, FILE_MAX, ret_bytes, ret_len);
	BIO *bio;

	if (err != 0) {
		tell(entry, entry->errors, path, "cannot be read: %s", err_text(err));
		return NULL;
	}
	bio = BIO_new_mem_buf(*ret_bytes, (int)*ret_len);
	if (bio == NULL)
		mem_free(*ret_bytes);
	return bio;
}

static void close_file(BIO *bio, uint8_t *bytes, size_t len)
{
	BIO_free(bio);
	OPENSSL_cleanse(bytes, len);
	mem_free(bytes);
}

/* The end of the file, or something in it that is no certificate? */
static bool is_end(void)
{
	return ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM
		&& ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* All certificates of the file, the node's own first. NULL with a fault told. */
static STACK_OF(X509) *read_chain(const struct entry *entry)
{
	const char *path = entry->conf->cert;
	uint8_t *bytes;
	size_t len;
	BIO *bio = open_file(entry, path, &bytes, &len);
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *cert;

	if (bio == NULL)
		goto fail;
	ERR_clear_error();
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_push(chain, cert);
	bool whole = is_end();
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	int count = sk_X509_num(chain);
	close_file(bio, bytes, len);
	if (whole && count > 0 && count <= CHAIN_MAX)
		return chain;
	if (!whole)
		tell(entry, entry->errors, path, "certificate %d in it cannot be read: %s", count + 1,
		     reason ? reason : "no reason known");
	else if (count == 0)
		tell(entry, entry->errors, path, "no certificate is in it (PEM expected)");
	else
		tell(entry, entry->errors, path, "%d certificates are in it; at most %d are taken", count, CHAIN_MAX);
fail:
	sk_X509_pop_free(chain, X509_free);
	return NULL;
}

/* Nobody is there to be asked. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)ctx = true;
	return -1;
}

static EVP_PKEY *read_key(const struct entry *entry)
{
	const char *path = entry->conf->key;
	bool encrypted = false;
	uint8_t *bytes;
	size_t len;
	BIO *bio = open_file(entry, path, &bytes, &len);

	if (bio == NULL)
		return NULL;
	ERR_clear_error();
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
	if (encrypted)
		tell(entry, entry->errors, path, "the key is encrypted; a node cannot ask for its passphrase");
	else if (key == NULL)
		tell(entry, entry->errors, path, "no private key is in it (PEM expected)");
	close_file(bio, bytes, len);
	return key;
}

static int64_t seconds(const ASN1_TIME *time)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

static void add_names(struct tls_certs *certs, X509 *cert, size_t index)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t before = certs->names.count;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			tls_names_add(&certs->names, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				      (size_t)ASN1_STRING_length(name->d.dNSName), index);
	}
	GENERAL_NAMES_free(names);
	certs->list[index].names = certs->names.count - before;
	if (certs->names.count > before)
		certs->list[index].name = mem_string(certs->names.list[before].text);
}

static void check_dates(const struct entry *entry, const struct tls_cert *cert)
{
	int64_t now = clock_wall_s();
	char text[CLOCK_TEXT_MAX];

	if (cert->not_after < now)
		tell(entry, entry->wish->strict ? entry->errors : entry->warnings, cert->file, "expired at %s",
		     clock_print(cert->not_after, text, sizeof text));
	else if (cert->not_after - now < TLS_EXPIRES_SOON_S)
		tell(entry, entry->warnings, cert->file, "expires soon, at %s",
		     clock_print(cert->not_after, text, sizeof text));
	if (cert->not_before > now)
		tell(entry, entry->warnings, cert->file, "not valid before %s",
		     clock_print(cert->not_before, text, sizeof text));
}

/* Each must be signed by the next (RFC 8446, 4.4.2); most clients sort it out, some do not. */
static void check_order(const struct entry *entry, STACK_OF(X509) *chain)
{
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (X509_check_issued(sk_X509_value(chain, i), sk_X509_value(chain, i - 1)) == X509_V_OK)
			continue;
		tell(entry, entry->warnings, entry->conf->cert, "certificate %d in it did not issue the one before it",
		     i + 1);
		return;
	}
}

static bool use(const struct entry *entry, SSL_CTX *context, STACK_OF(X509) *chain, EVP_PKEY *key)
{
	X509 *own = sk_X509_value(chain, 0);

	ERR_clear_error();
	if (X509_check_private_key(own, key) != 1) {
		tell(entry, entry->errors, entry->conf->key, "it is not the key of the certificate in %s",
		     entry->conf->cert);
		return false;
	}
	STACK_OF(X509) *rest = X509_chain_up_ref(chain);
	X509_free(sk_X509_shift(rest));
	bool good = SSL_CTX_use_cert_and_key(context, own, key, rest, 1) == 1;
	sk_X509_pop_free(rest, X509_free);
	/* Keys that are too short for the system's security level, for instance. */
	if (!good)
		tell(entry, entry->errors, entry->conf->cert, "OpenSSL does not take it: %s", tls_fault());
	return good;
}

static bool load_entry(const struct entry *entry, struct tls_certs *certs)
{
	struct tls_cert *cert = &certs->list[entry->index];
	STACK_OF(X509) *chain = read_chain(entry);
	EVP_PKEY *key = read_key(entry);
	bool good = false;

	cert->context = tls_context_new(certs);
	cert->file = mem_string(entry->conf->cert);
	if (cert->context == NULL)
		err_list_add(entry->errors, "", 0, "%s: OpenSSL does not give a context: %s", entry->wish->key,
			     tls_fault());
	if (chain != NULL && key != NULL && cert->context != NULL) {
		X509 *own = sk_X509_value(chain, 0);

		cert->not_before = seconds(X509_get0_notBefore(own));
		cert->not_after = seconds(X509_get0_notAfter(own));
		add_names(certs, own, entry->index);
		check_dates(entry, cert);
		check_order(entry, chain);
		good = use(entry, cert->context, chain, key);
	}
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return good;
}

int tls_certs_load(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		   struct err_list *warnings)
{
	size_t before = errors->count, count = wish->conf->certificate_count;
	struct tls_certs *certs = mem_alloc(sizeof *certs);
	bool good = true;

	atomic_init(&certs->count, 1);
	certs->alpn = mem_string(wish->alpn);
	certs->bio = tls_bio_method();
	certs->tickets = wish->running != NULL ? tls_tickets_retain(wish->running->tickets)
					       : tls_tickets_new(clock_monotonic_ns());
	certs->list = mem_array(count, sizeof *certs->list);
	certs->list_count = count;
	if (certs->bio == NULL || certs->tickets == NULL) {
		err_list_add(errors, "", 0, "%s: OpenSSL does not start: %s", wish->key, tls_fault());
		good = false;
	}
	for (size_t i = 0; i < count; i++)
		good &= load_entry(&(struct entry){ wish, &wish->conf->certificates[i], i, errors, warnings }, certs);
	if (good && errors->count == before) {
		tls_names_sort(&certs->names);
		*ret_certs = certs;
		return 0;
	}
	tls_certs_release(certs);
	return ERR_INVALID;
}

struct tls_certs *tls_certs_retain(const struct tls_certs *certs)
{
	/* Its count is the one thing in it that changes. */
	struct tls_certs *counted = (struct tls_certs *)(uintptr_t)certs;

	atomic_fetch_add_explicit(&counted->count, 1, memory_order_relaxed);
	return counted;
}

void tls_certs_release(struct tls_certs *certs)
{
	if (certs == NULL || atomic_fetch_sub(&certs->count, 1) > 1)
		return;
	for (size_t i = 0; i < certs->list_count; i++) {
		SSL_CTX_free(certs->list[i].context);
		mem_free(certs->list[i].file);
		mem_free(certs->list[i].name);
	}
	tls_names_fini(&certs->names);
	tls_tickets_release(certs->tickets);
	BIO_meth_free(certs->bio);
	mem_free(certs->list);
	mem_free(certs->alpn);
	mem_free(certs);
}

size_t tls_certs_count(const struct tls_certs *certs)
{
	return certs->list_count;
}

void tls_certs_info(const struct tls_certs *certs, size_t i, struct tls_certs_info *ret)
{
	const struct tls_cert *cert = &certs->list[i];

	*ret = (struct tls_certs_info){
		.file = cert->file,
		.name = cert->name ? cert->name : "",
		.names = cert->names,
		.not_before = cert->not_before,
		.not_after = cert->not_after,
	};
}
