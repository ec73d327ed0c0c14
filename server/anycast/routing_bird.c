/* SPDX-License-Identifier: Apache-2.0 */
/* announce config bird: for BIRD 2. */
#include <stdio.h>

#include "server/anycast/routing.h"

struct list {
	struct textbuf *out;
	size_t count;
};

static void add_to_set(void *ctx, const struct prefix *prefix)
{
	struct list *list = ctx;
	char text[PREFIX_TEXT_MAX];

	textbuf_add(list->out, "%s%s", list->count++ > 0 ? ", " : "", prefix_print(prefix, text));
}

/* Marks the prefixes of one scope; an empty set is no syntax of BIRD's. */
static void add_mark(const struct conf_anycast *anycast, bool ipv4, enum conf_scope scope, struct textbuf *out)
{
	struct textbuf set = { 0 };
	struct list list = { &set, 0 };

	if (routing_each(anycast, ipv4, scope, add_to_set, &list) > 0)
		textbuf_add(out, "\t\tif net ~ [ %.*s ] then {\n\t\t\tbgp_large_community.add((%u, %d, %d));\n\t\t\taccept;\n\t\t}\n",
			    (int)set.len, set.at, anycast->routing.local_as, ROUTING_MARK,
			    scope == CONF_SCOPE_LOCAL ? ROUTING_MARK_LOCAL : ROUTING_MARK_GLOBAL);
	textbuf_fini(&set);
}

static void add_channel(const struct conf_anycast *anycast, bool ipv4, struct textbuf *out)
{
	textbuf_add(out, "\tipv%d { import filter {\n", ipv4 ? 4 : 6);
	if (anycast->backend == CONF_BACKEND_DEVICE && anycast->low_carrier != NULL)
		textbuf_add(out, "\t\tif ifname = \"%s\" then bgp_community.add((65535, 0));	# GRACEFUL_SHUTDOWN, RFC 8326\n",
			    anycast->low_carrier);
	add_mark(anycast, ipv4, CONF_SCOPE_GLOBAL, out);
	add_mark(anycast, ipv4, CONF_SCOPE_LOCAL, out);
	textbuf_add(out, "\t\treject;\n\t}; };\n");
}

static void add_source(const struct conf_anycast *anycast, struct textbuf *out)
{
	if (anycast->backend == CONF_BACKEND_BIRD) {
		textbuf_add(out, "# Static protocols catchment4 and catchment6, written by the node.\ninclude \"%s\";\n\n",
			    anycast->bird_file);
		return;
	}
	textbuf_add(out, "# What stands on the carrier is announced. The mark says so; without it nothing is exported.\n"
			 "protocol direct catchment {\n\tinterface \"%s\"", anycast->carrier);
	if (anycast->low_carrier != NULL)
		textbuf_add(out, ", \"%s\"", anycast->low_carrier);
	textbuf_add(out, ";\n");
	add_channel(anycast, true, out);
	add_channel(anycast, false, out);
	textbuf_add(out, "}\n\n");
}

/* What OSPF tells goes into the kernel, and nothing else. */
static void add_kernel(const struct conf_anycast *anycast, bool ipv4, struct textbuf *out)
{
	if (anycast->routing.ospf_interface_count == 0)
		return;
	textbuf_add(out, "protocol kernel catchment_kernel%d {\n\tipv%d {\n\t\timport none;\n\t\texport filter {\n"
			 "\t\t\tif source ~ [ RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2 ]"
			 " then accept;\n\t\t\treject;\n\t\t};\n\t};\n}\n", ipv4 ? 4 : 6, ipv4 ? 4 : 6);
}

/* The mark, or, for routes of the file, where they come from. */
static void add_test(const struct conf_anycast *anycast, struct textbuf *out)
{
	unsigned as = anycast->routing.local_as;

	if (anycast->backend == CONF_BACKEND_BIRD)
		textbuf_add(out, "\tif proto != \"catchment4\" && proto != \"catchment6\" then reject;\n");
	else
		textbuf_add(out, "\tif !(bgp_large_community ~ [ (%u, %d, *) ]) then reject;\n", as, ROUTING_MARK);
}

