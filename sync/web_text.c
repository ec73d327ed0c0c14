/* SPDX-License-Identifier: Apache-2.0 */
/* How a transfer ended, in words: the server's own are never repeated. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sync/web_inner.h"

const char *web_status_print(unsigned status, char *buf, size_t size)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 206, "Partial Content" },
		{ 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
		{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" }, { 407, "Proxy Authentication Required" }, { 408, "Request Timeout" },
		{ 410, "Gone" }, { 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 416, "Range Not Satisfiable" }, { 421, "Misdirected Request" }, { 425, "Too Early" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 451, "Unavailable For Legal Reasons" }, { 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" }, { 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].status == status) {
			snprintf(buf, size, "%u %s", status, rows[i].text);
			return buf;
		}
	}
	snprintf(buf, size, "%u", status);
	return buf;
}

/* libcurl's own sentence, which may quote names from a certificate: in one line, printable, without its first words
 * that say nothing. */
static void quote_fault(struct web_transfer *transfer, const char *otherwise)
{
	static const char *const fillers[] = { "SSL certificate problem: ", "SSL: ", "TLS connect error: " };
	const char *from = transfer->fault[0] != '\0' ? transfer->fault : otherwise;
	char *to = transfer->response.text;

	for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++) {
		if (strncmp(from, fillers[i], strlen(fillers[i])) == 0)
			from += strlen(fillers[i]);
	}
	snprintf(to, WEB_TEXT_MAX, "%s", from);
	for (char *at = to; *at != '\0'; at++) {
		if (!isprint((unsigned char)*at))
			*at = '?';
	}
}

/* What the kernel said of the connection, else libcurl's sentence. */
static void explain_connect(struct web_transfer *transfer)
{
	long number = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	if (number > 0) {
		snprintf(transfer->response.text, WEB_TEXT_MAX, "%s", strerror((int)number));
		transfer->response.text[0] = (char)tolower((unsigned char)transfer->response.text[0]);
	} else {
		quote_fault(transfer, "no connection");
	}
}

/* How far it came within its time. */
static void explain_timeout(struct web_transfer *transfer)
{
	struct web_response *response = &transfer->response;
	curl_off_t lookup_us = 0, connect_us = 0;
	long port = 0, opened = 0;		/* of our side: there is a connection, though its time counts when TLS is through */
	double seconds = (double)response->took_us / 1e6;

	curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
	curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &port);
	curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &opened);
	if (lookup_us == 0 && connect_us == 0 && transfer->connect_to == NULL)
		snprintf(response->text, WEB_TEXT_MAX, "no address for the name after %.1f s", seconds);
	else if (connect_us == 0 && port <= 0)
		snprintf(response->text, WEB_TEXT_MAX, "no connection after %.1f s", seconds);
	else if (response->connect_us == 0 && transfer->tls && opened > 0)
		snprintf(response->text, WEB_TEXT_MAX, "no TLS handshake after %.1f s", seconds);
	else if (response->first_us == 0)
		snprintf(response->text, WEB_TEXT_MAX, "no answer after %.1f s", seconds);
	else
		snprintf(response->text, WEB_TEXT_MAX, "%" PRIu64 " bytes, and not all, after %.1f s", response->received,
			 seconds);
}

static enum web_outcome outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return WEB_DONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
	case CURLE_INTERFACE_FAILED: return WEB_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT: return WEB_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT: return WEB_UNTRUSTED;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_FILE_COULDNT_READ_FILE:
	case CURLE_BAD_FUNCTION_ARGUMENT: return WEB_INVALID;
	default: return WEB_BROKEN;
	}
}

void web_explain(struct web_transfer *transfer, CURLcode code)
{
	const struct web_request *request = &transfer->request;
	struct web_response *response = &transfer->response;

	response->outcome = transfer->enough ? WEB_DONE : transfer->too_large ? WEB_TOO_LARGE
			  : transfer->misplaced ? WEB_BROKEN : code == CURLE_WRITE_ERROR ? WEB_REFUSED : outcome_of(code);
	if (transfer->too_large) {
		snprintf(response->text, WEB_TEXT_MAX, "more than %" PRIu64 " bytes", request->max_bytes);
	} else if (transfer->misplaced) {
		snprintf(response->text, WEB_TEXT_MAX, "%s, but not of the part that was asked for",
			 response->status == 206 ? "206 Partial Content" : "a part");
	} else if (response->outcome == WEB_DONE && request->method == WEB_CONNECT) {
		snprintf(response->text, WEB_TEXT_MAX, "connected");
	} else if (response->outcome == WEB_DONE) {
		web_status_print(response->status, response->text, WEB_TEXT_MAX);
	} else if (response->outcome == WEB_REFUSED) {
		snprintf(response->text, WEB_TEXT_MAX, "refused after %" PRIu64 " bytes", response->received);
	} else if (response->outcome == WEB_TIMEOUT) {
		explain_timeout(transfer);
	} else if (response->outcome == WEB_UNREACHABLE) {
		explain_connect(transfer);
	} else {
		quote_fault(transfer, curl_easy_strerror(code));
	}
}
