/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/dump.h"

#include <string.h>

#include "conf/base/mem.h"
#include "zone/text.h"
#include "zone/walk.h"

static char *print_rr(const struct zone_image_header *base, const char *owner, const struct zone_rrset *set,
		      const struct zone_rr *rr)
{
	char type[ZONE_TEXT_TYPE_MAX];
	uint8_t rdata[DNS_MESSAGE_MAX];
	size_t len = zone_rr_rdata(base, rr, rdata);
	char *words = zone_text_rdata(zone_rrset_type(set), rdata, len);
	char *line = mem_format("%s\t%u\tIN\t%s\t%s", owner, zone_rrset_ttl(set),
				zone_text_type(zone_rrset_type(set), type), words);

	mem_free(words);
	return line;
}

char *zone_dump_rr(const struct zone_image_header *base, const uint8_t *owner, const struct zone_rrset *set,
		   const struct zone_rr *rr)
{
	char text[DNS_NAME_TEXT_MAX];

	return print_rr(base, name_print(owner, text), set, rr);
}

static int dump_set(const struct zone_image_header *base, const char *owner, const struct zone_rrset *set,
		    zone_dump_line_fn *on_line, void *ctx)
{
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0;;) {
		char *line = print_rr(base, owner, set, &rr);
		int stop = on_line(ctx, line, strlen(line));

		mem_free(line);
		if (stop != 0 || ++i == set->count)
			return stop;
		rr = zone_rr_next(set, &rr);
	}
}

int zone_dump(const struct zone_image_header *base, zone_dump_line_fn *on_line, void *ctx)
{
	struct zone_walk walk = zone_walk_begin(base);

	for (const struct zone_node *node; (node = zone_walk_next(&walk)) != NULL;) {
		const struct zone_rrset *set = zone_node_first_set(node);
		uint8_t wire[DNS_NAME_MAX];
		char owner[DNS_NAME_TEXT_MAX];

		zone_node_name(base, zone_ref_of(base, node), wire);
		name_print(wire, owner);
		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
			int stop = dump_set(base, owner, set, on_line, ctx);

			if (stop != 0)
				return stop;
		}
	}
	return 0;
}
