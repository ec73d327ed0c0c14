/* SPDX-License-Identifier: Apache-2.0 */
/* cookies list, cookies reload: which secrets make and verify DNS cookies. A secret itself is never told: a digest of it
 * is enough to see whether two nodes share it. */
#include <stdio.h>

#include "server/commands.h"
#include "zone/digest.h"

enum { SHOWN_BYTES = 4 };

void command_cookies_list(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	json_t *list = json_array();

	for (size_t i = 0; i < dataset->cookies.count; i++) {
		uint8_t digest[ZONE_DIGEST_BYTES];
		char text[2 * SHOWN_BYTES + 1];

		zone_digest(dataset->cookies.secret[i], COOKIE_SECRET_BYTES, digest);
		for (size_t k = 0; k < SHOWN_BYTES; k++)
			snprintf(text + 2 * k, 3, "%02x", digest[k]);
		call_text(call, "%s  %s, %s\n", text, i == 0 ? "makes and verifies" : "verifies",
			  dataset->cookies_shared ? call->node->conf->dns.cookie_secrets[i] : "made by this node for itself");
		json_array_append_new(list, call_string(text));
	}
	call_set(call, "secrets", list);
	call_set(call, "shared", json_boolean(dataset->cookies_shared));
	call_done(call);
}

static void reloaded(void *ctx, const struct node_reload_result *result)
{
	struct call *call = ctx;
	char text[sizeof(struct err_note) + 16];

	call->busy = false;
	if (result->err == 0)
		command_cookies_list(call);
	else
		call_fail(call, CALL_REFUSED, "the secrets stay as they were: %s",
			  result->errors->kept ? err_note_print(&result->errors->notes[0], text, sizeof text)
					       : err_text(result->err));
}

void command_cookies_reload(struct call *call)
{
	call->busy = true;
	node_reload_secrets(call->node, reloaded, call);
}
