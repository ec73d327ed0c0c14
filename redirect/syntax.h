/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces of RFC 9110 and RFC 3986 that requests and the configuration share: tokens, hosts, the bytes of a path
 * and a query. Pure; thread: any.
 */
#ifndef REDIRECT_SYNTAX_H
#define REDIRECT_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/span.h"

enum { REDIRECT_HOST_MAX = 255 };	/* bytes of a host name or address */

bool redirect_is_token(uint8_t byte);	/* tchar, RFC 9110 5.6.2 */
bool redirect_is_token_text(struct span text);	/* at least one, and nothing else: a method, a field name, a coding */

/* HOST[:PORT] as in a Host field or an authority: HOST is a name of letters, digits, "-" and "_" in non-empty labels,
 * an IPv4 address, or an IPv6 address in brackets. On success host holds it in lower case, without the last dot, an
 * IPv6 address in the form of RFC 5952, ended by NUL; *ret_port is the port or 0. False for userinfo,
 * percent-encoding, empty labels, bad ports and every other byte; then nothing is touched. */
bool redirect_host_parse(struct span text, char host[REDIRECT_HOST_MAX + 1], uint8_t *ret_len, uint16_t *ret_port);

/* Every byte may stand in a path or a query (pchar, "/", "?"), and each "%" is followed by two hex digits. A query
 * may hold "?", so behind the first one the two sets are the same. In the path an encoded control character is
 * refused: it is harmless as it stands, but a server further on that decodes it into a header (measured: nginx's
 * $uri) is not, and no file is named so. Queries carry encoded line ends for good reasons and may. In a query, [ ] { } | ^
 * and the backtick are let through as well: RFC 3986 has no place for them, but browsers send them there as they are
 * (https://url.spec.whatwg.org/#query-percent-encode-set), and in a header field they mean nothing. " < > \ never are. */
bool redirect_uri_legal(struct span text);

#endif
