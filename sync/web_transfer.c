/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/base/mem.h"
#include "sync/web_inner.h"

enum {
	CA_CACHE_S = 300,	/* a replaced bundle of the system counts after so long; libcurl's own day is too much */
	SPEED_MIN_S = 1,
	BUFFER_BYTES = 64 << 10,
	SETTLED_S = 2,
};

/* Visible characters in quotes, with or without W/ in front (RFC 9110, 8.8.3); it is sent back one day. */
static bool etag_legal(const char *text, size_t len)
{
	size_t quote = len > 2 && text[0] == 'W' && text[1] == '/' ? 2 : 0;

	if (len < quote + 2 || len > WEB_ETAG_MAX || text[quote] != '"' || text[len - 1] != '"')
		return false;
	for (size_t i = quote + 1; i < len - 1; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '"')
			return false;
	}
	return true;
}

static bool header_is(const char *line, size_t len, const char *name, const char **ret_value, size_t *ret_len)
{
	size_t name_len = strlen(name);

	if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len + 1;
	len -= name_len + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	*ret_value = line;
	*ret_len = len;
	return true;
}

static void read_etag(struct web_response *response, const char *value, size_t len)
{
	if (etag_legal(value, len)) {
		memcpy(response->etag, value, len);
		response->etag[len] = '\0';
	}
}

/* "bytes 100-199/200" (RFC 9110, 14.4): where it begins. */
static void read_range(struct web_transfer *transfer, const char *value, size_t len)
{
	uint64_t begins = 0;
	size_t i = 6;

	if (len < 9 || strncasecmp(value, "bytes ", 6) != 0)
		return;
	for (; i < len && value[i] >= '0' && value[i] <= '9' && begins < UINT64_MAX / 10 - 1; i++)
		begins = begins * 10 + (uint64_t)(value[i] - '0');
	if (i > 6 && i < len && value[i] == '-') {
		transfer->part_told = true;
		transfer->part_begins = begins;
	}
}

/* Of RFC 9110, 5.6.7; 0: none. */
static int64_t read_date(const char *value, size_t len)
{
	char text[64];

	if (len >= sizeof text)
		return 0;
	memcpy(text, value, len);
	text[len] = '\0';
	time_t when = curl_getdate(text, NULL);
	return when > 0 ? when : 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct web_transfer *transfer = ctx;
	size_t len = size * count, value_len;
	const char *value;

	/* Another answer begins: the one after 100, or after a redirect. */
	if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		transfer->response.etag[0] = '\0';
		transfer->response.date_s = transfer->modified_s = 0;
		transfer->part_told = transfer->aged = false;
	} else if (header_is(line, len, "ETag", &value, &value_len)) {
		read_etag(&transfer->response, value, value_len);
	} else if (header_is(line, len, "Content-Range", &value, &value_len)) {
		read_range(transfer, value, value_len);
	} else if (header_is(line, len, "Date", &value, &value_len)) {
		transfer->response.date_s = read_date(value, value_len);
	} else if (header_is(line, len, "Last-Modified", &value, &value_len)) {
		transfer->modified_s = read_date(value, value_len);
	} else if (header_is(line, len, "Age", &value, &value_len)) {
		transfer->aged = true;
	}
	return len;
}

static void read_head(struct web_transfer *transfer)
{
	struct web_response *response = &transfer->response;
	long status = 0;
	curl_off_t length = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	response->status = status > 0 ? (unsigned)status : 0;
	response->length = length;
	response->offset = response->status == 206 ? transfer->part_begins : 0;
	response->settled = transfer->modified_s != 0 && !transfer->aged &&
			    response->date_s - transfer->modified_s >= SETTLED_S;
}

