/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/carrier.h"

#include <stdarg.h>
#include <stdio.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"

static void none_set(struct carrier *carrier, size_t group)
{
	carrier_done(carrier, group, NULL);
}

static const struct carrier_backend carrier_none = { .set = none_set };

static const struct carrier_backend *const backends[] = {
	[CONF_BACKEND_DEVICE] = &carrier_device, [CONF_BACKEND_NONE] = &carrier_none, [CONF_BACKEND_EXEC] = &carrier_exec,
	[CONF_BACKEND_EXABGP] = &carrier_exabgp, [CONF_BACKEND_BIRD] = &carrier_bird,
};

struct carrier *carrier_new(const struct carrier_start *start)
{
	struct carrier *carrier = mem_alloc(sizeof *carrier);

	carrier->start = *start;
	carrier->backend = backends[start->conf->backend];
	carrier->levels = mem_array(start->seed->group_count, sizeof *carrier->levels);
	carrier->withdrawn = mem_array(start->seed->group_count, sizeof *carrier->withdrawn);
	if (carrier->backend->open != NULL)
		carrier->state = carrier->backend->open(carrier);
	return carrier;
}

void carrier_set(struct carrier *carrier, size_t group, enum route_level level)
{
	carrier->levels[group] = level;
	carrier->withdrawn[group] = false;
	carrier->backend->set(carrier, group);
}

bool carrier_can_lower(const struct conf_anycast *conf)
{
	return conf->backend != CONF_BACKEND_DEVICE || conf->low_carrier != NULL;
}

void carrier_close(struct carrier *carrier)
{
	carrier->closed = true;
	for (size_t i = 0; i < carrier->start.seed->group_count; i++) {
		if (!carrier->withdrawn[i])
			carrier_set(carrier, i, ROUTE_NONE);
	}
	if (carrier->backend->close != NULL)
		carrier->backend->close(carrier);
}

void carrier_free(struct carrier *carrier)
{
	if (carrier == NULL)
		return;
	if (carrier->backend->free != NULL)
		carrier->backend->free(carrier);
	mem_free(carrier->levels);
	mem_free(carrier->withdrawn);
	mem_free(carrier);
}

void carrier_done(struct carrier *carrier, size_t group, const char *format, ...)
{
	char why[MACHINE_CAUSE_MAX];
	va_list args;

	if (format != NULL) {
		va_start(args, format);
		vsnprintf(why, sizeof why, format, args);
		va_end(args);
	}
	carrier->withdrawn[group] = format == NULL && carrier->levels[group] == ROUTE_NONE;
	/* A carrier device takes its addresses with it, whatever went wrong with them. */
	if (carrier->closed && format != NULL && carrier->backend != &carrier_device) {
		carrier->left = true;
		log_error("anycast: %s: %s: the node ends and the route may stay announced: withdraw it by hand",
			  carrier->start.seed->groups[group].name, why);
	}
	if (carrier->closed)
		return;
	carrier->start.done(carrier->start.ctx, group, format != NULL ? why : NULL);
}

bool carrier_left(const struct carrier *carrier)
{
	return carrier->left;
}

const char *carrier_level_name(enum route_level level)
{
	return level == ROUTE_FULL ? "announce" : level == ROUTE_LOW ? "deprefer" : "withdraw";
}
