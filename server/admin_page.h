/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard of the admin listener: one page of HTML. Main thread only. */
#ifndef SERVER_ADMIN_PAGE_H
#define SERVER_ADMIN_PAGE_H

#include <stdint.h>

#include "server/admin_answer.h"

/* The whole page. */
void admin_page_print(const struct node *node, struct admin_view views[ADMIN_VIEWS], struct textbuf *out);

/* Parts of it (server/admin_page_route.c): nothing on a node without services, or without a master. */
void admin_page_services(const struct node *node, struct textbuf *out);
void admin_page_content(const struct node *node, struct textbuf *out);

/* Cells of a table; value comes from anywhere, at is seconds since 1970, 0: never. */
void admin_page_cell(struct textbuf *out, const char *value);
void admin_page_time(struct textbuf *out, int64_t at);

#endif
