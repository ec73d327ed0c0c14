/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/response.h"

#include <stdio.h>
#include <time.h>

/* Everything about an outcome that does not change from one response to the next. */
struct form {
	unsigned status;
	struct span name;	/* in counters */
	struct span line;	/* status line and the beginning of Date */
	struct span page;	/* what a person reads in place of a link */
};

#define TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }
#define FORM(code, counter, reason, sentence) \
	{ (code), TEXT(counter), TEXT("HTTP/1.1 " #code " " reason "\r\nDate: "), \
	  TEXT("<!DOCTYPE html><title>" #code " " reason "</title><p>" sentence "</p>\n") }

static const struct form forms[REDIRECT_OUTCOMES] = {
	[REDIRECT_SENT] = FORM(302, "sent", "Found", "This content is on another server."),
	[REDIRECT_WRITE_SENT] = FORM(307, "write-sent", "Temporary Redirect", "Changes are taken by another server."),
	[REDIRECT_OPTIONS] = FORM(204, "options", "No Content", ""),
	[REDIRECT_BAD_REQUEST] = FORM(400, "bad-request", "Bad Request", "The request is malformed."),
	[REDIRECT_NO_SITE] = FORM(404, "no-site", "Not Found", "No site of this name is served here."),
	[REDIRECT_METHOD] = FORM(405, "method", "Method Not Allowed", "This site is read-only."),
	[REDIRECT_TIMEOUT] = FORM(408, "timeout", "Request Timeout", "The request took too long."),
	[REDIRECT_BODY_TOO_LARGE] = FORM(413, "body-too-large", "Content Too Large", "No body is needed here."),
	[REDIRECT_TARGET_TOO_LONG] = FORM(414, "target-too-long", "URI Too Long", "The address is too long."),
	[REDIRECT_EXPECTATION] = FORM(417, "expectation", "Expectation Failed", "Only 100-continue can be expected."),
	[REDIRECT_MISDIRECTED] = FORM(421, "misdirected", "Misdirected Request", "This address is not served here."),
	[REDIRECT_HEAD_TOO_LARGE] = FORM(431, "head-too-large", "Request Header Fields Too Large",
					 "The header section is too large."),
	[REDIRECT_NOT_IMPLEMENTED] = FORM(501, "not-implemented", "Not Implemented",
					  "The method or transfer coding is not known."),
	[REDIRECT_NO_TARGET] = FORM(503, "no-target", "Service Unavailable", "No content server is available."),
	[REDIRECT_OVERLOAD] = FORM(503, "overload", "Service Unavailable", "Too many connections."),
	[REDIRECT_VERSION] = FORM(505, "version", "HTTP Version Not Supported", "HTTP/1.1 is spoken here."),
};
static const struct form see_other = FORM(303, "sent", "See Other", "This content is on another server.");
static const struct form temporary = FORM(307, "sent", "Temporary Redirect", "This content is on another server.");

enum {
	FIELDS_BOUND = 448,	/* all fixed text of a response: checked by the tests against every outcome */
	PAGE_BOUND = 192,	/* the longest page */
	ENTITY_MAX = 5,		/* one byte of a URL in HTML: "&amp;" */
};

const char *redirect_outcome_name(enum redirect_outcome outcome)
{
	return (const char *)forms[outcome].name.at;
}

unsigned redirect_outcome_status(enum redirect_outcome outcome)
{
	return forms[outcome].status;
}

static const struct form *form_of(const struct redirect_response *response)
{
	if (response->outcome == REDIRECT_SENT && response->status == 303)
		return &see_other;
	if (response->outcome == REDIRECT_SENT && response->status == 307)
		return &temporary;
	return &forms[response->outcome];
}

void redirect_date_print(int64_t wall_s, char date[REDIRECT_DATE_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t time = (time_t)wall_s;
	struct tm tm;

	/* strftime() would speak the locale's language. A clock beyond four digits of year is not a clock. */
	if (gmtime_r(&time, &tm) == NULL || tm.tm_year < -900 || tm.tm_year > 8099)
		gmtime_r(&(time_t){ 0 }, &tm);
	snprintf(date, REDIRECT_DATE_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * tm.tm_wday,
		 (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon, (unsigned)(tm.tm_year + 1900) % 10000,
		 (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static uint8_t *put(uint8_t *at, struct span text)
{
	memcpy(at, text.at, text.len);
	return at + text.len;
}

#define PUT(at, literal) ((uint8_t *)memcpy((at), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

static uint8_t *put_number(uint8_t *at, size_t number)
{
	uint8_t digits[20];
	size_t count = 0;

	do
		digits[sizeof digits - ++count] = (uint8_t)('0' + number % 10);
	while ((number /= 10) != 0);
	memcpy(at, digits + sizeof digits - count, count);
	return at + count;
}

/* A legal URL can hold two bytes that mean something in HTML. Quotes and angle brackets are not legal in one. */
static size_t escaped_length(struct span url)
{
	size_t len = url.len;

	for (size_t i = 0; i < url.len; i++)
		len += url.at[i] == '&' ? 4 : url.at[i] == '\'' ? 4 : 0;
	return len;
}

static uint8_t *put_escaped(uint8_t *at, struct span url, size_t escaped_len)
{
	if (escaped_len == url.len)
		return put(at, url);
	for (size_t i = 0; i < url.len; i++) {
		if (url.at[i] == '&')
			at = PUT(at, "&amp;");
		else if (url.at[i] == '\'')
			at = PUT(at, "&#39;");
		else
			*at++ = url.at[i];
	}
	return at;
}

#define LINK_OPEN "<!DOCTYPE html><title>Moved</title><a href=\""
#define LINK_CLOSE "\">The content is here</a>\n"

static uint8_t *put_fields(uint8_t *at, const struct redirect_response *response)
{
	switch (response->outcome) {
	case REDIRECT_SENT:
	case REDIRECT_WRITE_SENT:
		at = PUT(at, "\r\nLocation: ");
		return put(at, response->location);
	case REDIRECT_OPTIONS:
		return PUT(at, "\r\nAllow: GET, HEAD, OPTIONS");
	case REDIRECT_METHOD:
		return PUT(at, "\r\nAllow: GET, HEAD, OPTIONS");
	case REDIRECT_NO_TARGET:
	case REDIRECT_OVERLOAD:
		at = PUT(at, "\r\nRetry-After: ");
		return put_number(at, response->retry_after_s);
	default:
		return at;
	}
}

static uint8_t *put_persist(uint8_t *at, enum redirect_persist persist)
{
	switch (persist) {
	case REDIRECT_CLOSE: return PUT(at, "\r\nConnection: close\r\n\r\n");
	case REDIRECT_KEEP_ALIVE: return PUT(at, "\r\nConnection: keep-alive\r\n\r\n");
	case REDIRECT_PERSIST: break;
	}
	return PUT(at, "\r\n\r\n");
}

size_t redirect_response_bound(size_t node_len, size_t location_len)
{
	size_t body = location_len != 0 && location_len <= REDIRECT_LINK_MAX
			      ? location_len * ENTITY_MAX + sizeof LINK_OPEN LINK_CLOSE : PAGE_BOUND;

	return FIELDS_BOUND + node_len + location_len + body;
}

size_t redirect_response_write(const struct redirect_response *response, uint8_t *out)
{
	const struct form *form = form_of(response);
	bool link = response->location.len != 0 && response->location.len <= REDIRECT_LINK_MAX;
	size_t escaped_len = link ? escaped_length(response->location) : 0;
	uint8_t *at = out;

	at = put(at, form->line);
	at = put(at, (struct span){ (const uint8_t *)response->date, REDIRECT_DATE_SIZE - 1 });
	at = PUT(at, "\r\nX-Node: ");
	at = put(at, response->node);
	at = put_fields(at, response);
	if (response->outcome != REDIRECT_OPTIONS) {	/* 204 has no content and must not say how long it is */
		at = PUT(at,
			 "\r\nCache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
		at = put_number(at, link ? sizeof LINK_OPEN LINK_CLOSE - 1 + escaped_len : form->page.len);
	}
	at = put_persist(at, response->persist);
	if (response->head || response->outcome == REDIRECT_OPTIONS)
		return (size_t)(at - out);
	if (!link)
		return (size_t)(put(at, form->page) - out);
	at = PUT(at, LINK_OPEN);
	at = put_escaped(at, response->location, escaped_len);
	return (size_t)(PUT(at, LINK_CLOSE) - out);
}
