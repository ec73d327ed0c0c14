/* SPDX-License-Identifier: Apache-2.0 */
/* announce config frr: for FRR 8 and newer. */
#include "server/anycast/routing.h"

struct list {
	struct textbuf *out;
	const char *word, *name;
	unsigned seq;
};

static void add_to_list(void *ctx, const struct prefix *prefix)
{
	struct list *list = ctx;
	char text[PREFIX_TEXT_MAX];

	list->seq += 5;
	textbuf_add(list->out, "%s prefix-list %s seq %u permit %s\n", list->word, list->name, list->seq,
		    prefix_print(prefix, text));
}

static const char *list_name(bool ipv4, enum conf_scope scope)
{
	if (scope == CONF_SCOPE_LOCAL)
		return ipv4 ? "CATCHMENT-LOCAL4" : "CATCHMENT-LOCAL6";
	return ipv4 ? "CATCHMENT-GLOBAL4" : "CATCHMENT-GLOBAL6";
}

static size_t add_list(const struct conf_anycast *anycast, bool ipv4, enum conf_scope scope, struct textbuf *out)
{
	struct list list = { out, ipv4 ? "ip" : "ipv6", list_name(ipv4, scope), 0 };

	return routing_each(anycast, ipv4, scope, add_to_list, &list);
}

static void add_entry(const struct conf_anycast *anycast, bool ipv4, enum conf_scope scope, const char *device, bool low,
		      unsigned number, struct textbuf *out)
{
	textbuf_add(out, "route-map CATCHMENT%d permit %u\n match interface %s\n match %s address prefix-list %s\n"
			 " set large-community %u:%d:%d\n", ipv4 ? 4 : 6, number, device, ipv4 ? "ip" : "ipv6",
		    list_name(ipv4, scope), anycast->routing.local_as, ROUTING_MARK,
		    scope == CONF_SCOPE_LOCAL ? ROUTING_MARK_LOCAL : ROUTING_MARK_GLOBAL);
	if (low)
		textbuf_add(out, " set community graceful-shutdown\n");
	textbuf_add(out, "!\n");
}

/* From the carriers into BGP: what a list names is marked, everything else stays out (a route map ends with deny). */
static void add_import(const struct conf_anycast *anycast, bool ipv4, struct textbuf *out)
{
	unsigned number = 0;

	for (int scope = CONF_SCOPE_GLOBAL; scope <= CONF_SCOPE_LOCAL; scope++) {
		if (add_list(anycast, ipv4, (enum conf_scope)scope, out) == 0)
			continue;
		add_entry(anycast, ipv4, (enum conf_scope)scope, anycast->carrier, false, number += 10, out);
		if (anycast->low_carrier != NULL)
			add_entry(anycast, ipv4, (enum conf_scope)scope, anycast->low_carrier, true, number += 10, out);
	}
	if (number == 0)
		textbuf_add(out, "route-map CATCHMENT%d deny 10\n!\n", ipv4 ? 4 : 6);
}

static void add_outward(const struct conf_routing *routing, enum conf_scope scope, struct textbuf *out)
{
	bool local = scope == CONF_SCOPE_LOCAL;

	textbuf_add(out, "route-map CATCHMENT-OUT permit %d\n match large-community %s\n", local ? 20 : 10,
		    local ? "CATCHMENT-LOCAL" : "CATCHMENT-GLOBAL");
	if (local || routing->community_count > 0) {
		textbuf_add(out, " set community%s", local ? " no-export" : "");
		for (size_t i = 0; i < routing->community_count; i++)
			textbuf_add(out, " %s", routing->communities[i]);
		textbuf_add(out, " additive\n");
	}
	/* As BIRD tells it: "incomplete", which redistributed routes have, loses against it (RFC 4271, 9.1.2.2). */
	textbuf_add(out, " set origin igp\n set large-comm-list CATCHMENT-MARKS delete\n");
	if (routing->prepend > 0) {
		textbuf_add(out, " set as-path prepend");
		for (unsigned i = 0; i < routing->prepend; i++)
			textbuf_add(out, " %u", routing->local_as);
		textbuf_add(out, "\n");
	}
	textbuf_add(out, "!\n");
}

