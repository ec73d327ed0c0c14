/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys from files, into one SSL_CTX each; with what else a service needs to shake hands. */
#include <assert.h>
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
#include "sync/content.h"

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

/* Its names go into the list of all, to be chosen by, and its own, to know what it covers; addresses only there, for
 * nobody asks for an address by SNI (RFC 6066, 3). */
static void add_names(struct tls_certs *certs, X509 *cert, size_t index)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct tls_names *own = &certs->list[index].names;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;

		if (name->type == GEN_IPADD)
			tls_names_add_address(own, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), index);
		if (name->type != GEN_DNS || !tls_names_add(own, (const char *)ASN1_STRING_get0_data(text),
							    (size_t)ASN1_STRING_length(text), index))
			continue;
		const char *normal = own->list[own->count - 1].text;
		tls_names_add(&certs->names, normal, strlen(normal), index);
	}
	GENERAL_NAMES_free(names);
	if (own->count > 0)
		certs->list[index].name = mem_string(own->list[0].text);
	tls_names_sort(own);
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

/* RFC 7633: clients refuse such a certificate without a response. */
static bool must_staple(X509 *cert)
{
	return X509_get_ext_by_NID(cert, NID_tlsfeature, -1) >= 0;
}

static void load_staple(const struct entry *entry, struct tls_cert *cert, X509 *own, STACK_OF(X509) *chain)
{
	struct err_note note;

	if (entry->conf->ocsp != NULL
	    && tls_ocsp_read(entry->conf->ocsp, own, chain, clock_wall_s(), &cert->staple, &note) != 0)
		err_list_add(entry->warnings, entry->wish->file, entry->conf->line, "%s.certificates[%zu].ocsp: %s: %s",
			     entry->wish->key, entry->index, entry->conf->ocsp, note.text);
	if (cert->staple.der == NULL && must_staple(own))
		tell(entry, entry->warnings, cert->file,
		     "it may only be shown with an OCSP response (RFC 7633), and there is none: clients will refuse it");
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

	cert->context = tls_context_new(entry->wish->key);
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
		load_staple(entry, cert, own, chain);
	}
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return good;
}

/* Keys from files, or from the master, or the node's own: those that run, or new ones. NULL with a fault told. */
static struct tls_tickets *load_tickets(const struct tls_certs_wish *wish, struct err_list *errors,
					struct err_list *warnings)
{
	struct tls_ticket_key keys[CONF_TICKET_KEYS_MAX];
	size_t count = wish->conf->ticket_key_count, before = errors->count;
	struct tls_tickets *tickets = NULL;

	for (size_t i = 0; i < count; i++)
		tls_ticket_file_read(wish->conf->ticket_keys[i], &keys[i], errors, warnings);
	if (errors->count > before)
		goto cleanse;
	for (size_t i = 0; wish->conf->ticket_key_count == 0 && i < wish->ticket_count; i++)
		count += tls_ticket_parse(wish->tickets[i].bytes, wish->tickets[i].len, &keys[count]);
	if (count > 0)
		tickets = tls_tickets_of(keys, count);
	else if (wish->running != NULL && !wish->running->tickets->shared)
		tickets = tls_tickets_retain(wish->running->tickets);
	else
		tickets = tls_tickets_new(clock_monotonic_ns());
	if (tickets == NULL)
		err_list_add(errors, "", 0, "%s: OpenSSL does not start: %s", wish->key, tls_fault());
cleanse:
	OPENSSL_cleanse(keys, sizeof keys);
	return tickets;
}

/* A set without certificates yet. */
static struct tls_certs *new_set(const struct tls_certs_wish *wish, size_t count, struct err_list *errors,
				 struct err_list *warnings)
{
	struct tls_certs *certs = mem_alloc(sizeof *certs);

	atomic_init(&certs->count, 1);
	for (const char *const *name = wish->alpn; *name != NULL; name++) {
		size_t len = strlen(*name);

		assert(certs->alpn_len + 1 + len <= sizeof certs->alpn);
		certs->alpn[certs->alpn_len] = (uint8_t)len;
		memcpy(certs->alpn + certs->alpn_len + 1, *name, len);
		certs->alpn_len += 1 + len;
	}
	certs->list = mem_array(count, sizeof *certs->list);
	certs->list_count = count;
	certs->bio = tls_bio_method();
	if (certs->bio == NULL)
		err_list_add(errors, "", 0, "%s: OpenSSL does not start: %s", wish->key, tls_fault());
	certs->tickets = load_tickets(wish, errors, warnings);
	return certs;
}

