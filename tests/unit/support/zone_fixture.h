/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the answering side: zones from text in the test, questions as text, responses as text to compare. A
 * broken promise ends the test program. */
#ifndef TESTS_UNIT_SUPPORT_ZONE_FIXTURE_H
#define TESTS_UNIT_SUPPORT_ZONE_FIXTURE_H

#include <stdbool.h>

#include "zone/respond.h"

enum { FIXTURE_TEXT_MAX = 1 << 17 };

/* Compiles master-file text. */
struct zone_image *fixture_image(const char *origin, const char *text);

struct fixture {
	struct zone_set *zones;
	struct zone_identity identity;
	struct respond_env env;
	struct respond_from from;
	uint8_t response[DNS_MESSAGE_MAX];
	struct respond_result result;
	char text[FIXTURE_TEXT_MAX];
};

/* Pairs of origin and zone text, ended by NULL; text "" is a zone that is configured but not loaded. */
struct fixture *fixture_new(const char *const *zones);
void fixture_free(struct fixture *fixture);

/* What to put into a query beside its question. */
struct fixture_query {
	const char *name, *type;
	uint16_t class;		/* 0: IN */
	uint16_t flags;		/* of the header */
	bool edns, dnssec_ok, nsid, tcp;
	uint16_t udp_size;	/* 0: 1232 */
	uint8_t version;
};
size_t fixture_build(const struct fixture_query *query, uint8_t out[DNS_UDP_BYTES]);

/* Asks, and gives the response as text, one record a line:
 *     NOERROR aa
 *     an www.example. 300 A 192.0.2.1
 *     ar . OPT 1232 nsid=6e31
 * Silence is "". The text lives until the next question. */
const char *fixture_ask(struct fixture *fixture, const struct fixture_query *query);
/* The same for raw bytes. */
const char *fixture_send(struct fixture *fixture, enum respond_transport transport, const void *bytes, size_t len);

/* A message as text, into out of FIXTURE_TEXT_MAX bytes. Fails the program on a malformed one. */
void fixture_print(const uint8_t *message, size_t len, char *out);

#endif
