/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end exec of carrier.h: HOOK announce|deprefer|withdraw GROUP ROUTE... for each change, one at a time for each
 * group; a change that comes while one runs is carried out behind it, and only the newest. At the start each group is
 * withdrawn once, for an earlier life may have left it announced. When the node stops, an announcement under way is cut
 * short, and the hook that withdraws has its whole time. Nothing withdraws when we die: a supervisor must.
 */
#include <stdio.h>

#include "conf/base/mem.h"
#include "server/anycast/carrier.h"
#include "server/anycast/spawn.h"

enum { ARGS_MAX = 320, VARIABLE_MAX = 200 };

struct hook {
	struct carrier *carrier;
	struct spawn *spawn;	/* running, or NULL */
	enum route_level running;
};

struct carrier_state {
	struct hook *hooks;	/* of each group */
};

static void run(struct carrier *carrier, size_t group);

static void on_done(void *ctx, bool ok, const char *words)
{
	struct hook *hook = ctx;
	struct carrier *carrier = hook->carrier;
	size_t group = (size_t)(hook - carrier->state->hooks);

	hook->spawn = NULL;
	if (hook->running != carrier->levels[group])
		run(carrier, group);
	else if (ok)
		carrier_done(carrier, group, NULL);
	else
		carrier_done(carrier, group, "hook %s %s: %s", carrier_level_name(hook->running),
			     carrier->start.seed->groups[group].name, words);
}

static void run(struct carrier *carrier, size_t group)
{
	struct hook *hook = &carrier->state->hooks[group];
	const struct seed *seed = carrier->start.seed;
	const struct seed_group *routes = &seed->groups[group];
	const char *args[ARGS_MAX] = { carrier->start.conf->hook, carrier_level_name(carrier->levels[group]), routes->name };
	char action[VARIABLE_MAX], name[VARIABLE_MAX], scope[VARIABLE_MAX];
	const char *env[] = { action, name, scope, NULL };

	for (size_t i = 0; i < routes->count && i + 4 < ARGS_MAX; i++)
		args[3 + i] = seed->texts[routes->first + i];
	snprintf(action, sizeof action, "CATCHMENT_ACTION=%s", args[1]);
	snprintf(name, sizeof name, "CATCHMENT_SERVICE=%s", routes->name);
	snprintf(scope, sizeof scope, "CATCHMENT_SCOPE=%s", routes->local ? "local" : "global");
	hook->running = carrier->levels[group];
	hook->spawn = spawn_start(carrier->start.loop, args, env, carrier->start.conf->hook_timeout_ms, on_done, hook);
}

static void exec_set(struct carrier *carrier, size_t group)
{
	struct hook *hook = &carrier->state->hooks[group];

	if (hook->spawn != NULL && carrier->closed && hook->running != carrier->levels[group]) {
		spawn_abandon(hook->spawn);
		hook->spawn = NULL;
	}
	if (hook->spawn == NULL)
		run(carrier, group);
}

static struct carrier_state *exec_open(struct carrier *carrier)
{
	struct carrier_state *state = mem_alloc(sizeof *state);
	size_t count = carrier->start.seed->group_count;

	state->hooks = mem_array(count, sizeof *state->hooks);
	carrier->state = state;
	for (size_t i = 0; i < count; i++) {
		state->hooks[i].carrier = carrier;
		run(carrier, i);
	}
	return state;
}

static void exec_free(struct carrier *carrier)
{
	mem_free(carrier->state->hooks);
	mem_free(carrier->state);
}

const struct carrier_backend carrier_exec = {
	.open = exec_open, .set = exec_set, .free = exec_free,
};
