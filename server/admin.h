/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin listener: HTTP for operators and their tools, on the main loop, at addresses that are no service's:
 * /metrics, /healthz, /readyz and a page. GET and HEAD only, one request a connection, few connections, each for a
 * short time; nothing can be changed through it. Main thread only.
 */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

#include <stddef.h>

struct admin;
struct node;

enum {
	ADMIN_CLIENTS_MAX = 32,
	ADMIN_REQUEST_MS = 5000,	/* from connecting to the end of the request's header */
	ADMIN_RESPONSE_MS = 15000,	/* to take the response */
};

/* Takes over the listening sockets of fds, and serves them on node's loop. A libuv code, and nothing is served. */
int admin_start(struct node *node, const int *fds, size_t count, struct admin **ret_admin);
/* The node stops. /readyz says so until the workers have ended, then the listener closes; freed when all is closed.
 */
void admin_close(struct admin *admin);

#endif
