/* SPDX-License-Identifier: Apache-2.0 */
/* Why a URL is answered as it is, step by step: the real parser and the real rules, talking. Pure; thread: any. */
#ifndef REDIRECT_EXPLAIN_H
#define REDIRECT_EXPLAIN_H

#include "redirect/decide.h"

/* Calls line(ctx, text) for each step, in order. method: "GET" when NULL. The scheme of the URL says which listener
 * is meant (view->client->tls is not looked at). A client of REDIRECT_ANY_FAMILY stands for one of each family. random
 * stands for the choice by weight. Returns the status of the answer (over IPv4, where that differs), or
 * ERR_SYNTAX when url is nothing a client could ask for; the reason has then been said. */
int redirect_explain(const struct redirect_view *view, const char *method, const char *url, uint64_t random,
		     void (*line)(void *ctx, const char *text), void *ctx);

#endif
