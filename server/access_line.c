/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_line.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint8_t *put_text(struct access_record *record, uint8_t *at, enum access_text which, struct span text)
{
	size_t len = text.len < ACCESS_TEXT_MAX ? text.len : ACCESS_TEXT_MAX;

	record->len[which] = (uint16_t)len;
	if (len != 0)
		memcpy(at, text.at, len);
	return at + len;
}

static struct span string(const char *text)
{
	return text != NULL ? span_string(text) : (struct span){ 0 };
}

static void put_client(struct access_record *record, const struct redirect_client *client)
{
	if (client == NULL || client->peer == NULL)
		return;
	struct span address = addr_bytes(client->peer);

	record->tls = client->tls;
	record->family = address.len == 4 ? 4 : 6;
	memcpy(record->address, address.at, address.len);
}

void access_record_fill(struct access_record *record, const struct redirect_answer *answer, int64_t wall_ns)
{
	const struct redirect_request *request = answer->request;
	uint8_t *at = record->text;

	*record = (struct access_record){
		.status = (uint16_t)answer->status, .version = answer->version, .bytes = answer->bytes,
		.readable = request != NULL, .wall_ns = wall_ns,
	};
	put_client(record, answer->client);
	if (request != NULL) {
		at = put_text(record, at, ACCESS_METHOD, request->method_name);
		at = put_text(record, at, ACCESS_HOST, (struct span){ (const uint8_t *)request->host, request->host_len });
		at = put_text(record, at, ACCESS_TARGET, request->asterisk ? SPAN_TEXT("*") : request->target);
		at = put_text(record, at, ACCESS_REFERER, request->referer);
		at = put_text(record, at, ACCESS_AGENT, request->user_agent);
	}
	if (answer->site != NULL && answer->site->host_count != 0)
		at = put_text(record, at, ACCESS_SITE, string(answer->site->hosts[0]));
	if (answer->target != NULL)
		at = put_text(record, at, ACCESS_TO, string(answer->target->url));
	record->size = (uint32_t)((size_t)(at - (uint8_t *)record) + 7) & ~7u;
}

struct line {
	char *out;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void print(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line->out + line->len, ACCESS_LINE_MAX - line->len, format, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len;
}

static struct span text_of(const struct access_record *record, enum access_text which)
{
	const uint8_t *at = record->text;

	for (unsigned i = 0; i < which; i++)
		at += record->len[i];
	return (struct span){ at, record->len[which] };
}

/* What could end a field or a line, or is not ASCII, is written as \xHH (combined) or \u00HH (JSON), so that a client can
 * forge neither a line nor a field. */
static void escaped(struct line *line, struct span text, bool json)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.at[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			print(line, json ? "\\u%04x" : "\\x%02X", byte);
		else
			line->out[line->len++] = (char)byte;
	}
}

static const char *version_name(uint8_t version)
{
	return version == 20 ? "HTTP/2.0" : version == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

static const char *address_text(const struct access_record *record, char buf[INET6_ADDRSTRLEN])
{
	if (record->family == 0)
		return "-";
	return inet_ntop(record->family == 4 ? AF_INET : AF_INET6, record->address, buf, INET6_ADDRSTRLEN);
}

static struct tm utc(int64_t wall_ns, unsigned *ret_ms)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	*ret_ms = (unsigned)(wall_ns / 1000000 % 1000);
	return tm;
}

static void print_combined(struct line *line, const struct access_record *record)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char address[INET6_ADDRSTRLEN];
	unsigned ms;
	struct tm tm = utc(record->wall_ns, &ms);
	struct span referer = text_of(record, ACCESS_REFERER), agent = text_of(record, ACCESS_AGENT);

	print(line, "%s - - [%02d/%.3s/%04d:%02d:%02d:%02d +0000] \"", address_text(record, address), tm.tm_mday,
	      months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (!record->readable) {
		print(line, "-");
	} else {
		escaped(line, text_of(record, ACCESS_METHOD), false);
		print(line, " ");
		escaped(line, text_of(record, ACCESS_TARGET), false);
		print(line, " %s", version_name(record->version));
	}
	print(line, "\" %u %" PRIu64 " \"", record->status, record->bytes);
	escaped(line, referer.len != 0 ? referer : SPAN_TEXT("-"), false);
	print(line, "\" \"");
	escaped(line, agent.len != 0 ? agent : SPAN_TEXT("-"), false);
	print(line, "\"\n");
}

static void member(struct line *line, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	print(line, ",\"%s\":\"", name);
	escaped(line, value, true);
	print(line, "\"");
}

static void print_json(struct line *line, const struct access_record *record, const char *node)
{
	char address[INET6_ADDRSTRLEN];
	unsigned ms;
	struct tm tm = utc(record->wall_ns, &ms);

	print(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\"", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	      tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
	member(line, "node", span_string(node));
	member(line, "client", span_string(address_text(record, address)));
	print(line, ",\"status\":%u,\"bytes\":%" PRIu64, record->status, record->bytes);
	if (record->readable)
		print(line, ",\"scheme\":\"%s\",\"protocol\":\"%s\"", record->tls ? "https" : "http",
		      version_name(record->version));
	member(line, "method", text_of(record, ACCESS_METHOD));
	member(line, "host", text_of(record, ACCESS_HOST));
	member(line, "target", text_of(record, ACCESS_TARGET));
	member(line, "site", text_of(record, ACCESS_SITE));
	member(line, "to", text_of(record, ACCESS_TO));
	member(line, "referer", text_of(record, ACCESS_REFERER));
	member(line, "user_agent", text_of(record, ACCESS_AGENT));
	print(line, "}\n");
}

size_t access_line_print(const struct access_record *record, enum conf_log_format format, const char *node,
			 char out[ACCESS_LINE_MAX])
{
	struct line line = { out, 0 };

	if (format == CONF_LOG_JSON)
		print_json(&line, record, node);
	else
		print_combined(&line, record);
	return line.len;
}
