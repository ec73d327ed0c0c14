/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/request_method.h"

#include <llhttp.h>

enum redirect_method redirect_request_method_of(uint8_t llhttp_number)
{
	switch (llhttp_number) {
	case HTTP_GET: return REDIRECT_GET;
	case HTTP_HEAD: return REDIRECT_HEAD;
	case HTTP_OPTIONS: return REDIRECT_OPTIONS_METHOD;
	case HTTP_CONNECT: return REDIRECT_CONNECT;
	case HTTP_TRACE: return REDIRECT_TRACE;
	default: return REDIRECT_OTHER;
	}
}

bool redirect_request_method(struct span name, struct redirect_request *request)
{
#define ROW(number, identifier, string) { HTTP_##identifier, #string, sizeof #string - 1 },
	static const struct {
		llhttp_method_t method;
		const char *name;
		size_t len;
	} rows[] = { HTTP_METHOD_MAP(ROW) };
#undef ROW

	/* The usual one first; the others are rare enough to be looked for. */
	if (span_equal(name, SPAN_TEXT("GET"))) {
		request->method = REDIRECT_GET;
		request->method_name = SPAN_TEXT("GET");
		return true;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		/* SOURCE is Icecast's alone: llhttp takes it with no version of HTTP. */
		if (rows[i].method != HTTP_SOURCE && name.len == rows[i].len
		    && memcmp(name.at, rows[i].name, name.len) == 0) {
			request->method = redirect_request_method_of((uint8_t)rows[i].method);
			request->method_name = (struct span){ (const uint8_t *)rows[i].name, rows[i].len };
			return true;
		}
	return false;
}