static void add_marks(const struct conf_routing *routing, struct textbuf *out)
{
	static const struct {
		const char *name;
		int mark;
	} lists[] = {
		{ "CATCHMENT-GLOBAL", ROUTING_MARK_GLOBAL }, { "CATCHMENT-LOCAL", ROUTING_MARK_LOCAL },
		{ "CATCHMENT-MARKS", ROUTING_MARK_GLOBAL }, { "CATCHMENT-MARKS", ROUTING_MARK_LOCAL },
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		textbuf_add(out, "bgp large-community-list standard %s permit %u:%d:%d\n", lists[i].name, routing->local_as,
			    ROUTING_MARK, lists[i].mark);
	add_outward(routing, CONF_SCOPE_GLOBAL, out);
	add_outward(routing, CONF_SCOPE_LOCAL, out);
	textbuf_add(out, "route-map CATCHMENT-NOTHING deny 10\n!\n");
}

static bool is_of(const struct conf_neighbor *neighbor, bool ipv4)
{
	return (neighbor->address.any.sa_family == AF_INET) == ipv4;
}

static void add_neighbor(const struct conf_routing *routing, const struct conf_neighbor *neighbor, struct textbuf *out)
{
	unsigned long long hold = routing->hold_ms / 1000;
	char host[ADDR_TEXT_MAX];

	addr_print_host(&neighbor->address, host, sizeof host);
	textbuf_add(out, " neighbor %s remote-as %u\n neighbor %s timers %llu %llu\n neighbor %s timers connect 5\n"
			 " neighbor %s advertisement-interval 0\n", host, neighbor->as, host, hold / 3, hold, host, host);
	if (addr_port(&neighbor->address) != 179)
		textbuf_add(out, " neighbor %s port %u\n", host, addr_port(&neighbor->address));
	if (neighbor->source != NULL)
		textbuf_add(out, " neighbor %s update-source %s\n", host, neighbor->source);
	if (routing->bfd)
		textbuf_add(out, " neighbor %s bfd profile catchment\n", host);
}

static void add_family(const struct conf_routing *routing, bool ipv4, struct textbuf *out)
{
	textbuf_add(out, " address-family ipv%d unicast\n  redistribute connected route-map CATCHMENT%d\n", ipv4 ? 4 : 6,
		    ipv4 ? 4 : 6);
	for (size_t i = 0; i < routing->neighbor_count; i++) {
		char host[ADDR_TEXT_MAX];

		if (!is_of(&routing->neighbors[i], ipv4))
			continue;
		addr_print_host(&routing->neighbors[i].address, host, sizeof host);
		textbuf_add(out, "  neighbor %s activate\n  neighbor %s route-map CATCHMENT-NOTHING in\n"
				 "  neighbor %s route-map CATCHMENT-OUT out\n", host, host, host);
	}
	textbuf_add(out, " exit-address-family\n");
}

static void add_bgp(const struct conf_routing *routing, struct textbuf *out)
{
	bool has[2] = { false, false };

	/* Without it FRR may take an anycast address as its router id. */
	textbuf_add(out, "router bgp %u\n bgp router-id %s\n no bgp default ipv4-unicast\n", routing->local_as,
		    routing->router_id);
	textbuf_add(out, " bgp graceful-restart-disable\n");
	for (size_t i = 0; i < routing->neighbor_count; i++) {
		add_neighbor(routing, &routing->neighbors[i], out);
		has[is_of(&routing->neighbors[i], true)] = true;
	}
	if (has[1])
		add_family(routing, true, out);
	if (has[0])
		add_family(routing, false, out);
	textbuf_add(out, "!\n");
}

static void add_ospf(const struct conf_routing *routing, bool ipv4, struct textbuf *out)
{
	for (size_t i = 0; i < routing->ospf_interface_count; i++)
		textbuf_add(out, "interface %s\n %s area 0\n %s hello-interval 1\n %s dead-interval 4\n!\n",
			    routing->ospf_interfaces[i], ipv4 ? "ip ospf" : "ipv6 ospf6", ipv4 ? "ip ospf" : "ipv6 ospf6",
			    ipv4 ? "ip ospf" : "ipv6 ospf6");
	textbuf_add(out, "router %s\n %s router-id %s\n redistribute connected route-map CATCHMENT-OSPF%d\n!\n",
		    ipv4 ? "ospf" : "ospf6", ipv4 ? "ospf" : "ospf6", routing->router_id, ipv4 ? 4 : 6);
}

static void add_ospf_map(const struct conf_anycast *anycast, bool ipv4, struct textbuf *out)
{
	unsigned number = 0;

	for (int scope = CONF_SCOPE_GLOBAL; scope <= CONF_SCOPE_LOCAL; scope++) {
		for (int low = 0; low <= (anycast->low_carrier != NULL); low++)
			textbuf_add(out, "route-map CATCHMENT-OSPF%d permit %u\n match interface %s\n"
					 " match %s address prefix-list %s\n set metric %u\n set metric-type type-1\n!\n", ipv4 ? 4 : 6, number += 10,
				    low ? anycast->low_carrier : anycast->carrier, ipv4 ? "ip" : "ipv6",
				    list_name(ipv4, (enum conf_scope)scope), anycast->routing.ospf_cost + (low ? 20000 : 0));
	}
}

/* Blocks end with "!", not with "exit": where each of FRR's daemons reads the file by itself, one that knows nothing of a block
 * would leave the configuration at its end and refuse all that follows. */
void routing_print_frr(const struct conf_anycast *anycast, struct textbuf *out)
{
	const struct conf_routing *routing = &anycast->routing;

	textbuf_add(out, "! Printed by catchmentctl announce config frr, for FRR 8.\n");
	add_import(anycast, true, out);
	add_import(anycast, false, out);
	textbuf_add(out, "!\n");
	if (routing->neighbor_count > 0) {
		add_marks(routing, out);
		add_bgp(routing, out);
	}
	if (routing->ospf_interface_count > 0) {
		add_ospf_map(anycast, true, out);
		add_ospf_map(anycast, false, out);
		add_ospf(routing, true, out);
		add_ospf(routing, false, out);
	}
	if (routing->bfd)
		textbuf_add(out, "bfd\n profile catchment\n  transmit-interval 100\n  receive-interval 100\n  detect-multiplier 3\n!\n");
}