static int finish_set(struct tls_certs *certs, bool good, struct tls_certs **ret_certs)
{
	if (!good) {
		tls_certs_release(certs);
		return ERR_INVALID;
	}
	*ret_certs = certs;
	return 0;
}

int tls_certs_load(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		   struct err_list *warnings)
{
	size_t before = errors->count, count = wish->conf->certificate_count;
	struct tls_certs *certs = new_set(wish, count, errors, warnings);
	bool good = true;

	for (size_t i = 0; i < count; i++)
		good &= load_entry(&(struct entry){ wish, &wish->conf->certificates[i], i, errors, warnings }, certs);
	tls_names_sort(&certs->names);
	return finish_set(certs, good && errors->count == before, ret_certs);
}

/* The certificate as it is in use, with its response as it now is in the file: that of the entry which named it, for the
 * configuration may be a newer one than that of the set. */
static void renew_cert(const struct tls_certs_wish *wish, const struct tls_cert *running, struct tls_cert *cert,
		       struct err_list *errors, struct err_list *warnings)
{
	const struct conf_tls *conf = wish->conf;
	STACK_OF(X509) *chain = NULL;

	*cert = *running;
	SSL_CTX_up_ref(cert->context);
	cert->file = mem_string(running->file);
	cert->name = mem_string(running->name);
	tls_names_copy(&cert->names, &running->names);
	cert->staple = (struct tls_staple){ 0 };
	SSL_CTX_get0_chain_certs(cert->context, &chain);
	for (size_t i = 0; i < conf->certificate_count; i++) {
		if (strcmp(conf->certificates[i].cert, cert->file) == 0) {
			load_staple(&(struct entry){ wish, &conf->certificates[i], i, errors, warnings }, cert,
				    SSL_CTX_get0_certificate(cert->context), chain);
			return;
		}
	}
}

int tls_certs_renew(const struct tls_certs_wish *wish, struct tls_certs **ret_certs, struct err_list *errors,
		    struct err_list *warnings)
{
	const struct tls_certs *running = wish->running;
	size_t before = errors->count;
	struct tls_certs *certs = new_set(wish, running->list_count, errors, warnings);

	memcpy(certs->alpn, running->alpn, sizeof certs->alpn);
	certs->alpn_len = running->alpn_len;
	for (size_t i = 0; i < running->list_count; i++)
		renew_cert(wish, &running->list[i], &certs->list[i], errors, warnings);
	tls_names_copy(&certs->names, &running->names);
	return finish_set(certs, errors->count == before, ret_certs);
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
		tls_names_fini(&certs->list[i].names);
		tls_staple_fini(&certs->list[i].staple);
	}
	tls_names_fini(&certs->names);
	tls_tickets_release(certs->tickets);
	BIO_meth_free(certs->bio);
	mem_free(certs->list);
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
		.names = cert->names.count,
		.not_before = cert->not_before,
		.not_after = cert->not_after,
		.stapled_until = cert->staple.until,
	};
}

size_t tls_certs_ticket_keys(const struct tls_certs *certs, uint8_t ret[CONF_TICKET_KEYS_MAX][TLS_TICKET_DIGEST_BYTES],
			     bool *ret_shared)
{
	struct tls_tickets *tickets = certs->tickets;
	struct tls_ticket_key keys[CONF_TICKET_KEYS_MAX];
	unsigned char digest[EVP_MAX_MD_SIZE];

	tls_tickets_rotate(tickets, clock_monotonic_ns());
	pthread_mutex_lock(&tickets->lock);
	memcpy(keys, tickets->keys, sizeof keys);
	pthread_mutex_unlock(&tickets->lock);
	for (size_t i = 0; i < tickets->key_count; i++) {
		memset(digest, 0, TLS_TICKET_DIGEST_BYTES);
		EVP_Digest(&keys[i], sizeof keys[i], digest, NULL, EVP_sha256(), NULL);
		memcpy(ret[i], digest, TLS_TICKET_DIGEST_BYTES);
	}
	OPENSSL_cleanse(keys, sizeof keys);
	*ret_shared = tickets->shared;
	return tickets->key_count;
}
