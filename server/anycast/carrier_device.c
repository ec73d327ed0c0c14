/* SPDX-License-Identifier: Apache-2.0 */
/* The back-end device of carrier.h: what server/anycast/lease.h does, for whole groups. */
#include <errno.h>

#include "conf/base/mem.h"
#include "server/anycast/carrier.h"

struct carrier_state {
	struct lease *lease;
};

static struct carrier_state *device_open(struct carrier *carrier)
{
	struct carrier_state *state = mem_alloc(sizeof *state);
	const struct lease_start start = {
		.loop = carrier->start.loop, .seed = carrier->start.seed, .workers = carrier->start.workers,
		.worker_count = carrier->start.worker_count, .lease_ms = carrier->start.conf->lease_ms,
		.lost = carrier->start.lost, .alive = carrier->start.alive, .say = carrier->start.say, .ctx = carrier->start.ctx,
	};

	state->lease = lease_new(&start);
	return state;
}

/* A group that cannot be announced whole is not announced at all: half a service (one family) is another service. */
static void device_set(struct carrier *carrier, size_t group)
{
	const struct seed *seed = carrier->start.seed;
	const struct seed_group *routes = &seed->groups[group];
	enum route_level level = carrier->levels[group];
	size_t failed = 0;
	int err = 0;

	for (size_t i = 0; i < routes->count; i++) {
		int one = lease_set(carrier->state->lease, routes->first + i, level);

		if (one != 0 && err == 0) {
			err = one;
			failed = routes->first + i;
			if (level != ROUTE_NONE)
				break;
		}
	}
	if (err == 0) {
		carrier_done(carrier, group, NULL);
		return;
	}
	for (size_t i = 0; i < routes->count && level != ROUTE_NONE; i++)
		(void)lease_set(carrier->state->lease, routes->first + i, ROUTE_NONE);
	carrier_done(carrier, group, "%s: %s could not be %s: %s", carrier->start.conf->carrier, seed->texts[failed],
		     level == ROUTE_NONE ? "removed, its lease will end" : "added",
		     err == -EPIPE ? "the helper that changes addresses is gone" : err_text(err));
}

static void device_close(struct carrier *carrier)
{
	lease_close(carrier->state->lease);
}

static void device_free(struct carrier *carrier)
{
	lease_free(carrier->state->lease);
	mem_free(carrier->state);
}

const struct carrier_backend carrier_device = {
	.open = device_open, .set = device_set, .close = device_close, .free = device_free,
};

bool carrier_lease(struct carrier *carrier, struct lease_report *ret)
{
	if (carrier->backend != &carrier_device)
		return false;
	lease_report(carrier->state->lease, ret);
	return true;
}
