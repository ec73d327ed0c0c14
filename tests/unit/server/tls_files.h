/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys for tests, made when they are needed, in a folder that goes away again. */
#ifndef TESTS_UNIT_SERVER_TLS_FILES_H
#define TESTS_UNIT_SERVER_TLS_FILES_H

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/base/mem.h"
#include "conf/conf.h"

enum { TLS_FILES_DAY = 24 * 3600 };

static char tls_folder[] = "/tmp/catchment-tls.XXXXXX";

static inline int tls_files_setup(void **state)
{
	(void)state;
	memcpy(tls_folder + strlen(tls_folder) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(tls_folder));
	return 0;
}

static inline int tls_files_teardown(void **state)
{
	DIR *folder = opendir(tls_folder);
	const struct dirent *entry;
	char path[512];

	(void)state;
	while ((entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", tls_folder, entry->d_name);
		if (entry->d_name[0] != '.')
			assert_int_equal(unlink(path), 0);
	}
	closedir(folder);
	assert_int_equal(rmdir(tls_folder), 0);
	return 0;
}

/* A path in the folder; one of four buffers. */
static inline const char *tls_path(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", tls_folder, name);
	return path;
}

static inline void tls_write_text(const char *name, const char *text)
{
	FILE *file = fopen(tls_path(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

struct tls_make {
	const char *names;	/* "DNS:a.example,DNS:b.example"; NULL: none */
	long from_s, until_s;	/* from now; both 0: 90 days */
	unsigned rsa_bits;	/* 0: an EC key */
	X509 *issuer;		/* NULL: itself */
	EVP_PKEY *issuer_key;
};

static inline EVP_PKEY *tls_make_key(const struct tls_make *make)
{
	EVP_PKEY *key = make->rsa_bits > 0 ? EVP_RSA_gen(make->rsa_bits) : EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

static inline X509 *tls_make_cert(const char *subject, EVP_PKEY *key, const struct tls_make *make)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	bool dated = make->from_s != 0 || make->until_s != 0;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), dated ? make->from_s : -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), dated ? make->until_s : 90L * TLS_FILES_DAY);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
	X509_set_issuer_name(cert, make->issuer != NULL ? X509_get_subject_name(make->issuer) : name);
	X509_set_pubkey(cert, key);
	if (make->names != NULL) {
		X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, make->names);

		assert_non_null(names);
		X509_add_ext(cert, names, -1);
		X509_EXTENSION_free(names);
	}
	assert_true(X509_sign(cert, make->issuer_key != NULL ? make->issuer_key : key, EVP_sha256()) > 0);
	return cert;
}

static inline void tls_write_cert(const char *file_name, X509 *cert, const char *mode)
{
	FILE *file = fopen(tls_path(file_name), mode);

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	fclose(file);
}

static inline void tls_write_key(const char *file_name, EVP_PKEY *key, const char *passphrase)
{
	FILE *file = fopen(tls_path(file_name), "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
					      (void *)(uintptr_t)passphrase), 1);
	fclose(file);
}

/* NAME.pem and NAME.key, self-signed. */
static inline void tls_make_pair(const char *name, const struct tls_make *make)
{
	EVP_PKEY *key = tls_make_key(make);
	X509 *cert = tls_make_cert(name, key, make);
	char file[128];

	snprintf(file, sizeof file, "%s.pem", name);
	tls_write_cert(file, cert, "w");
	snprintf(file, sizeof file, "%s.key", name);
	tls_write_key(file, key, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* The configuration of these pairs: names of files without ending, or "CERT KEY". By tls_conf_fini(). */
static inline struct conf_tls tls_conf(const char *const *names, size_t count)
{
	struct conf_tls conf = { .present = true, .certificate_count = count };

	conf.certificates = mem_array(count, sizeof *conf.certificates);
	for (size_t i = 0; i < count; i++) {
		char cert[128], key[128];

		if (sscanf(names[i], "%127s %127s", cert, key) == 1) {
			snprintf(key, sizeof key, "%s.key", names[i]);
			snprintf(cert, sizeof cert, "%s.pem", names[i]);
		}
		conf.certificates[i] = (struct conf_certificate){
			.cert = mem_string(tls_path(cert)), .key = mem_string(tls_path(key)), .line = 7 + (unsigned)i,
		};
	}
	return conf;
}

static inline void tls_conf_fini(struct conf_tls *conf)
{
	for (size_t i = 0; i < conf->certificate_count; i++) {
		mem_free(conf->certificates[i].cert);
		mem_free(conf->certificates[i].key);
	}
	mem_free(conf->certificates);
}

#endif
