/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/response.h"

#include <stdio.h>
#include <time.h>

#include "redirect/mirrors.h"

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
	[REDIRECT_FILE] = FORM(200, "file", "OK", ""),
	[REDIRECT_DOCUMENT] = FORM(200, "document", "OK", ""),
	[REDIRECT_BAD_REQUEST] = FORM(400, "bad-request", "Bad Request", "The request is malformed."),
	[REDIRECT_NO_SITE] = FORM(404, "no-site", "Not Found", "No site of this name is served here."),
	[REDIRECT_NO_FILE] = FORM(404, "no-file", "Not Found", "No such file is here."),
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
static const struct form partial = FORM(206, "file", "Partial Content", "");
static const struct form not_modified = FORM(304, "file", "Not Modified", "");
static const struct form precondition = FORM(412, "file", "Precondition Failed", "The file is another one now.");
static const struct form range = FORM(416, "file", "Range Not Satisfiable", "The file is shorter than that.");

enum {
	FIELDS_BOUND = 768,	/* all fixed text of a response: checked by the tests against every outcome */
	PAGE_BOUND = 192,	/* the longest page without a link */
	LINK_LINES = 2,		/* a link in a line of its own is not twice as long as in a list */
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
	const struct form *form = &forms[response->outcome];

	if (response->status == form->status)
		return form;
	switch (response->status) {
	case 303: return &see_other;
	case 307: return &temporary;
	case 206: return &partial;
	case 304: return &not_modified;
	case 412: return &precondition;
	case 416: return &range;
	default: return form;
	}
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
	if (text.len != 0)
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

/* How a byte of a URL is written in HTML; NULL: as it is. Quotation marks and angle brackets are not legal in one. */
static const char *entity_of(uint8_t byte)
{
	switch (byte) {
	case '&': return "&amp;";
	case '\'': return "&#39;";
	case '`': return "&#96;";	/* some browsers took it for a quotation mark */
	default: return NULL;
	}
}

/* One byte of the eight is this one. */
static uint64_t has_byte(uint64_t word, uint8_t byte)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t other = word ^ ones * byte;

	return (other - ones) & ~other & ones * 0x80;
}

/* Nearly every URL is as long in HTML, so eight bytes are looked at at once. "&" and "'" are neighbours. */
static size_t escaped_length(struct span url)
{
	const uint64_t ones = UINT64_MAX / 255;
	size_t len = url.len, at = 0;

	for (; url.len - at >= 8; at += 8) {
		uint64_t word;

		memcpy(&word, url.at + at, sizeof word);
		if (has_byte(word | ones, '\'') | has_byte(word, '`'))
			break;
	}
	for (; at < url.len; at++)
		len += entity_of(url.at[at]) != NULL ? ENTITY_MAX - 1 : 0;
	return len;
}

static uint8_t *put_escaped(uint8_t *at, struct span url, size_t escaped_len)
{
	if (escaped_len == url.len)
		return put(at, url);
	for (size_t i = 0; i < url.len; i++) {
		const char *entity = entity_of(url.at[i]);

		if (entity != NULL)
			at = (uint8_t *)memcpy(at, entity, ENTITY_MAX) + ENTITY_MAX;
		else
			*at++ = url.at[i];
	}
	return at;
}

#define LINK_OPEN "<!DOCTYPE html><title>Moved</title><a href=\""
#define LINK_CLOSE "\">The content is here</a>\n"

static bool has_link(const struct redirect_response *response)
{
	return response->location.len != 0 && response->location.len <= REDIRECT_LINK_MAX;
}

static uint8_t *put_link(uint8_t *at, struct span location, size_t escaped_len)
{
	at = PUT(at, LINK_OPEN);
	at = put_escaped(at, location, escaped_len);
	return PUT(at, LINK_CLOSE);
}

enum redirect_content redirect_response_content(const struct redirect_response *response)
{
	if (response->status == 204 || response->status == 304)
		return REDIRECT_CONTENT_NONE;
	return response->status == 200 || response->status == 206 ? REDIRECT_CONTENT_BODY : REDIRECT_CONTENT_PAGE;
}

size_t redirect_response_page(const struct redirect_response *response, uint8_t *out)
{
	if (redirect_response_content(response) != REDIRECT_CONTENT_PAGE)
		return 0;
	if (!has_link(response))
		return (size_t)(put(out, form_of(response)->page) - out);
	return (size_t)(put_link(out, response->location, escaped_length(response->location)) - out);
}

