/* SPDX-License-Identifier: Apache-2.0 */
/* The group anycast.routing of conf/build.h: what `announce config` prints into a routing daemon's configuration, so
 * nothing in it may end a word or a statement there. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/anycast.h"
#include "conf/setting.h"

static bool is_community(const char *text)
{
	char *end;
	unsigned long high = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != ':' || end[1] < '0' || end[1] > '9')
		return false;
	unsigned long low = strtoul(end + 1, &end, 10);
	return *end == '\0' && high <= UINT16_MAX && low <= UINT16_MAX;
}

static bool is_interface(const char *text)
{
	return text[0] != '\0' && strlen(text) <= 15 && strpbrk(text, "/ \t\"'\\;{}%") == NULL;
}

static void build_neighbor(struct conf_build *build, size_t at)
{
	const struct conf_raw_neighbor *raw = &build->raw->anycast->routing->neighbors[at];
	struct conf_routing *routing = &build->conf->anycast.routing;
	struct conf_neighbor *neighbor = &routing->neighbors[routing->neighbor_count];
	const char *address = conf_anycast_text(build, "neighbor", raw->address ? raw->address : "");
	char path[CONF_PATH_MAX];
	struct addr source = { 0 };

	snprintf(path, sizeof path, "anycast.routing.neighbors[%zu]", at);
	neighbor->as = (uint32_t)conf_anycast_number(build, "anycast.routing.neighbors[].as", raw->as ? raw->as : "1");
	neighbor->source = conf_anycast_text(build, "anycast.routing.neighbors[].source", raw->source);
	if (neighbor->source != NULL && (strchr(neighbor->source, '@') || addr_parse(neighbor->source, 1, &source) != 0))
		conf_build_fault(build, path, "source: \"%s\" is no address", neighbor->source);
	if (addr_parse(address, conf_setting_find("anycast.routing.neighbors[].address", NULL)->port, &neighbor->address)
	    != 0)
		return;
	routing->neighbor_count++;
	if (neighbor->source != NULL && source.any.sa_family != 0
	    && source.any.sa_family != neighbor->address.any.sa_family)
		conf_build_fault(build, path, "source: %s is of another family than the neighbor %s", neighbor->source, address);
}

void conf_build_routing(struct conf_build *build)
{
	const struct conf_raw_routing *raw = build->raw->anycast->routing;
	struct conf_routing *routing = &build->conf->anycast.routing;
	struct in_addr id;

	if (raw == NULL)
		return;
	routing->present = true;
	routing->router_id = conf_anycast_text(build, "anycast.routing.router-id", raw->router_id);
	if (routing->router_id != NULL && inet_pton(AF_INET, routing->router_id, &id) != 1)
		conf_build_fault(build, "anycast.routing.router-id", "\"%s\" is no IPv4 address", routing->router_id);
	routing->local_as = (uint32_t)conf_anycast_number(build, "anycast.routing.local-as", raw->local_as);
	routing->neighbors = conf_anycast_array(build, raw->neighbors_count, sizeof *routing->neighbors);
	for (size_t i = 0; i < raw->neighbors_count; i++)
		build_neighbor(build, i);
	routing->prepend = (unsigned)conf_anycast_number(build, "anycast.routing.prepend", raw->prepend);
	routing->hold_ms = conf_anycast_duration(build, "anycast.routing.hold-time", raw->hold_time);
	if (routing->hold_ms % 1000 != 0)
		conf_build_fault(build, "anycast.routing.hold-time", "BGP counts it in whole seconds");
	routing->bfd = conf_anycast_bool(build, "anycast.routing.bfd", raw->bfd);
	routing->communities = conf_anycast_texts(build, "community", raw->communities, raw->communities_count,
						  &routing->community_count);
	for (size_t i = 0; i < routing->community_count; i++) {
		if (!is_community(routing->communities[i]))
			conf_build_fault(build, "anycast.routing.communities", "\"%s\" is no NUMBER:NUMBER of 0 to 65535",
					 routing->communities[i]);
	}
	routing->ospf_interfaces = conf_anycast_texts(build, "ospf", raw->ospf_interfaces, raw->ospf_interfaces_count,
						      &routing->ospf_interface_count);
	for (size_t i = 0; i < routing->ospf_interface_count; i++) {
		if (!is_interface(routing->ospf_interfaces[i]))
			conf_build_fault(build, "anycast.routing.ospf-interfaces", "\"%s\" cannot be the name of an interface",
					 routing->ospf_interfaces[i]);
	}
	routing->ospf_cost = (unsigned)conf_anycast_number(build, "anycast.routing.ospf-cost", raw->ospf_cost);
	if (routing->neighbor_count == 0 && routing->ospf_interface_count == 0)
		conf_build_fault(build, "anycast.routing", "neither neighbors nor ospf-interfaces: whom to announce to?");
}
