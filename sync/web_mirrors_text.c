/* SPDX-License-Identifier: Apache-2.0 */
/* What a server's failure has to do with this node's configuration: an operator reads which key to look at. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sync/web_mirrors_inner.h"

static bool says(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* A server that wants a certificate says so with an alert in TLS 1.3 (RFC 8446, 4.4.2.4), nginx with 400. */
static bool wants_certificate(const struct web_response *response)
{
	if (response->outcome == WEB_DONE)
		return response->status == 400 || response->status == 401;
	return says(response->text, "certificate required") || says(response->text, "alert handshake failure")
		|| says(response->text, "alert bad certificate") || says(response->text, "alert unknown ca");
}

static void add(struct err_note *note, const char *words, const char *value, const char *end)
{
	size_t len = strlen(note->text);

	snprintf(note->text + len, sizeof note->text - len, "%s%.100s%s", words, value, end);
}

static bool is_own_file(const struct web_response *response)
{
	return response->outcome == WEB_INVALID && (says(response->text, "certificate") || says(response->text, "key"));
}

void web_mirrors_explain(const struct web_mirrors_settings *settings, const char *url,
			 const struct web_response *response, struct err_note *note)
{
	bool https = strncasecmp(url, "https:", 6) == 0;

	err_note_set(note, NULL, 0, "%.200s: %.200s", url, response->text);
	if (https && wants_certificate(response) && settings->cert == NULL)
		add(note, "; it may want a certificate of this node: sync.client-cert is not set", "", "");
	else if (https && wants_certificate(response))
		add(note, "; it may not take the certificate in sync.client-cert, ", settings->cert, "");
	else if (https && is_own_file(response))
		add(note, "; see sync.ca, sync.client-cert and sync.client-key", "", "");
	else if (response->outcome == WEB_UNTRUSTED && settings->ca == NULL)
		add(note, "; trusted is what this system trusts: sync.ca is not set", "", "");
	else if (response->outcome == WEB_UNTRUSTED)
		add(note, "; trusted is what sync.ca holds, ", settings->ca, "");
	if (settings->proxy != NULL && strncasecmp(url, "file:", 5) != 0
	    && (response->outcome != WEB_DONE || response->status >= 500 || response->status == 407))
		add(note, " (by way of sync.proxy, ", settings->proxy, ")");
}
