/* SPDX-License-Identifier: Apache-2.0 */
/* Other people's hands on our addresses and carriers: what the kernel tells everybody, compared with what we did. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "server/anycast/lease_inner.h"
#include "server/anycast/rtnl.h"

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
	return lease->start.seed->links[device];
}

static void on_carrier_address(struct lease *lease, size_t route, const struct rtnl_address *address, bool gone)
{
	const struct seed *seed = lease->start.seed;
	enum route_level level = lease->levels[route];
	char name[IF_NAMESIZE] = "?";

	if (level == ROUTE_NONE || link_of(lease, lease_device_of(level)) != address->link)
		return;
	if_indextoname((unsigned)address->link, name);
	uint64_t gap = netadmin_boottime_ns() - lease->renewed_ns[route];
	if (gone && gap > lease_ns(lease) - (uint64_t)LEASE_MARGIN_MS * LEASE_MS_NS) {
		lease_lose_to_time(lease, gap);
	/* An echo of our own withdrawal may come after it was announced again. */
	} else if (gone && !is_there(&seed->routes[route], address->link)) {
		lease->report.foreign++;
		lease_lose(lease, "%s was removed from %s by somebody else", seed->texts[route], name);
	} else if (!gone && address->valid_s == RTNL_FOREVER) {
		lease->report.foreign++;
		lease_say(lease, LOG_LEVEL_WARN, "anycast: somebody else made %s on %s permanent; the next renewal mends it",
		    seed->texts[route], name);
	}
}

static void on_loopback_address(struct lease *lease, size_t route, const struct rtnl_address *address, bool gone)
{
	const struct seed *seed = lease->start.seed;

	if (!gone || seed->loopback[route] != SEED_OURS || is_there(&seed->routes[route], address->link))
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

	if (link->link != link_of(lease, NETADMIN_CARRIER) && link->link != link_of(lease, NETADMIN_LOW))
		return;
	if (gone && !lease->gone) {
		lease->gone = true;
		lease->report.foreign++;
		lease_lose(lease, "the carrier %s was deleted by somebody else: only a restart of the node makes it again", link->name);
	} else if (!gone && !link->up) {
		for (size_t i = 0; i < lease->start.seed->route_count; i++) {
			if (lease->levels[i] == ROUTE_NONE || link_of(lease, lease_device_of(lease->levels[i])) != link->link)
				continue;
			lease->report.foreign++;
			lease_lose(lease, "the carrier %s was set down by somebody else", link->name);
			break;
		}
	}
}

/* The kernel had more to tell than the socket takes: look at everything that should be there. */
static void look_again(struct lease *lease)
{
	const struct seed *seed = lease->start.seed;

	for (size_t i = 0; i < seed->route_count; i++) {
		if (lease->levels[i] != ROUTE_NONE && !is_there(&seed->routes[i], link_of(lease, lease_device_of(lease->levels[i])))) {
			lease_lose(lease, "%s was removed by somebody else", seed->texts[i]);
			return;
		}
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