/* The head is complete and content begins: may it? */
static bool admit(struct web_transfer *transfer)
{
	const struct web_request *request = &transfer->request;
	struct web_response *response = &transfer->response;

	read_head(transfer);
	if (!transfer->http) {
		response->status = 200;
		response->offset = request->offset;
	} else if (response->status == 206) {
		transfer->misplaced = !transfer->if_range || !transfer->part_told || transfer->part_begins != request->offset;
	}
	transfer->too_large = request->max_bytes != 0 &&
			      (response->offset > request->max_bytes ||
			       (response->length > 0 &&
				(uint64_t)response->length > request->max_bytes - response->offset));
	/* What an error page says, and how long it is, is not asked for: that it is one is the answer. */
	bool refused = transfer->http && response->status >= 400 && !request->all_bodies;
	transfer->enough = request->head_only || (transfer->too_large && refused);
	transfer->too_large = transfer->too_large && !refused;
	return !transfer->misplaced && !transfer->too_large && !transfer->enough;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct web_transfer *transfer = ctx;
	const struct web_request *request = &transfer->request;
	struct web_response *response = &transfer->response;
	size_t len = size * count;

	if (response->received == 0 && !admit(transfer))
		return 0;
	if (request->max_bytes != 0 && len > request->max_bytes - response->offset - response->received) {
		transfer->too_large = true;
		return 0;
	}
	bool wanted = request->body != NULL &&
		      (request->all_bodies || response->status == 200 || response->status == 206);
	if (wanted && request->body(request->ctx, response, (struct span){ (const uint8_t *)bytes, len }) < 0)
		return 0;
	response->received += len;
	return len;
}

static void add_header(struct web_transfer *transfer, const char *name, const char *value)
{
	char *line = mem_format("%s: %s", name, value);

	transfer->headers = curl_slist_append(transfer->headers, line);
	mem_free(line);
}

/* A TCP connection is one of plain HTTP in which nothing is ever said. */
static CURLUcode without_tls(CURLU *url)
{
	char *port;
	CURLUcode code = curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);

	if (code == CURLUE_OK) {
		code = curl_url_set(url, CURLUPART_PORT, port, 0);
		curl_free(port);
	}
	return code == CURLUE_OK ? curl_url_set(url, CURLUPART_SCHEME, "http", 0) : code;
}

static int set_url(struct web_transfer *transfer, const struct web_request *request)
{
	CURLU *parsed = curl_url();
	CURLUcode code = curl_url_set(parsed, CURLUPART_URL, request->url, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
	char *scheme = NULL, *url = NULL;

	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK && request->method == WEB_CONNECT)
		code = without_tls(parsed);
	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_URL, &url, 0);
	bool known = scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0 ||
					(strcmp(scheme, "file") == 0 && request->method == WEB_GET));
	if (code == CURLUE_OK && known) {
		transfer->http = strcmp(scheme, "file") != 0;
		transfer->tls = strcmp(scheme, "https") == 0 && request->method != WEB_CONNECT;
		curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
		curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR,
				 request->method == WEB_CONNECT ? "http" : scheme);
		curl_easy_setopt(transfer->easy, CURLOPT_REDIR_PROTOCOLS_STR,
				 strcmp(scheme, "https") == 0 ? "https" : "http,https");
	} else {
		snprintf(transfer->response.text, WEB_TEXT_MAX, "\"%.150s\" cannot be asked: %s", request->url,
			 code != CURLUE_OK ? curl_url_strerror(code) : "neither http, https nor file");
	}
	curl_free(scheme);
	curl_free(url);
	curl_url_cleanup(parsed);
	return code == CURLUE_OK && known ? 0 : -1;
}

static void set_address(struct web_transfer *transfer, const struct web_request *request)
{
	char host[ADDR_TEXT_MAX];
	char *entry;

	if (request->family != AF_UNSPEC)
		curl_easy_setopt(transfer->easy, CURLOPT_IPRESOLVE,
				 request->family == AF_INET ? (long)CURL_IPRESOLVE_V4 : (long)CURL_IPRESOLVE_V6);
	if (request->address == NULL)
		return;
	addr_print_host(request->address, host, sizeof host);
	if (request->address->any.sa_family == AF_INET6) {
		/* The interface of a link-local address goes apart, as a number. */
		host[strcspn(host, "%")] = '\0';
		entry = mem_format("::[%s]:%u", host, addr_port(request->address));
		curl_easy_setopt(transfer->easy, CURLOPT_ADDRESS_SCOPE, (long)request->address->v6.sin6_scope_id);
	} else {
		entry = mem_format("::%s:%u", host, addr_port(request->address));
	}
	transfer->connect_to = curl_slist_append(NULL, entry);
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	mem_free(entry);
}

