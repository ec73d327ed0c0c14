/* SPDX-License-Identifier: Apache-2.0 */
/* cookies list and reload, tickets list and reload: which secrets make and verify DNS cookies, which keys seal and open the
 * session tickets of each service over TLS. A secret itself is never told: a digest of it is enough to see whether two nodes
 * share it. */
#include <stdio.h>

#include "server/commands.h"
#include "server/tls.h"
#include "zone/digest.h"

enum { SHOWN_BYTES = 4 };

void command_cookies_list(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	const struct conf_dns *conf = &call->node->conf->dns;
	json_t *list = json_array();

	for (size_t i = 0; i < dataset->cookies.count; i++) {
		uint8_t digest[ZONE_DIGEST_BYTES];
		char text[2 * SHOWN_BYTES + 1];

		zone_digest(dataset->cookies.secret[i], COOKIE_SECRET_BYTES, digest);
		for (size_t k = 0; k < SHOWN_BYTES; k++)
			snprintf(text + 2 * k, 3, "%02x", digest[k]);
		call_text(call, "%s  %s, %s\n", text, i == 0 ? "makes and verifies" : "verifies",
			  !dataset->cookies_shared ? "made by this node for itself"
			  : i < conf->cookie_secret_count ? conf->cookie_secrets[i] : "from the master");
		json_array_append_new(list, call_string(text));
	}
	call_set(call, "secrets", list);
	call_set(call, "shared", json_boolean(dataset->cookies_shared));
	call_done(call);
}

static void list_service(struct call *call, json_t *list, const char *service, const struct tls_certs *certs,
			 const struct conf_tls *conf)
{
	uint8_t digests[CONF_TICKET_KEYS_MAX][TLS_TICKET_DIGEST_BYTES];
	bool shared;

	if (certs == NULL)
		return;
	size_t count = tls_certs_ticket_keys(certs, digests, &shared);
	for (size_t i = 0; i < count; i++) {
		char text[2 * TLS_TICKET_DIGEST_BYTES + 1];
		json_t *key = json_object();

		for (size_t k = 0; k < TLS_TICKET_DIGEST_BYTES; k++)
			snprintf(text + 2 * k, 3, "%02x", digests[i][k]);
		call_text(call, "%-12s  %s  %s, %s\n", service, text, i == 0 ? "seals and opens" : "opens",
			  !shared ? "made by this node for itself"
			  : i < conf->ticket_key_count ? conf->ticket_keys[i] : "from the master");
		json_object_set_new(key, "service", call_string(service));
		json_object_set_new(key, "digest", call_string(text));
		json_object_set_new(key, "seals", json_boolean(i == 0));
		json_object_set_new(key, "shared", json_boolean(shared));
		json_array_append_new(list, key);
	}
}

void command_tickets_list(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	const struct conf *conf = call->node->conf;
	json_t *list = json_array();

	list_service(call, list, "dns.tls", dataset->tls[DATASET_TLS_DNS].certs, &conf->dns.tls);
	list_service(call, list, "redirect.tls", dataset->tls[DATASET_TLS_HTTP].certs, &conf->redirect.tls);
	call_set(call, "keys", list);
	call_done(call);
}

static void reloaded(struct call *call, const struct node_reload_result *result, const char *what,
		     void (*list)(struct call *call))
{
	char text[sizeof(struct err_note) + 16];

	call->busy = false;
	if (result->err == 0)
		list(call);
	else
		call_fail(call, CALL_REFUSED, "the %s stay as they were: %s", what,
			  result->errors->kept ? err_note_print(&result->errors->notes[0], text, sizeof text)
					       : err_text(result->err));
}

static void cookies_reloaded(void *ctx, const struct node_reload_result *result)
{
	reloaded(ctx, result, "secrets", command_cookies_list);
}

static void tickets_reloaded(void *ctx, const struct node_reload_result *result)
{
	reloaded(ctx, result, "keys", command_tickets_list);
}

void command_cookies_reload(struct call *call)
{
	call->busy = true;
	node_reload_secrets(call->node, cookies_reloaded, call);
}

void command_tickets_reload(struct call *call)
{
	call->busy = true;
	node_reload_secrets(call->node, tickets_reloaded, call);
}
