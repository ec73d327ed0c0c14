/* SPDX-License-Identifier: Apache-2.0 */
/* Other people's hands on our addresses and carriers: what the kernel tells everybody, compared with what we did. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "server/anycast/lease_inner.h"
#include "server/anycast/rtnl.h"
#include "server/anycast/tun.h"

/* The kernel's view of one route, asked for when in doubt. */
struct search {
	const struct prefix *prefix;
	int link;
	bool found;
};

static void search_one(void *ctx, const struct rtnl_address *address, bool gone)
{
	struct search *search = ctx;

	(void)gone;
	if (address->link == search->link && memcmp(&address->prefix, search->prefix, sizeof address->prefix.first) == 0
	    && address->prefix.bits == search->prefix->bits)
		search->found = true;
}

static bool is_there(const struct prefix *prefix, int link)
{
	struct search search = { prefix, link, false };
	int fd;

	if (rtnl_open(&fd) != 0)
		return true;
	int err = rtnl_address_list(fd, search_one, &search);
	close(fd);
	return err != 0 || search.found;
}

static int link_of(const struct lease *lease, enum netadmin_device device)
{
	return lease->links[device];
}

/* ---- Devices ---- */

static bool is_carrier(enum netadmin_device device)
{
	return device != NETADMIN_LOOPBACK;
}

/* All that is announced on the device is lost. */
static void lose_device(struct lease *lease, enum netadmin_device device, const char *what)
{
	const struct seed *seed = lease->start.seed;

	for (size_t i = 0; i < seed->route_count && is_carrier(device); i++) {
		if (lease->levels[i] != ROUTE_NONE && lease_device_of(lease->levels[i]) == device)
			lease_lose_one(lease, i, "the carrier %s was %s by somebody else", seed->names[device], what);
	}
}

/* Those that are ours are made again at once, or in one of the next rounds. */
static void device_gone(struct lease *lease, enum netadmin_device device)
{
	const struct seed *seed = lease->start.seed;
	bool ours = seed->fds[device] >= 0;

	lease->report.foreign++;
	lease->links[device] = 0;
	lease->missing[device] = ours;
	lease_say(lease, LOG_LEVEL_WARN, "anycast: %s was deleted by somebody else%s", seed->names[device],
	    ours ? "" : ": service addresses are gone with it");
	lose_device(lease, device, "deleted");
	lease_make_missing(lease);
}

/* -EEXIST: it is somewhere else, in another network namespace say; there it must not stay. */
static int make(struct lease *lease, enum netadmin_device device)
{
	const struct seed *seed = lease->start.seed;
	int err = netadmin_make(seed->netadmin, device, seed->fds[device], &lease->links[device]);

	if (err != -EEXIST)
		return err;
	err = tun_renew(seed->fds[device]);
	return err != 0 ? err : netadmin_make(seed->netadmin, device, seed->fds[device], &lease->links[device]);
}

static void fill_loopback(struct lease *lease)
{
	const struct seed *seed = lease->start.seed;

	for (size_t i = 0; i < seed->route_count; i++) {
		int err = seed->loopback[i] != SEED_OURS ? 0 : netadmin_put(seed->netadmin, NETADMIN_LOOPBACK, i, RTNL_FOREVER, 0);

		if (err != 0)
			lease_say(lease, LOG_LEVEL_ERROR, "anycast: %s cannot be put on %s: %s", seed->texts[i],
			    seed->names[NETADMIN_LOOPBACK], err_text(err));
	}
}

void lease_make_missing(struct lease *lease)
{
	for (enum netadmin_device device = 0; device < NETADMIN_DEVICES; device++) {
		const char *name = lease->start.seed->names[device];
		int err = lease->missing[device] ? make(lease, device) : 0;

		if (err == 0 && lease->missing[device]) {
			lease->missing[device] = false;
			lease_say(lease, LOG_LEVEL_INFO, "anycast: %s is made again", name);
			if (device == NETADMIN_LOOPBACK)
				fill_loopback(lease);
		} else if (err != 0 && err != lease->refused[device]) {
			lease_say(lease, LOG_LEVEL_ERROR, "anycast: %s cannot be made again: %s%s", name, err_text(err),
			    err == -EBUSY ? ": another interface has that name: remove it (ip link delete)" : "");
		}
		lease->refused[device] = err;
	}
}

/* What became of a device whose address went: that goes before what became of the address. */
static bool device_fell(struct lease *lease, enum netadmin_device device)
{
	struct rtnl_link link = { .up = true };
	int fd;

	if (rtnl_open(&fd) != 0)
		return false;
	int err = rtnl_link_look(fd, link_of(lease, device), &link);
	close(fd);
	if (err == -ENODEV)
		device_gone(lease, device);
	else if (err == 0 && !link.up && is_carrier(device))
		lose_device(lease, device, "set down");
	return err == -ENODEV || (is_carrier(device) && !link.up);
}

