/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a response. Everything a client could have chosen has been checked before it comes here; here it is
 * only laid out. No allocation. Thread: any; the caller owns the buffer.
 */
#ifndef REDIRECT_RESPONSE_H
#define REDIRECT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

struct redirect_site;

/* How a request ended; the key of the counters. */
enum redirect_outcome {
	REDIRECT_SENT,			/* 302, 303 or 307 to a content server */
	REDIRECT_WRITE_SENT,		/* 307 to the site's place for writes */
	REDIRECT_OPTIONS,		/* 204 */
	REDIRECT_FILE,			/* 200, 206, 304, 412 or 416: a static answer of ours */
	REDIRECT_DOCUMENT,		/* 200, 304 or 412: a Metalink or a list of mirrors */
	REDIRECT_BAD_REQUEST,		/* 400 */
	REDIRECT_NO_SITE,		/* 404 */
	REDIRECT_NO_FILE,		/* 404: nothing of ours, and no server of the site has it */
	REDIRECT_METHOD,		/* 405 */
	REDIRECT_TIMEOUT,		/* 408 */
	REDIRECT_BODY_TOO_LARGE,	/* 413 */
	REDIRECT_TARGET_TOO_LONG,	/* 414 */
	REDIRECT_EXPECTATION,		/* 417 */
	REDIRECT_MISDIRECTED,		/* 421 */
	REDIRECT_HEAD_TOO_LARGE,	/* 431 */
	REDIRECT_NOT_IMPLEMENTED,	/* 501 */
	REDIRECT_NO_TARGET,		/* 503: none of the site's targets is healthy */
	REDIRECT_OVERLOAD,		/* 503: too many connections */
	REDIRECT_VERSION,		/* 505 */
	REDIRECT_OUTCOMES
};

const char *redirect_outcome_name(enum redirect_outcome outcome);	/* "sent", "no-site": for metrics and stats */
unsigned redirect_outcome_status(enum redirect_outcome outcome); /* REDIRECT_SENT: 302, a site may say another */

/* "Sun, 06 Nov 1994 08:49:37 GMT", the only form RFC 9110 5.6.7 lets us send. */
enum { REDIRECT_DATE_SIZE = 30 };
void redirect_date_print(int64_t wall_s, char date[REDIRECT_DATE_SIZE]);

enum redirect_persist {
	REDIRECT_CLOSE,		/* Connection: close */
	REDIRECT_PERSIST,	/* HTTP/1.1 stays open without a word */
	REDIRECT_KEEP_ALIVE,	/* HTTP/1.0 that asked for it must be told */
};

struct redirect_response {
	enum redirect_outcome outcome;
	unsigned status;		/* as sent, never 0 */
	enum redirect_persist persist;	/* HTTP/1 only */
	bool head;			/* HEAD: the same header fields, no body */
	bool writes;			/* Allow names other methods too: the site has a place for writes */
	unsigned retry_after_s;		/* with the two 503 */
	const char *date;		/* REDIRECT_DATE_SIZE - 1 bytes */
	struct span node;		/* X-Node */
	struct span location;		/* redirects only; legal bytes of RFC 3986, all of them */
	struct span cache_control;	/* never empty but for 204 */
	struct span hsts;		/* Strict-Transport-Security; empty: none. So are those below. */
	struct span link;		/* RFC 8288 */
	struct span type;		/* of body */
	struct span etag;
	struct span content_range;	/* 206 and 416 */
	bool ranges;			/* Accept-Ranges: bytes */
	struct span body;		/* REDIRECT_FILE and REDIRECT_DOCUMENT; others have a short page for people */
};

/* What stands behind the fields of a response, HEAD or not. */
enum redirect_content {
	REDIRECT_CONTENT_NONE,	/* 204 and 304: not even a Content-Length or a Content-Type */
	REDIRECT_CONTENT_BODY,	/* 200 and 206: body, of type; with X-Content-Type-Options: nosniff */
	REDIRECT_CONTENT_PAGE,	/* redirect_response_page(), "text/html; charset=utf-8" */
};
enum redirect_content redirect_response_content(const struct redirect_response *response);

enum {
	REDIRECT_LINK_MAX = 1024,	/* a longer Location is not repeated in the body: nobody reads it there */
	REDIRECT_PAGE_MAX = REDIRECT_LINK_MAX * 5 + 192,
};

/* The short page for people, of at most REDIRECT_PAGE_MAX bytes. Returns its length; 0 unless the content is one. */
size_t redirect_response_page(const struct redirect_response *response, uint8_t *out);
/* The value of Allow (RFC 9110, 10.2.1), for 204 and 405; empty: none. */
struct span redirect_response_allow(const struct redirect_response *response);

/* Most bytes redirect_response_write() gives for this response. */
size_t redirect_response_bound(const struct redirect_response *response);
/* Writes the response as HTTP/1.1; out has redirect_response_bound() bytes. Returns its length. */
size_t redirect_response_write(const struct redirect_response *response, uint8_t *out);

#endif
