/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/seed.h"

#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/anycast/rtnl.h"
#include "server/anycast/tun.h"
#include "server/privileges.h"
#include "server/textbuf.h"
#include "zone/text.h"

enum { LEASE_SHORT_MS = 3000 };	/* shorter ones only with real-time priority */

static void add_group(struct seed *seed, const char *name, const struct prefix *routes, size_t count, bool local)
{
	struct seed_group *group = &seed->groups[seed->group_count++];

	*group = (struct seed_group){ name, seed->route_count, count, local };
	for (size_t i = 0; i < count; i++)
		seed->routes[seed->route_count++] = routes[i];
}

static struct seed *plan(const struct conf_anycast *anycast)
{
	struct seed *seed = mem_alloc(sizeof *seed);
	size_t routes = anycast->covering_count;

	for (size_t i = 0; i < anycast->service_count; i++)
		routes += anycast->services[i].address_count;
	seed->routes = mem_array(routes, sizeof *seed->routes);
	seed->loopback = mem_array(routes, sizeof *seed->loopback);
	seed->texts = mem_array(routes, sizeof *seed->texts);
	seed->groups = mem_array(anycast->service_count + anycast->covering_count, sizeof *seed->groups);
	for (size_t i = 0; i < anycast->service_count; i++) {
		const struct conf_service *service = &anycast->services[i];

		add_group(seed, service->name, service->addresses, service->address_count, service->scope == CONF_SCOPE_LOCAL);
	}
	for (size_t i = 0; i < anycast->covering_count; i++) {
		const struct conf_covering *covering = &anycast->covering[i];

		add_group(seed, seed->texts[seed->route_count], &covering->prefix, 1, covering->scope == CONF_SCOPE_LOCAL);
	}
	for (size_t i = 0; i < seed->route_count; i++)
		prefix_print(&seed->routes[i], seed->texts[i]);
	for (size_t i = 0; i < NETADMIN_DEVICES; i++)
		seed->fds[i] = -1;
	seed->names[NETADMIN_LOOPBACK] = anycast->loopback;
	seed->names[NETADMIN_CARRIER] = anycast->carrier;
	seed->names[NETADMIN_LOW] = anycast->low_carrier;
	return seed;
}

/* 127.0.0.0/8 and ::1 are always here. */
static bool is_always_here(const struct prefix *prefix)
{
	if (address_is_ipv4(prefix->first))
		return (prefix->first.low >> 24 & 0xff) == 127;
	return prefix->first.high == 0 && prefix->first.low == 1;
}

static bool same_address(const struct prefix *a, const struct prefix *b)
{
	return a->first.high == b->first.high && a->first.low == b->first.low;
}

/* A look at all addresses of the machine. */
struct look {
	struct seed *seed;
	const struct conf *conf;
	int netlink;
	bool change;		/* or only look */
	struct err_list *errors;
	size_t service_routes;	/* the covering prefixes stand behind them */
};

static void drop_old(struct look *look, const struct rtnl_address *address, const char *why)
{
	char text[PREFIX_TEXT_MAX];
	int netlink;	/* one of its own: on the other one the rest of the list is still to be read */

	if (!look->change || rtnl_open(&netlink) != 0)
		return;
	if (rtnl_address_drop(netlink, address) == 0)
		log_info("anycast: %s removed from the loopback interface: %s", prefix_print(&address->prefix, text), why);
	close(netlink);
}

static void look_at(void *ctx, const struct rtnl_address *address, bool gone)
{
	struct look *look = ctx;
	struct seed *seed = look->seed;
	int lo = seed->links[NETADMIN_LOOPBACK];
	bool ours = address->proto == RTNL_OURS, known = false;
	char name[IF_NAMESIZE] = "?";

	(void)gone;
	for (size_t i = 0; i < look->service_routes; i++) {
		if (!same_address(&seed->routes[i], &address->prefix))
			continue;
		known = true;
		if_indextoname((unsigned)address->link, name);
		if (address->link == lo)
			seed->loopback[i] = ours ? SEED_OURS : SEED_FOREIGN;
		/* Of a life that was killed, before anycast.loopback-interface named another: FRR would take it for the best. */
		else if (ours && strcmp(name, "lo") == 0)
			drop_old(look, address, "anycast.loopback-interface is another one now");
		/* The carriers of a node that runs, seen by a check beside it. */
		else if (!ours)
			err_list_add(look->errors, look->conf->file, 0,
				     "anycast.services: %s is an address of interface %s, which would announce it whatever this"
				     " node does: remove it there, or set anycast.loopback: leave",
				     seed->texts[i], name);
	}
	if (!known && ours && address->link == lo)
		drop_old(look, address, "no service has it any more");
}