static void on_carrier_address(struct lease *lease, size_t route, const struct rtnl_address *address, bool gone)
{
	const struct seed *seed = lease->start.seed;
	enum route_level level = lease->levels[route];
	enum netadmin_device device = lease_device_of(level);
	const char *name = seed->names[device];

	if (level == ROUTE_NONE || link_of(lease, device) != address->link)
		return;
	uint64_t gap = netadmin_boottime_ns() - lease->renewed_ns[route];
	if (gone && gap > lease_ns(lease) - (uint64_t)LEASE_MARGIN_MS * LEASE_MS_NS) {
		lease_lose_to_time(lease, route, gap);
	/* An echo of our own withdrawal may come after it was announced again. */
	} else if (gone && !is_there(&seed->routes[route], address->link)) {
		if (device_fell(lease, device))
			return;
		lease->report.foreign++;
		lease_lose_one(lease, route, "%s was removed from %s by somebody else", seed->texts[route], name);
	} else if (!gone && address->valid_s == RTNL_FOREVER) {
		lease->report.foreign++;
		lease_say(lease, LOG_LEVEL_WARN, "anycast: somebody else made %s on %s permanent; the next renewal mends it",
		    seed->texts[route], name);
	}
}

static void on_loopback_address(struct lease *lease, size_t route, const struct rtnl_address *address, bool gone)
{
	const struct seed *seed = lease->start.seed;

	if (!gone || seed->loopback[route] != SEED_OURS || is_there(&seed->routes[route], address->link)
	    || device_fell(lease, NETADMIN_LOOPBACK))
		return;
	lease->report.foreign++;
	int err = netadmin_put(seed->netadmin, NETADMIN_LOOPBACK, route, RTNL_FOREVER, 0);
	lease_say(lease, LOG_LEVEL_WARN, "anycast: somebody else removed %s from the loopback interface; %s", seed->texts[route],
	    err == 0 ? "it is there again" : err_text(err));
}

static void on_address(void *ctx, const struct rtnl_address *address, bool gone)
{
	struct lease *lease = ctx;
	const struct seed *seed = lease->start.seed;
	char name[IF_NAMESIZE] = "?";

	for (size_t i = 0; i < seed->route_count; i++) {
		if (memcmp(&seed->routes[i].first, &address->prefix.first, sizeof address->prefix.first) != 0)
			continue;
		if (address->link == link_of(lease, NETADMIN_LOOPBACK)) {
			on_loopback_address(lease, i, address, gone);
		} else if (address->link == link_of(lease, NETADMIN_CARRIER)
			   || address->link == link_of(lease, NETADMIN_LOW)) {
			if (address->prefix.bits == seed->routes[i].bits)
				on_carrier_address(lease, i, address, gone);
		} else if (!gone) {
			lease->report.foreign++;
			if_indextoname((unsigned)address->link, name);
			lease_say(lease, LOG_LEVEL_WARN, "anycast: %s was added to %s by somebody else: it may stay announced whatever this"
						   " node does", seed->texts[i], name);
		}
	}
}

static void on_link(void *ctx, const struct rtnl_link *link, bool gone)
{
	struct lease *lease = ctx;

	for (enum netadmin_device device = 0; device < NETADMIN_DEVICES; device++) {
		if (link_of(lease, device) != link->link)
			continue;
		if (gone)
			device_gone(lease, device);
		else if (!link->up)
			(void)device_fell(lease, device);	/* a deletion sets it down first */
	}
}

/* The kernel had more to tell than the socket takes: look at everything that should be there. */
static void look_again(struct lease *lease)
{
	const struct seed *seed = lease->start.seed;

	for (enum netadmin_device device = 0; device < NETADMIN_DEVICES; device++) {
		if (link_of(lease, device) != 0)
			(void)device_fell(lease, device);
	}
	for (size_t i = 0; i < seed->route_count; i++) {
		if (lease->levels[i] != ROUTE_NONE && !is_there(&seed->routes[i], link_of(lease, lease_device_of(lease->levels[i]))))
			lease_lose_one(lease, i, "%s was removed by somebody else", seed->texts[i]);
	}
}

void lease_watch(struct lease *lease)
{
	if (lease->watch < 0)
		return;
	pthread_mutex_lock(&lease->lock);
	if (rtnl_watch_read(lease->watch, on_address, on_link, lease) == -ENOBUFS)
		look_again(lease);
	pthread_mutex_unlock(&lease->lock);
}
