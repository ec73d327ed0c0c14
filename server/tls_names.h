/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificate is for which name (RFC 9525, 6.3): names as they stand in certificates, and the one a client asks
 * for. An address of a certificate stands among its names as it is printed, IPv6 without brackets. Built once, then const:
 * any thread. Owned by a struct tls_certs.
 */
#ifndef SERVER_TLS_NAMES_H
#define SERVER_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_NAME_MAX = 253 };	/* characters of a DNS name */

struct tls_name {
	char *text;		/* lower case, no last dot; "*.example.org" is every host right below */
	size_t order, value;
};

/* Zero-initialised is empty. */
struct tls_names {
	struct tls_name *list;
	size_t count, capacity;
};

/* False: no host name or wildcard of the leftmost label; not added. */
bool tls_names_add(struct tls_names *names, const char *text, size_t len, size_t value);
/* An address, 4 or 16 bytes. False: it has another length. */
bool tls_names_add_address(struct tls_names *names, const uint8_t *bytes, size_t len, size_t value);
void tls_names_sort(struct tls_names *names);	/* after the last; of equal ones the first added counts */
/* The value for the host asked for: its name itself before a wildcard. False: none is for it. */
bool tls_names_find(const struct tls_names *names, const char *host, size_t len, size_t *ret_value);
void tls_names_copy(struct tls_names *ret_copy, const struct tls_names *names);
void tls_names_fini(struct tls_names *names);

#endif
