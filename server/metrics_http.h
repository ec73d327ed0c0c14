/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of the redirect service: by site and target, the time answers take, the access log. Part of server/metrics. */
#ifndef SERVER_METRICS_HTTP_H
#define SERVER_METRICS_HTTP_H

#include "server/textbuf.h"

struct node;
void metrics_print_http(const struct node *node, struct textbuf *out);

#endif
