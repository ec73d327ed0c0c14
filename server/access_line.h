/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the access log: what is kept of a request, and the two forms it is printed in. Pure; thread: any.
 */
#ifndef SERVER_ACCESS_LINE_H
#define SERVER_ACCESS_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "redirect/serve.h"

enum access_text { ACCESS_METHOD, ACCESS_HOST, ACCESS_TARGET, ACCESS_REFERER, ACCESS_AGENT, ACCESS_SITE, ACCESS_TO, ACCESS_TEXTS };

/* The texts stand behind it, one after the other. A record is copied as bytes. */
struct access_record {
	uint32_t size;			/* of all, rounded up to 8 */
	uint16_t status;
	uint8_t readable;		/* 0: nothing that is a request came */
	uint8_t version;		/* 10, 11 or 20 */
	uint8_t tls;
	uint8_t family;			/* 4, 6, or 0: unknown */
	uint16_t len[ACCESS_TEXTS];
	uint8_t address[16];
	int64_t wall_ns;
	uint64_t bytes;
	uint8_t text[];
};

enum {
	ACCESS_TEXT_MAX = 1024,		/* bytes kept of each text */
	ACCESS_RECORD_MAX = sizeof(struct access_record) + ACCESS_TEXTS * ACCESS_TEXT_MAX,
	ACCESS_LINE_MAX = ACCESS_TEXTS * ACCESS_TEXT_MAX * 6 + 1024,	/* a byte becomes six at most: \u00ff */
};

void access_record_fill(struct access_record *record, const struct redirect_answer *answer, int64_t wall_ns);
/* With its line end; not ended by NUL. Returns its length. */
size_t access_line_print(const struct access_record *record, enum conf_log_format format, const char *node,
			 char out[ACCESS_LINE_MAX]);

#endif
