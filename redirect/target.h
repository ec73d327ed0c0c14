/* SPDX-License-Identifier: Apache-2.0 */
/* The four forms of a request target (RFC 9112, 3.2). Pure; thread: any. */
#ifndef REDIRECT_TARGET_H
#define REDIRECT_TARGET_H

#include <stdbool.h>

#include "redirect/request.h"

/* Reads text by request->method into target, asterisk, has_scheme, https; an absolute form overrides the host, as the
 * RFC demands. False: 400. */
bool redirect_target_parse(struct span text, struct redirect_request *request);

#endif
