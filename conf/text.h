/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a name, a host and a URL may look like in the configuration. Only the text is judged: nothing is looked up.
 * (zone/ has domain names of its own, with all that answering needs; conf/ stands below it.) Thread: any.
 */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONF_WIRE_MAX = 255,	/* bytes of a domain name, RFC 1035, 3.1 */
	CONF_LABEL_MAX = 63,
	CONF_HOST_MAX = 253,	/* characters of a host name without its last dot */
	CONF_URL_MAX = 1024,	/* bytes of a target, well inside what clients take as a Location */
	CONF_QUOTE_MAX = 96,
	CONF_MEDIA_TYPE_MAX = 255,
};

/* A domain name (RFC 1035, 5.1, escapes too, the last dot may be left out) in wire form and lower case, so that
 * names that are the same are the same bytes. ERR_SYNTAX. */
int conf_text_name(const char *text, uint8_t ret_wire[CONF_WIRE_MAX], size_t *ret_len);
/* A host name as in a URL: RFC 1123, 2.1, without the last dot. */
bool conf_text_is_host(const char *text);
/* NULL when url is one a site may send clients to, else why not. */
const char *conf_text_url_fault(const char *url);
/* Whether variable ("{host}") stands in the authority of a good url. */
bool conf_text_in_authority(const char *url, const char *variable);
/* A media type with its parameters, "text/plain; charset=utf-8" (RFC 9110, 8.3.1): what may stand in the head of a
 * response without ending a line of it. */
bool conf_text_is_media_type(const char *text);
/* text in quotes for a message: printable ASCII, shortened when long; returns buf. */
const char *conf_text_quote(const char *text, size_t len, char buf[CONF_QUOTE_MAX]);
/* How many letters must be changed, put in, left out or swapped with a neighbour; limit when that many or more. */
unsigned conf_text_distance(const char *a, const char *b, unsigned limit);

#endif
