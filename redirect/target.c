/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/target.h"

#include <strings.h>

static struct span behind(struct span text, size_t len)
{
	return (struct span){ text.at + len, text.len - len };
}

static bool begins(struct span text, const char *scheme, size_t len)
{
	return text.len >= len && strncasecmp((const char *)text.at, scheme, len) == 0;
}

/* The authority ends at the path, the query or the end; a "#" or "\" in it is not part of a host and fails there. */
static size_t authority_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] != '/' && text.at[len] != '?')
		len++;
	return len;
}

static bool parse_absolute(struct span text, struct redirect_request *request)
{
	uint16_t port;

	if (begins(text, "http://", 7))
		text = behind(text, 7);
	else if (begins(text, "https://", 8))
		text = behind(text, 8), request->https = true;
	else
		return false;
	request->has_scheme = true;

	size_t len = authority_length(text);
	if (!redirect_host_parse((struct span){ text.at, len }, request->host, &request->host_len, &port))
		return false;
	request->target = behind(text, len);
	return redirect_uri_legal(request->target);
}

bool redirect_target_parse(struct span text, struct redirect_request *request)
{
	if (text.len == 0)
		return false;
	if (request->method == REDIRECT_CONNECT) {
		char host[REDIRECT_HOST_MAX + 1];
		uint8_t len;
		uint16_t port;

		request->target = (struct span){ text.at, 0 };
		return redirect_host_parse(text, host, &len, &port) && port != 0;
	}
	if (text.at[0] == '/') {
		request->target = text;
		return redirect_uri_legal(text);
	}
	if (text.len == 1 && text.at[0] == '*') {
		request->target = (struct span){ text.at, 0 };
		request->asterisk = true;
		return request->method == REDIRECT_OPTIONS_METHOD;
	}
	return parse_absolute(text, request);
}
