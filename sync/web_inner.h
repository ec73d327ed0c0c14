/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of sync/web: web.c (the queue), web_loop.c (libcurl on libuv), web_transfer.c (one transfer), web_text.c. */
#ifndef SYNC_WEB_INNER_H
#define SYNC_WEB_INNER_H

#include <curl/curl.h>

#include "sync/web.h"

enum web_state { WEB_QUEUED, WEB_RUNNING, WEB_FAILED };	/* which of the lists it is in */

struct web_transfer {
	struct web_transfer *next, *before;
	struct web *web;
	enum web_state state;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct web_request request;	/* its pointers but ctx are gone after web_transfer_new() */
	bool http;			/* http or https */
	bool tls;			/* https, and not only a connection */
	bool if_range;			/* a range was asked for */
	bool enough;			/* ended by us, and good */
	bool too_large, misplaced;	/* ended by us, and bad */
	bool aged;			/* a cache answered: its Date is not of now (RFC 9111, 5.1) */
	bool part_told;			/* Content-Range said where the part begins */
	uint64_t part_begins;
	int64_t modified_s;		/* Last-Modified; 0: not told */
	struct web_response response;
	char fault[CURL_ERROR_SIZE];
};

struct web_list {
	struct web_transfer *first, *last;
	size_t count;
};

struct web {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;		/* libcurl's */
	uv_timer_t soon;		/* for what failed before it began */
	struct web_poll *polls;		/* one a socket */
	struct web_list running, waiting, failed;
	unsigned at_once;
	bool inside;			/* of libcurl: it may not be called */
	bool closed;
};

/* web_transfer.c */
struct web_transfer *web_transfer_new(const struct web_request *request);	/* outcome WEB_INVALID: it cannot run */
void web_transfer_free(struct web_transfer *transfer);
void web_transfer_end(struct web_transfer *transfer, CURLcode code);	/* fills the response */

/* web_text.c: the sentence and the outcome of a transfer that libcurl ended. */
void web_explain(struct web_transfer *transfer, CURLcode code);

/* web_loop.c */
void web_loop_start(struct web *web);
void web_loop_close(struct web *web);
void web_reap(struct web *web);		/* web.c: what libcurl has finished */

#endif
