/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking other servers, through libcurl on the caller's libuv loop: health checks, presence and the fetching of
 * releases all come here. One struct web holds so many transfers at once, the rest wait their turn, in order. Nothing
 * comes from the environment: no proxy, no credentials, no signals; certificates are always verified, and a redirect
 * is an answer unless it was asked to be followed. Loop lifetime; the thread of the loop only; SIGPIPE is ignored.
 */
#ifndef SYNC_WEB_H
#define SYNC_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "conf/base/addr.h"
#include "conf/base/span.h"

struct web;
struct web_transfer;

enum {
	WEB_ETAG_MAX = 200,	/* bytes; a longer one is taken as none */
	WEB_TEXT_MAX = 256,
	WEB_REDIRECTS_MAX = 20,
};

enum web_method {
	WEB_GET,
	WEB_HEAD,
	WEB_POST,	/* of the bytes in post */
	WEB_CONNECT,	/* a TCP connection to the URL's host and port, whatever its scheme, is enough; it is closed again */
};

enum web_outcome {
	WEB_DONE,		/* the answer came whole, whatever its status */
	WEB_UNREACHABLE,	/* no such name, no route, connection refused */
	WEB_TIMEOUT,		/* any of the time limits */
	WEB_UNTRUSTED,		/* the certificate, or TLS as a whole */
	WEB_TOO_LARGE,		/* more than max_bytes; said before the first byte is handed over when the server tells */
	WEB_BROKEN,		/* ended early, or not what the protocol allows */
	WEB_REFUSED,		/* body() did not want it */
	WEB_INVALID,		/* the request itself: URL, certificate files; a file: URL without a file */
};

/* How it went, or goes. Views into it live as long as the callback. */
struct web_response {
	enum web_outcome outcome;
	unsigned status;	/* of HTTP; a file: that is there has 200; 0: none came */
	uint64_t offset;	/* at which the content that is handed over begins: that of the request, or 0 when the
				 * server sends all anew */
	int64_t length;		/* bytes that follow, as the server told; -1: it did not */
	uint64_t received;	/* of content */
	char etag[WEB_ETAG_MAX + 1];	/* as sent; "" without */
	int64_t date_s;		/* what the server says is the time, seconds since 1970; 0: it does not, or a cache answered */
	bool settled;		/* its Last-Modified is two seconds before its Date or more: what changes from now on has
				 * another ETag even when that is made of the time in seconds (RFC 9110, 8.8.2.2) */
	uint64_t connect_us;	/* until the connection was open, with TLS; 0: it never was, or was open before */
	uint64_t first_us;	/* until the first byte of the answer; 0: none came */
	uint64_t took_us;	/* in all, from leaving the queue */
	char text[WEB_TEXT_MAX];	/* for people: "200 OK", "connection refused", "certificate has expired" */
};

/* Zero means none, no limit, or the default. Everything is copied but ctx. */
struct web_request {
	enum web_method method;
	const char *url;		/* http, https or file, without user information */
	const struct addr *address;	/* connect there, port and all, whatever the URL's host resolves to; it stays the
					 * name for Host, SNI and the certificate. Not with follow */
	int family;			/* AF_INET or AF_INET6: the only addresses of the name that count */
	const char *ca;			/* PEM: the only certificates to trust; NULL: the system's */
	const char *cert, *key;		/* PEM: the client's own */
	const char *proxy;		/* http://HOST:PORT */
	uint64_t connect_ms, total_ms;
	uint64_t low_bytes_s, low_ms;	/* slower than so many bytes a second for so long: WEB_TIMEOUT; whole seconds */
	uint64_t max_bytes;		/* of the whole content, the part before offset included */
	uint64_t offset;		/* what is there already: the rest is asked for (RFC 9110, 14) */
	const char *if_range;		/* the ETag of what is there; needed with offset over HTTP, and strong: without
					 * it all is asked for */
	bool immutable;			/* the URL names its content: a part of it needs no validator */
	const char *etag;		/* 304 when it still is this one */
	unsigned follow;		/* redirects, at most WEB_REDIRECTS_MAX; never from https to http */
	struct span post;		/* copied as well */
	const char *post_type;		/* its media type */
	bool fresh;			/* a connection and a TLS handshake of its own, closed afterwards: what a check needs */
	bool head_only;			/* GET, and the answer is complete with its head: the content is not waited for */
	bool all_bodies;		/* hands over the content of any status; else of 200 and 206 */
	/* A piece of content. Negative: enough of it, WEB_REFUSED. May not call into web. NULL: content is discarded. */
	int (*body)(void *ctx, const struct web_response *response, struct span piece);
	/* The end; never before web_start() has returned, not after web_cancel(). May call anything here. */
	void (*done)(void *ctx, const struct web_response *response);
	void *ctx;
};

/* at_once: transfers that run side by side, at least 1. NULL when libcurl does not start. */
struct web *web_new(uv_loop_t *loop, unsigned at_once);
/* Cancels all; nothing of it keeps the loop alive afterwards. Not from body(). */
void web_close(struct web *web);
void web_free(struct web *web);		/* after web_close(), when the loop has run out; NULL is fine */

/* Valid until done() is called. */
struct web_transfer *web_start(struct web *web, const struct web_request *request);
void web_cancel(struct web *web, struct web_transfer *transfer);	/* not from body() */
size_t web_running(const struct web *web);
size_t web_waiting(const struct web *web);	/* for their turn */

/* "404 Not Found", or the number alone when it is none of the common ones. Returns buf. */
const char *web_status_print(unsigned status, char *buf, size_t size);

#endif