static void put_on_loopback(struct look *look)
{
	struct seed *seed = look->seed;

	for (size_t i = 0; i < look->service_routes; i++) {
		struct rtnl_address address = {
			.prefix = seed->routes[i], .link = seed->links[NETADMIN_LOOPBACK], .valid_s = RTNL_FOREVER,
		};

		if (seed->loopback[i] == SEED_FOREIGN || is_always_here(&seed->routes[i]))
			continue;
		int err = rtnl_address_put(look->netlink, &address);
		if (err != 0)
			err_list_add(look->errors, look->conf->file, 0, "anycast.services: %s cannot be put on the loopback"
									" interface: %s", seed->texts[i], err_text(err));
		else
			seed->loopback[i] = SEED_OURS;
	}
}

/* Finds who has our addresses, and, with change, puts them on the loopback interface. */
static void see_loopback(struct seed *seed, const struct conf *conf, bool change, struct err_list *errors)
{
	struct look look = { .seed = seed, .conf = conf, .change = change, .errors = errors,
			     .service_routes = seed->route_count - conf->anycast.covering_count };
	size_t before = errors->count;
	int err = rtnl_open(&look.netlink);

	if (seed->links[NETADMIN_LOOPBACK] == 0)
		seed->links[NETADMIN_LOOPBACK] = (int)if_nametoindex(conf->anycast.loopback);
	if (err == 0 && change && strcmp(conf->anycast.loopback, "lo") != 0)
		err = rtnl_link_raise(look.netlink, seed->links[NETADMIN_LOOPBACK]);
	if (err == 0) {
		err = rtnl_address_list(look.netlink, look_at, &look);
		if (err == 0 && change && errors->count == before)
			put_on_loopback(&look);
		close(look.netlink);
	}
	if (err != 0)
		err_list_add(errors, conf->file, 0, "anycast: the machine's addresses cannot be read: %s", err_text(err));
}

static void open_carrier(struct seed *seed, enum netadmin_device device, const char *name, const struct conf *conf,
			 struct err_list *errors)
{
	struct err_note note = { 0 };

	if (name != NULL && tun_open(name, &seed->fds[device], &seed->links[device], &note) != 0)
		err_list_add(errors, conf->file, 0, "%s", note.text);
}

/*
 * What stands for the loopback interface first, so that its index is the lowest: zebra (FRR 8.4) reads addresses by index when
 * it starts, and of two routes of one address it deletes the one that it learnt last, whichever was meant. That has to be
 * the carrier's, or a withdrawal is not seen.
 */
static void open_devices(struct seed *seed, const struct conf *conf, struct err_list *errors)
{
	const struct conf_anycast *anycast = &conf->anycast;
	size_t before = errors->count;

	if (anycast->manage_loopback && if_nametoindex(anycast->loopback) == 0)
		open_carrier(seed, NETADMIN_LOOPBACK, anycast->loopback, conf, errors);
	if (anycast->backend != CONF_BACKEND_DEVICE)
		return;
	if (errors->count == before)
		open_carrier(seed, NETADMIN_CARRIER, anycast->carrier, conf, errors);
	if (errors->count == before)
		open_carrier(seed, NETADMIN_LOW, anycast->low_carrier, conf, errors);
}

static bool needs_right(const struct conf_anycast *anycast)
{
	return anycast->backend == CONF_BACKEND_DEVICE || anycast->manage_loopback;
}

/* Only the loopback interface is meant: the device has a sentence of its own. */
static int refuse_loopback(const struct conf *conf, struct err_list *errors)
{
	err_list_add(errors, conf->file, 0,
		     "anycast.loopback: putting service addresses on the loopback interface needs CAP_NET_ADMIN: start as root"
		     " with \"user\", give the service AmbientCapabilities=CAP_NET_ADMIN, or set anycast.loopback: leave");
	return ERR_INVALID;
}

/* What conf/ cannot judge, for it knows no record types. */
static void check_types(const struct conf *conf, struct err_list *errors)
{
	for (size_t i = 0; i < conf->anycast.service_count; i++) {
		const struct conf_service *service = &conf->anycast.services[i];

		for (size_t j = 0; j < service->check_count; j++) {
			const struct conf_service_check *check = &service->checks[j];
			uint16_t type;

			if (check->kind == CONF_CHECK_DNS_AT && zone_text_type_parse(check->type, &type) != 0)
				err_list_add(errors, conf->file, service->line, "service %s: check %s: \"%s\" is no record type",
					     service->name, check->text, check->type);
		}
	}
}

/* "lo, eth0": what there is, for whoever mistyped a name. */
static void list_interfaces(struct textbuf *out)
{
	struct if_nameindex *all = if_nameindex();

	for (const struct if_nameindex *at = all; at != NULL && at->if_index != 0; at++)
		textbuf_add(out, "%s%s", out->len > 0 ? ", " : "", at->if_name);
	textbuf_append(out, "", 1);
	if_freenameindex(all);
}

