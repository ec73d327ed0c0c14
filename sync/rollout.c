/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/rollout.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/node_key.h"

unsigned rollout_place(const char *salt, const char *node)
{
	char *text = mem_format("%s|%s", salt, node);
	uint64_t number = node_key_hash64(span_string(text));

	mem_free(text);
	return (unsigned)(number % 1000);
}

bool rollout_selects(struct json_view *rollout, const char *node)
{
	struct json_view *nodes = json_view_member(rollout, "nodes");
	const char *salt = json_view_text(json_view_member(rollout, "salt"));
	int64_t permille = 1000;

	if (!json_view_is_object(rollout))
		return true;
	for (size_t i = 0; i < json_view_count(nodes); i++) {
		const char *name = json_view_text(json_view_at(nodes, i));

		if (name != NULL && strcmp(name, node) == 0)
			return true;
	}
	json_view_integer(json_view_member(rollout, "permille"), &permille);
	return (int64_t)rollout_place(salt != NULL ? salt : "", node) < permille;
}
