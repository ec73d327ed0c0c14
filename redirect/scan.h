/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the end of a request head in a stream and refuses what no head may contain: lines end in CRLF, no control
 * characters, no folding, a request line of three parts, every limit. Part of redirect/request.c.
 */
#ifndef REDIRECT_SCAN_H
#define REDIRECT_SCAN_H

#include "redirect/request.h"

/* bytes: the head from its beginning, as far as it has come; goes on where it stopped. REDIRECT_PARSED when the empty
 * line behind the fields was found, parser->scanned is then the length of the head; else REDIRECT_PARSED_MORE or a
 * fault. */
enum redirect_parsed redirect_scan(struct redirect_request_parser *parser, const uint8_t *bytes, size_t len);

#endif
