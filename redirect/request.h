/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of one connection to requests, one at a time; the only door to llhttp. Two stages: a scanner follows
 * the stream byte by byte (lines end in CRLF, no control characters, limits) until a request head is complete, then
 * llhttp parses that head whole, in the caller's buffer when the head arrived in one piece. So nothing of llhttp
 * lives between two reads, an idle connection holds no buffer, and the verdict cannot depend on how the stream was
 * split. Loop lifetime; the thread of the connection.
 */
#ifndef REDIRECT_REQUEST_H
#define REDIRECT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "redirect/syntax.h"

enum {
	REDIRECT_LINE_MAX = 8 << 10,		/* bytes of a request line and its CRLF; longer: 414 */
	REDIRECT_FIELDS_MAX = 16 << 10,		/* bytes of the header section; larger: 431 */
	REDIRECT_FIELD_COUNT_MAX = 100,		/* field lines; more: 431 */
	REDIRECT_BODY_MAX = 64 << 10,		/* bytes of a body that are read and discarded to keep a connection */
	REDIRECT_HELD_MAX = 2 + REDIRECT_LINE_MAX + REDIRECT_FIELDS_MAX, /* with the one empty line allowed before */
};

enum redirect_method {
	REDIRECT_GET, REDIRECT_HEAD, REDIRECT_OPTIONS_METHOD, REDIRECT_CONNECT, REDIRECT_TRACE,
	REDIRECT_OTHER,		/* POST, PUT, DELETE, PATCH and whatever else llhttp knows */
};

/* Views into the caller's buffer or the parser's; they stand until the next call of redirect_request_release(). */
struct redirect_request {
	enum redirect_method method;
	struct span method_name;	/* "POST": for the access log */
	bool version_1_0;
	bool persist;			/* by version and Connection; the body has a say as well */
	bool asterisk;			/* OPTIONS * */
	bool has_scheme, https;		/* absolute-form, and its scheme */
	bool expect_continue;
	bool chunked;
	uint64_t content_length;
	struct span target;		/* path and query as received: "" or begins with "/" or "?"; all legal */
	/* As received, empty without: conditions and ranges for static answers, the last two for the access log. More than
	 * one line of a field that is a list is taken as none of it would be: the answer is then the whole file. */
	struct span if_none_match, if_match, if_range, range, accept, user_agent, referer;
	char host[REDIRECT_HOST_MAX + 1]; /* as redirect_host_parse() gives it; "" when HTTP/1.0 named none */
	uint8_t host_len;
};

/* Zero-initialised is a new connection. */
struct redirect_request_parser {
	uint8_t *held;		/* the incomplete head, or NULL */
	uint32_t held_len, held_room;
	uint32_t scanned;	/* bytes of the head that passed the scanner */
	uint32_t line_start;	/* where the line that is being scanned began */
	uint32_t fields_start;	/* behind the request line; 0: still in it */
	uint16_t skipped;	/* bytes of an empty line before the head */
	uint8_t field_count;
};

enum redirect_parsed {
	REDIRECT_PARSED,		/* *ret_request is filled */
	REDIRECT_PARSED_MORE,		/* all bytes taken, no head is complete */
	REDIRECT_PARSED_BAD,		/* 400 */
	REDIRECT_PARSED_LONG_TARGET,	/* 414 */
	REDIRECT_PARSED_LARGE_HEAD,	/* 431 */
	REDIRECT_PARSED_UNKNOWN,	/* 501: method or transfer coding nobody implements */
	REDIRECT_PARSED_EXPECTATION,	/* 417 */
	REDIRECT_PARSED_VERSION,	/* 505 */
};

/* Takes bytes until a head is complete or wrong. *ret_consumed bytes of in were taken in any case. After
 * REDIRECT_PARSED the caller answers, then releases; a fault is final: where the next request begins is unknown, the
 * connection ends. */
enum redirect_parsed redirect_request_next(struct redirect_request_parser *parser, const uint8_t *in, size_t in_len,
					   size_t *ret_consumed, struct redirect_request *ret_request);
/* In place of redirect_request_release(), for a head that cannot be answered yet: it stays until released, and the views
 * into it are gone. in: as it was given to redirect_request_next(), which took nothing behind the head. */
void redirect_request_keep(struct redirect_request_parser *parser, const uint8_t *in);
/* The head that was kept, as often as needed. */
void redirect_request_again(struct redirect_request_parser *parser, struct redirect_request *ret_request);
/* The head was answered: the views into it are gone, the parser is idle again. */
void redirect_request_release(struct redirect_request_parser *parser);
/* No byte of a next request has come. */
bool redirect_request_idle(const struct redirect_request_parser *parser);

#endif
