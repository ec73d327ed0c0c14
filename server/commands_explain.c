/* SPDX-License-Identifier: Apache-2.0 */
/* explain dns, explain http: the answer paths themselves, asked to say what they do. */
#include <string.h>

#include "conf/base/mem.h"
#include "redirect/explain.h"
#include "redirect/serve.h"
#include "server/commands.h"
#include "zone/explain.h"
#include "zone/text.h"

struct steps {
	struct call *call;
	json_t *list;
};

static void add_step(void *ctx, const char *line)
{
	struct steps *steps = ctx;

	call_text(steps->call, "%s\n", line);
	json_array_append_new(steps->list, call_string(line));
}

void command_explain_dns(struct call *call)
{
	const char *type_text = call->args[1];
	struct steps steps = { call, NULL };
	char buf[DNS_NAME_TEXT_MAX], upper[ZONE_TEXT_TYPE_MAX];
	struct name name;
	uint16_t type;

	if (name_from_text(call->args[0], &name) != 0) {
		call_fail(call, CALL_USAGE, "\"%.300s\" is no domain name", call->args[0]);
		return;
	}
	if (zone_text_type_parse(type_text, &type) != 0) {
		call_fail(call, CALL_USAGE, "\"%.60s\" is no record type", type_text);
		return;
	}
	steps.list = json_array();
	explain_dns(&call->node->dataset->respond, &name, type, call->option, add_step, &steps);
	call_set(call, "name", call_string(name_print(name.wire, buf)));
	call_set(call, "type", call_string(zone_text_type(type, upper)));
	call_set(call, "do", json_boolean(call->option));
	call_set(call, "steps", steps.list);
	call_done(call);
}

void command_explain_http(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	const struct redirect_client client = { .family = REDIRECT_ANY_FAMILY };
	struct redirect_view view = { .sites = dataset->sites, .health = dataset->health, .client = &client };
	struct steps steps = { call, NULL };
	const char *method = call->arg_count > 1 ? call->args[1] : "GET";

	if (dataset->sites == NULL) {
		call_fail(call, CALL_REFUSED, "this node redirects nobody: it has no section redirect");
		return;
	}
	steps.list = json_array();
	/* Any number stands for the choice by weight; the clock's gives another target now and then, as clients
	 * get. */
	uint64_t random = uv_hrtime() * 0x9e3779b97f4a7c15u;
	int status = redirect_explain(&view, method, call->args[0], random, add_step, &steps);
	call_set(call, "url", call_string(call->args[0]));
	call_set(call, "method", call_string(method));
	call_set(call, "status", status > 0 ? json_integer(status) : NULL);

	const char *reason = json_string_value(json_array_get(steps.list, json_array_size(steps.list) - 1));
	char *kept = mem_string(reason ? reason : "not a request");
	call_set(call, "steps", steps.list);
	if (status > 0) {
		call_done(call);
	} else {
		call->text_len = 0;	/* its last step is the error */
		call_fail(call, CALL_USAGE, "%s", kept);
	}
	mem_free(kept);
}