static void add_export(const struct conf_anycast *anycast, struct textbuf *out)
{
	const struct conf_routing *routing = &anycast->routing;

	textbuf_add(out, "filter catchment_bgp {\n");
	add_test(anycast, out);
	if (anycast->backend == CONF_BACKEND_DEVICE)
		textbuf_add(out, "\tif (%u, %d, %d) ~ bgp_large_community then bgp_community.add((65535, 65281));	# NO_EXPORT\n"
				 "\tbgp_large_community.delete([ (%u, %d, *) ]);\n",
			    routing->local_as, ROUTING_MARK, ROUTING_MARK_LOCAL, routing->local_as, ROUTING_MARK);
	for (size_t i = 0; i < routing->community_count; i++) {
		unsigned high = 0, low = 0;

		/* conf/routing.c has seen that it is NUMBER:NUMBER. */
		if (sscanf(routing->communities[i], "%u:%u", &high, &low) == 2)
			textbuf_add(out, "\tbgp_community.add((%u, %u));\n", high, low);
	}
	for (unsigned i = 0; i < routing->prepend; i++)
		textbuf_add(out, "\tbgp_path.prepend(%u);\n", routing->local_as);
	textbuf_add(out, "\taccept;\n}\n\n");
}

static void add_neighbor(const struct conf_routing *routing, size_t i, struct textbuf *out)
{
	const struct conf_neighbor *neighbor = &routing->neighbors[i];
	bool ipv4 = neighbor->address.any.sa_family == AF_INET;
	char host[ADDR_TEXT_MAX];

	textbuf_add(out, "protocol bgp catchment_bgp%zu {\n\tlocal %s%sas %u;\n\tneighbor %s port %u as %u;\n", i + 1,
		    neighbor->source ? neighbor->source : "", neighbor->source ? " " : "", routing->local_as,
		    addr_print_host(&neighbor->address, host, sizeof host), addr_port(&neighbor->address), neighbor->as);
	textbuf_add(out, "\thold time %llu;\n\tgraceful restart off;	# it would keep the routes of a dead node\n"
			 "\tconnect delay time 1;\n\tconnect retry time 5;\n\terror wait time 1, 10;\n",
		    (unsigned long long)(routing->hold_ms / 1000));
	if (routing->bfd)
		textbuf_add(out, "\tbfd on;\n");
	textbuf_add(out, "\tipv%d { import none; export filter catchment_bgp; };\n}\n\n", ipv4 ? 4 : 6);
}

static void add_ospf(const struct conf_anycast *anycast, bool ipv4, struct textbuf *out)
{
	const struct conf_routing *routing = &anycast->routing;

	textbuf_add(out, "protocol ospf v%d catchment_ospf%d {\n\tipv%d {\n\t\timport all;\n\t\texport filter catchment_ospf;\n\t};\n"
			 "\tarea 0 {\n", ipv4 ? 2 : 3, ipv4 ? 4 : 6, ipv4 ? 4 : 6);
	for (size_t i = 0; i < routing->ospf_interface_count; i++)
		textbuf_add(out, "\t\tinterface \"%s\" { hello 1; dead count 4;%s };\n", routing->ospf_interfaces[i],
			    routing->bfd ? " bfd on;" : "");
	textbuf_add(out, "\t};\n}\n\n");
}

void routing_print_bird(const struct conf_anycast *anycast, struct textbuf *out)
{
	const struct conf_routing *routing = &anycast->routing;

	textbuf_add(out, "# Printed by catchmentctl announce config bird, for BIRD 2.\nrouter id %s;\n\n", routing->router_id);
	textbuf_add(out, "# A kernel message that BIRD missed is made up for within this time.\nprotocol device { scan time 5; }\n\n");
	add_source(anycast, out);
	add_kernel(anycast, true, out);
	add_kernel(anycast, false, out);
	if (routing->bfd)
		textbuf_add(out, "protocol bfd catchment_bfd { interface \"*\" { interval 100 ms; multiplier 3; }; }\n\n");
	if (routing->neighbor_count > 0)
		add_export(anycast, out);
	for (size_t i = 0; i < routing->neighbor_count; i++)
		add_neighbor(routing, i, out);
	if (routing->ospf_interface_count == 0)
		return;
	textbuf_add(out, "filter catchment_ospf {\n");
	add_test(anycast, out);
	textbuf_add(out, "\tospf_metric1 = %u;\n\tif (65535, 0) ~ bgp_community then ospf_metric1 = %u;\n\taccept;\n}\n\n",
		    routing->ospf_cost, routing->ospf_cost + 20000);
	add_ospf(anycast, true, out);
	add_ospf(anycast, false, out);
}