struct span redirect_response_allow(const struct redirect_response *response)
{
	if (response->outcome != REDIRECT_OPTIONS && response->outcome != REDIRECT_METHOD)
		return (struct span){ 0 };
	return response->writes ? SPAN_TEXT("GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE")
				: SPAN_TEXT("GET, HEAD, OPTIONS");
}

#define PUT_FIELD(at, name, value) put(PUT(at, "\r\n" name ": "), value)

/* Those that few responses have. */
static uint8_t *put_rare_fields(uint8_t *at, const struct redirect_response *response)
{
	const struct span allow = redirect_response_allow(response);

	if (allow.len != 0)
		at = PUT_FIELD(at, "Allow", allow);
	if (response->retry_after_s != 0)
		at = put_number(PUT(at, "\r\nRetry-After: "), response->retry_after_s);
	for (struct span links = response->link; links.len != 0;)
		at = PUT_FIELD(at, "Link", redirect_mirrors_next_link(&links));
	if (response->hsts.len != 0)
		at = PUT_FIELD(at, "Strict-Transport-Security", response->hsts);
	if (response->etag.len != 0)
		at = PUT_FIELD(at, "ETag", response->etag);
	if (response->ranges)
		at = PUT(at, "\r\nAccept-Ranges: bytes");
	if (response->content_range.len != 0)
		at = PUT_FIELD(at, "Content-Range", response->content_range);
	return at;
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

size_t redirect_response_bound(const struct redirect_response *response)
{
	size_t page = has_link(response) ? response->location.len * ENTITY_MAX + sizeof LINK_OPEN LINK_CLOSE : PAGE_BOUND;

	return FIELDS_BOUND + response->node.len + response->location.len + response->cache_control.len
	       + response->hsts.len + response->link.len * LINK_LINES + response->type.len + response->etag.len
	       + response->content_range.len + (response->body.len > page ? response->body.len : page);
}

/* A redirect whose page links to where it leads: nearly all that a node ever says. */
static size_t write_link(const struct redirect_response *response, uint8_t *out, uint8_t *at)
{
	size_t escaped_len = escaped_length(response->location);

	at = PUT(at, "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
	at = put_number(at, sizeof LINK_OPEN LINK_CLOSE - 1 + escaped_len);
	at = put_persist(at, response->persist);
	if (!response->head)
		at = put_link(at, response->location, escaped_len);
	return (size_t)(at - out);
}

/* 204 and 304 have no content and say nothing about it (RFC 9110, 8.6 and 15.4.5). */
static size_t write_content(const struct redirect_response *response, const struct form *form, uint8_t *out,
			    uint8_t *at)
{
	enum redirect_content content = redirect_response_content(response);
	struct span body = content == REDIRECT_CONTENT_BODY ? response->body : form->page;

	if (content == REDIRECT_CONTENT_NONE)
		return (size_t)(put_persist(at, response->persist) - out);
	if (content == REDIRECT_CONTENT_BODY) {
		at = PUT(at, "\r\nX-Content-Type-Options: nosniff");
		at = PUT_FIELD(at, "Content-Type", response->type);
	} else {
		at = PUT(at, "\r\nContent-Type: text/html; charset=utf-8");
	}
	at = put_number(PUT(at, "\r\nContent-Length: "), body.len);
	at = put_persist(at, response->persist);
	return (size_t)((response->head ? at : put(at, body)) - out);
}

size_t redirect_response_write(const struct redirect_response *response, uint8_t *out)
{
	const struct form *form = form_of(response);
	uint8_t *at = out;

	at = put(at, form->line);
	at = put(at, (struct span){ (const uint8_t *)response->date, REDIRECT_DATE_SIZE - 1 });
	at = PUT_FIELD(at, "X-Node", response->node);
	if (response->location.len != 0)
		at = PUT_FIELD(at, "Location", response->location);
	at = put_rare_fields(at, response);
	if (response->outcome != REDIRECT_OPTIONS)
		at = PUT_FIELD(at, "Cache-Control", response->cache_control);
	return has_link(response) ? write_link(response, out, at) : write_content(response, form, out, at);
}