static void set_trust(struct web_transfer *transfer, const struct web_request *request)
{
	CURL *easy = transfer->easy;

	/* With a folder of certificates beside the bundle nothing is kept from one handshake to the next. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (request->ca != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca);
	/* Only one bundle is kept: the system's, which takes long to read. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, request->ca != NULL ? 0L : (long)CA_CACHE_S);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (request->cert != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, request->cert);
	if (request->key != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, request->key);
	/* A resumed session does not look at the certificate again. */
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, request->fresh ? 0L : 1L);
}

static void set_limits(struct web_transfer *transfer, const struct web_request *request)
{
	CURL *easy = transfer->easy;
	uint64_t low_s = (request->low_ms + 999) / 1000;

	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
	if (request->connect_ms != 0)
		curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
	if (request->low_bytes_s != 0) {
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)request->low_bytes_s);
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(low_s > SPEED_MIN_S ? low_s : SPEED_MIN_S));
	}
}

/* CURLOPT_RANGE and not CURLOPT_RESUME_FROM: with that, a server that sends everything anew is an error. */
static void set_conditions(struct web_transfer *transfer, const struct web_request *request)
{
	char range[24];
	bool strong = request->if_range != NULL && request->if_range[0] == '"' &&
		      etag_legal(request->if_range, strlen(request->if_range));

	if (request->offset != 0 && (strong || request->immutable || !transfer->http)) {
		snprintf(range, sizeof range, "%" PRIu64 "-", request->offset);
		curl_easy_setopt(transfer->easy, CURLOPT_RANGE, range);
		transfer->if_range = true;
		if (transfer->http && strong)
			add_header(transfer, "If-Range", request->if_range);
	}
	if (request->etag != NULL && etag_legal(request->etag, strlen(request->etag)))
		add_header(transfer, "If-None-Match", request->etag);
	if (request->method == WEB_POST) {
		add_header(transfer, "Content-Type", request->post_type);
		add_header(transfer, "Expect", "");	/* it is small: not asked for first (RFC 9110, 10.1.1) */
	}
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_method(struct web_transfer *transfer, const struct web_request *request)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (request->method == WEB_POST) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->post.len);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)request->post.at);
	}
	if (request->method == WEB_HEAD)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (request->method == WEB_CONNECT)
		curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	if (request->fresh) {
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	}
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow != 0 ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)request->follow);
}

/* What is the same for all. */
static void set_rest(struct web_transfer *transfer, const struct web_request *request)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->fault);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "catchment/" CATCHMENT_VERSION);
	curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy != NULL ? request->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);	/* does not wait for a name server when cancelled */
	if (request->body != NULL)
		curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

struct web_transfer *web_transfer_new(const struct web_request *request)
{
	struct web_transfer *transfer = mem_alloc(sizeof *transfer);

	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		abort();	/* as all memory: it is there, or the process ends */
	transfer->request = *request;
	transfer->response.length = -1;
	if (set_url(transfer, request) != 0) {
		transfer->response.outcome = WEB_INVALID;
		return transfer;
	}
	set_address(transfer, request);
	set_trust(transfer, request);
	set_limits(transfer, request);
	set_conditions(transfer, request);
	set_method(transfer, request);
	set_rest(transfer, request);
	transfer->request.url = transfer->request.ca = transfer->request.cert = transfer->request.key = NULL;
	transfer->request.proxy = transfer->request.if_range = transfer->request.etag = NULL;
	transfer->request.address = NULL;
	transfer->request.post = (struct span){ 0 };
	transfer->request.post_type = NULL;
	return transfer;
}

void web_transfer_free(struct web_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	mem_free(transfer);
}

static uint64_t time_of(struct web_transfer *transfer, CURLINFO which)
{
	curl_off_t us = 0;

	curl_easy_getinfo(transfer->easy, which, &us);
	return us > 0 ? (uint64_t)us : 0;
}

void web_transfer_end(struct web_transfer *transfer, CURLcode code)
{
	struct web_response *response = &transfer->response;

	if (response->received == 0)
		read_head(transfer);
	if (transfer->aged)
		response->date_s = 0;
	response->took_us = time_of(transfer, CURLINFO_TOTAL_TIME_T);
	response->connect_us = time_of(transfer, transfer->tls ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T);
	response->first_us = response->status != 0 ? time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T) : 0;
	if (!transfer->http && code == CURLE_OK)
		response->status = 200;
	web_explain(transfer, code);
}