/* A name that no interface has is a slip, unless it says by its beginning that the device is the node's to make. */
static void check_interfaces(const struct conf *conf, struct err_list *errors)
{
	const struct conf_anycast *anycast = &conf->anycast;
	struct textbuf there = { 0 };

	if (!anycast->present)
		return;
	list_interfaces(&there);
	if (anycast->manage_loopback && if_nametoindex(anycast->loopback) == 0
	    && strncmp(anycast->loopback, anycast->carrier, strlen(anycast->carrier)) != 0)
		err_list_add(errors, conf->file, 0,
			     "anycast.loopback-interface: there is no interface \"%s\" here, only %s; one that the node shall make"
			     " has a name that begins with the carrier's, as %s-home", anycast->loopback, there.at, anycast->carrier);
	for (size_t i = 0; i < anycast->routing.ospf_interface_count; i++) {
		if (if_nametoindex(anycast->routing.ospf_interfaces[i]) == 0)
			err_list_add(errors, conf->file, 0, "anycast.routing.ospf-interfaces: there is no interface \"%s\" here, only %s",
				     anycast->routing.ospf_interfaces[i], there.at);
	}
	textbuf_fini(&there);
}

/* Below that, one late renewal in a busy second is enough to lose a route (../docs/man/catchment.conf.5). */
static void check_lease(const struct conf *conf, struct err_list *errors)
{
	const struct conf_anycast *anycast = &conf->anycast;

	if (!anycast->present || anycast->backend != CONF_BACKEND_DEVICE)
		return;
	if (!privileges_can_realtime(conf) && anycast->lease_ms < LEASE_SHORT_MS)
		err_list_add(errors, conf->file, 0,
			     "anycast.lease: %llu s needs renewals with real-time priority, which this process may not have: give the"
			     " service LimitRTPRIO=%d, or choose %d s or more (5 s on a busy machine)",
			     (unsigned long long)anycast->lease_ms / 1000, PRIVILEGES_RT_PRIORITY, LEASE_SHORT_MS / 1000);
}

/* What only the machine knows, before anything is touched. */
static void check_machine(const struct conf *conf, struct err_list *errors)
{
	check_types(conf, errors);
	check_interfaces(conf, errors);
	check_lease(conf, errors);
}

int seed_check(const struct conf *conf, struct err_list *errors)
{
	const struct conf_anycast *anycast = &conf->anycast;
	size_t before = errors->count;
	struct err_note note = { 0 };

	check_machine(conf, errors);
	if (!anycast->present || !needs_right(anycast))
		return errors->count == before ? 0 : ERR_INVALID;
	if (anycast->backend == CONF_BACKEND_DEVICE) {
		if (tun_check(anycast->carrier, &note) != 0)
			err_list_add(errors, conf->file, 0, "%s", note.text);
		else if (anycast->low_carrier != NULL && tun_check(anycast->low_carrier, &note) != 0)
			err_list_add(errors, conf->file, 0, "%s", note.text);
	} else if (!privileges_have_netadmin()) {
		refuse_loopback(conf, errors);
	}
	if (anycast->manage_loopback) {
		struct seed *seed = plan(anycast);

		see_loopback(seed, conf, false, errors);
		seed_free(seed);
	}
	return errors->count == before ? 0 : ERR_INVALID;
}

static const char *name_of_made(const struct seed *seed, enum netadmin_device device)
{
	return seed->fds[device] >= 0 ? seed->names[device] : NULL;
}

int seed_make(const struct conf *conf, struct seed **ret, struct err_list *errors)
{
	const struct conf_anycast *anycast = &conf->anycast;
	size_t before = errors->count;
	struct err_note note = { 0 };

	*ret = NULL;
	if (!anycast->present)
		return 0;
	check_machine(conf, errors);
	struct seed *seed = plan(anycast);
	if (errors->count == before && anycast->backend != CONF_BACKEND_DEVICE && needs_right(anycast)
	    && !privileges_have_netadmin())
		refuse_loopback(conf, errors);
	if (errors->count == before)
		open_devices(seed, conf, errors);
	if (anycast->manage_loopback && errors->count == before)
		see_loopback(seed, conf, true, errors);
	if (needs_right(anycast) && errors->count == before) {
		const struct netadmin_plan table = {
			.links = { seed->links[0], seed->links[1], seed->links[2] },
			.names = { name_of_made(seed, 0), name_of_made(seed, 1), name_of_made(seed, 2) },
			.routes = seed->routes, .route_count = seed->route_count,
		};

		if (netadmin_start(&table, conf, &seed->netadmin, &note) != 0)
			err_list_add(errors, conf->file, 0, "%s", note.text);
	}
	if (errors->count == before) {
		*ret = seed;
		return 0;
	}
	seed_free(seed);
	return ERR_INVALID;
}

void seed_free(struct seed *seed)
{
	if (seed == NULL)
		return;
	for (size_t i = 0; i < seed->route_count && seed->netadmin != NULL; i++) {
		if (seed->loopback[i] == SEED_OURS)
			(void)netadmin_drop(seed->netadmin, NETADMIN_LOOPBACK, i);
	}
	netadmin_stop(seed->netadmin);
	for (size_t i = 0; i < NETADMIN_DEVICES; i++) {
		if (seed->fds[i] >= 0)
			close(seed->fds[i]);
	}
	mem_free(seed->routes);
	mem_free(seed->loopback);
	mem_free(seed->texts);
	mem_free(seed->groups);
	mem_free(seed);
}
