/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/anycast.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/anycast/anycast_inner.h"

uint64_t anycast_now(void)
{
	return clock_monotonic_ns() / 1000000;
}

/* ---- What is known goes into the machine ---- */

/* Of the checks: the worst of them, and its words. One of ours is worse than one of others. */
static void gather_checks(const struct anycast_service *service, struct machine_input *in)
{
	bool ready = true;

	in->health = MACHINE_GOOD;
	in->soft = false;
	in->cause[0] = '\0';
	for (size_t i = 0; i < service->conf->check_count; i++) {
		const struct check *check = &service->checks[i];
		bool down = check->state == CHECK_DOWN, fresh = check->state == CHECK_NEW, soft = down && check_is_soft(check->conf->kind);

		ready = ready && check->ready;
		if ((down && (in->health != MACHINE_BAD || (in->soft && !soft))) || (fresh && in->health == MACHINE_GOOD)) {
			in->health = down ? MACHINE_BAD : MACHINE_MIDDLING;
			in->soft = soft;
			snprintf(in->cause, sizeof in->cause, "check %.60s: %.170s", check->conf->text,
				 down || !check->last_good ? check->words : "good so far");
		}
	}
	in->ready = in->ready || (ready && in->health == MACHINE_GOOD);
}

static void gather(struct anycast_service *service)
{
	const struct anycast *anycast = service->anycast;
	struct machine_input *in = &service->machine.in;

	gather_checks(service, in);
	in->alive = anycast->alive && service->trouble[0] == '\0';
	if (!in->alive)
		snprintf(in->cause, sizeof in->cause, "%s", anycast->alive ? service->trouble : anycast->why);
	in->stop_file = anycast->stop_file;
	in->stale = anycast->stale;
	in->order = service->order;
	if (anycast->leaving && in->order != MACHINE_WITHDRAW)
		in->order = MACHINE_DRAIN;
}

/* ---- What the machine says goes to the carrier ---- */

static void cover(struct anycast *anycast)
{
	for (size_t i = 0; i < anycast->conf->covering_count; i++) {
		struct anycast_covering *covering = &anycast->covering[i];
		enum route_level level = covering->conf->all ? ROUTE_FULL : ROUTE_NONE;

		for (size_t j = 0; j < covering->conf->service_count; j++) {
			enum route_level one = anycast->services[covering->conf->services[j]].level;

			if (covering->conf->all ? one < level : one > level)
				level = one;
		}
		if (covering->trouble[0] != '\0')
			level = ROUTE_NONE;
		if (level == covering->level)
			continue;
		covering->level = level;
		covering->settled = false;
		covering->changes++;
		carrier_set(anycast->carrier, anycast->conf->service_count + i, level);
	}
}

static void tell_state(struct anycast_service *service, enum machine_state before)
{
	const struct machine *machine = &service->machine;
	char reason[MACHINE_CAUSE_MAX + 64];
	bool lost = machine_level(machine) == ROUTE_NONE && service->level != ROUTE_NONE && service->machine.in.order == MACHINE_NO_ORDER;

	service->since = clock_wall_s();
	machine_reason(machine, anycast_now(), reason, sizeof reason);
	/* Counting good checks is not worth an event: a service that flaps would fill the list with it. */
	if (machine->state == MACHINE_RISING || (machine->state == MACHINE_DOWN && before == MACHINE_RISING))
		log_debug("service %s: %s: %s", service->conf->name, machine_state_name(machine->state), reason);
	else
		events_add(service->anycast->node->events, lost ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "service",
			   "service %s: %s (%s): %s", service->conf->name, machine_public_name(machine->state),
			   machine_state_name(machine->state), reason);
}

static void on_due(uv_timer_t *timer)
{
	anycast_advance_all(timer->data);
}

/* When time alone will move one of the machines. */
static void arm(struct anycast *anycast)
{
	uint64_t now = anycast_now(), next = UINT64_MAX;

	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		uint64_t due = machine_due(&anycast->services[i].machine);

		next = due < next ? due : next;
	}
	if (next == UINT64_MAX)
		uv_timer_stop(&anycast->due);
	else
		uv_timer_start(&anycast->due, on_due, next > now ? next - now : 1, 0);
}

void anycast_advance(struct anycast_service *service)
{
	struct anycast *anycast = service->anycast;
	enum machine_state before = service->machine.state;

	if (anycast->closed)
		return;
	gather(service);
	if (machine_step(&service->machine, anycast_now())) {
		tell_state(service, before);
		anycast_mark_draining(anycast);
		if (service->machine.state == MACHINE_DRAINED)
			anycast_dismiss(service);
	}
	enum route_level level = machine_level(&service->machine);
	if (level != service->level) {
		service->level = level;
		service->settled = false;
		service->changes++;
		carrier_set(anycast->carrier, (size_t)(service - anycast->services), level);
	}
	cover(anycast);
	arm(anycast);
}

void anycast_advance_all(struct anycast *anycast)
{
	for (size_t i = 0; i < anycast->conf->service_count; i++)
		anycast_advance(&anycast->services[i]);
	anycast_tell_waiters(anycast);
}

/* ---- What happens ---- */

static void on_check(void *ctx, struct check *check)
{
	struct anycast_service *service = ctx;
	struct anycast *anycast = service->anycast;
	bool just_now = check->row == (check->last_good ? service->conf->rise : service->conf->fall);

	if (check->state != CHECK_NEW && just_now && (check->state == CHECK_UP) == check->last_good)
		events_add(anycast->node->events, check->state == CHECK_UP ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "check",
			   "service %s: check %s: %s: %s", service->conf->name, check->conf->text,
			   check_state_name(check->state), check->words);
	anycast_advance(service);
	anycast_tell_waiters(anycast);
}

/* What went wrong with a group: it has to come down and rise anew. */
static void trouble(struct anycast *anycast, size_t group, const char *why, uint64_t retry_ms)
{
	size_t services = anycast->conf->service_count;
	struct anycast_service *service = group < services ? &anycast->services[group] : NULL;
	struct anycast_covering *covering = service == NULL ? &anycast->covering[group - services] : NULL;
	char *text = service != NULL ? service->trouble : covering->trouble;

	if (strcmp(text, why) != 0)
		events_add(anycast->node->events, LOG_LEVEL_ERROR, "service", "%s %s: %s", service ? "service" : "covering prefix",
			   anycast->seed->groups[group].name, why);
	snprintf(text, MACHINE_CAUSE_MAX, "%s", why);
	*(service != NULL ? &service->retry_at : &covering->retry_at) = anycast_now() + retry_ms;
	if (service != NULL)
		anycast_advance(service);
	else
		cover(anycast);
}

/* Whether it went wrong is kept, so that it is tried again. */
static void on_done(void *ctx, size_t group, const char *why)
{
	struct anycast *anycast = ctx;
	size_t services = anycast->conf->service_count;

	bool *settled = group < services ? &anycast->services[group].settled : &anycast->covering[group - services].settled;
	enum route_level level = group < services ? anycast->services[group].level : anycast->covering[group - services].level;

	/* The state was told when it was decided; with these the route comes later. */
	if (!*settled && why == NULL && anycast->conf->backend != CONF_BACKEND_DEVICE && anycast->conf->backend != CONF_BACKEND_NONE)
		events_add(anycast->node->events, LOG_LEVEL_INFO, "service", "%s %s: carried out: %s",
			   group < services ? "service" : "covering prefix", anycast->seed->groups[group].name, anycast_route(level, true));
	*settled = true;
	if (why != NULL)
		trouble(anycast, group, why, ANYCAST_RETRY_MS);
	anycast_tell_waiters(anycast);
}

static void on_lost(void *ctx, size_t group, const char *why)
{
	trouble(ctx, group, why, ANYCAST_LOST_MS);
	anycast_tell_waiters(ctx);
}

static void on_alive(void *ctx, bool alive, const char *why)
{
	struct anycast *anycast = ctx;

	anycast->alive = alive;
	snprintf(anycast->why, sizeof anycast->why, "%s", why);
	if (alive)
		events_add(anycast->node->events, LOG_LEVEL_INFO, "lease", "anycast: all loops give evidence of life again");
	else
		events_add(anycast->node->events, LOG_LEVEL_ERROR, "lease", "anycast: everything is withdrawn: %s", why);
	anycast_advance_all(anycast);
}

static void on_say(void *ctx, enum log_level level, const char *text)
{
	struct anycast *anycast = ctx;

	events_add(anycast->node->events, level, "lease", "%s", text);
}

/* Tries again what went wrong: what was to be announced by letting the machine rise anew, a withdrawal by asking for it. */
static bool retry(struct anycast *anycast, size_t group, enum route_level level, char *trouble, uint64_t *retry_at)
{
	if (*retry_at == 0 || anycast_now() < *retry_at)
		return false;
	*retry_at = 0;
	trouble[0] = '\0';
	if (level == ROUTE_NONE)
		carrier_set(anycast->carrier, group, level);
	return true;
}

bool anycast_look_stop_file(struct anycast *anycast)
{
	bool stop_file = access(anycast->conf->stop_file, F_OK) == 0, changed = stop_file != anycast->stop_file;

	if (changed)
		events_add(anycast->node->events, LOG_LEVEL_WARN, "service", "anycast: the stop file %s %s", anycast->conf->stop_file,
			   stop_file ? "exists: everything is withdrawn" : "is gone");
	anycast->stop_file = stop_file;
	return changed;
}

static void on_look(uv_timer_t *timer)
{
	struct anycast *anycast = timer->data;
	size_t services = anycast->conf->service_count;
	bool changed = anycast_look_stop_file(anycast);

	anycast_measure_ebb(anycast);
	for (size_t i = 0; i < services; i++) {
		struct anycast_service *service = &anycast->services[i];

		changed = retry(anycast, i, service->level, service->trouble, &service->retry_at) || changed;
	}
	for (size_t i = 0; i < anycast->conf->covering_count; i++) {
		struct anycast_covering *covering = &anycast->covering[i];

		changed = retry(anycast, services + i, covering->level, covering->trouble, &covering->retry_at) || changed;
	}
	if (changed || anycast->ebb_at != 0 || anycast->leaving)
		anycast_advance_all(anycast);
}

void anycast_set_stale(struct anycast *anycast, enum machine_stale stale)
{
	if (stale == anycast->stale)
		return;
	anycast->stale = stale;
	anycast_advance_all(anycast);
}

/* ---- Life ---- */

static bool serves_http(const struct conf *conf, const struct conf_service *service)
{
	uint16_t port;

	for (size_t i = 0; i < service->address_count; i++) {
		if (conf_listens(&conf->redirect.listen, &service->addresses[i], &port)
		    || conf_listens(&conf->redirect.tls.listen, &service->addresses[i], &port))
			return true;
	}
	return false;
}

/* A hook withdraws first, and until it has, nobody knows. */
static bool knows_start(const struct conf_anycast *conf)
{
	return conf->backend != CONF_BACKEND_EXEC;
}

static void start_service(struct anycast *anycast, size_t i, const struct order *order)
{
	const struct conf_service *conf = &anycast->conf->services[i];
	struct anycast_service *service = &anycast->services[i];
	const struct machine_settings settings = {
		.hold_down_ms = conf->hold_down_ms, .hold_down_max_ms = conf->hold_down_max_ms,
		.minimum_up_ms = conf->minimum_up_ms, .keep_up_ms = conf->keep_up_ms, .deprefer_ms = conf->deprefer_ms, .drain_ms = conf->drain_ms,
		.max_flaps = conf->max_flaps, .last_resort = conf->last_resort,
		.can_lower = carrier_can_lower(anycast->conf),
	};
	uint64_t jitter = conf->start_jitter_ms > 0 ? uv_hrtime() / 1000 % conf->start_jitter_ms : 0;

	*service = (struct anycast_service){
		.anycast = anycast, .conf = conf, .order = order->order, .ordered_at = order->at, .since = clock_wall_s(),
		.settled = knows_start(anycast->conf), .serves_http = serves_http(anycast->node->boot, conf),
		.checks = mem_array(conf->check_count, sizeof *service->checks),
	};
	machine_init(&service->machine, &settings, anycast_now(), jitter);
	for (size_t j = 0; j < conf->check_count; j++)
		check_start(&service->checks[j], anycast->node, conf, &conf->checks[j], on_check, service);
	if (order->order != MACHINE_NO_ORDER)
		events_add(anycast->node->events, LOG_LEVEL_WARN, "service", "service %s: the order %s from before the start stands",
			   conf->name, machine_order_name(order->order));
}

static void start_services(struct anycast *anycast)
{
	size_t count = anycast->conf->service_count;
	struct order *orders = mem_array(count, sizeof *orders);
	struct err_note note;

	for (size_t i = 0; i < count; i++)
		orders[i].service = anycast->conf->services[i].name;
	if (orders_read(anycast->node->boot->state_dir, orders, count, &note) != 0)
		events_add(anycast->node->events, LOG_LEVEL_ERROR, "service", "anycast: %s: %s", note.file, note.text);
	anycast->services = mem_array(count, sizeof *anycast->services);
	for (size_t i = 0; i < count; i++)
		start_service(anycast, i, &orders[i]);
	mem_free(orders);
}

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("anycast: %s", text);
}

struct anycast *anycast_start(struct node *node, struct seed *seed)
{
	struct anycast *anycast = mem_alloc(sizeof *anycast);
	const struct carrier_start start = {
		.loop = node->loop, .conf = &node->boot->anycast, .state_dir = node->boot->state_dir, .seed = seed,
		.workers = node->workers, .worker_count = node->worker_count,
		.done = on_done, .lost = on_lost, .alive = on_alive, .say = on_say, .ctx = anycast,
	};

	anycast->node = node;
	anycast->conf = &node->boot->anycast;
	anycast->seed = seed;
	anycast->alive = true;
	anycast->stop_file = access(anycast->conf->stop_file, F_OK) == 0;
	/* Until sync has said more: checks may be good before that. */
	anycast->stale = node->sync != NULL && node->dataset->content == NULL ? MACHINE_EMPTY : MACHINE_FRESH;
	anycast->covering = mem_array(anycast->conf->covering_count, sizeof *anycast->covering);
	for (size_t i = 0; i < anycast->conf->covering_count; i++)
		anycast->covering[i] = (struct anycast_covering){ .conf = &anycast->conf->covering[i], .settled = knows_start(anycast->conf) };
	uv_timer_init(node->loop, &anycast->due);
	uv_timer_init(node->loop, &anycast->look);
	anycast->due.data = anycast->look.data = anycast;
	conf_anycast_warn(node->boot, warn, NULL);
	start_services(anycast);
	anycast->carrier = carrier_new(&start);
	uv_timer_start(&anycast->look, on_look, ANYCAST_LOOK_MS, ANYCAST_LOOK_MS);
	anycast_advance_all(anycast);
	return anycast;
}

void anycast_close(struct anycast *anycast)
{
	if (anycast->closed)
		return;
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		struct anycast_service *service = &anycast->services[i];

		if (service->level != ROUTE_NONE)
			carrier_set(anycast->carrier, i, ROUTE_NONE);
		service->level = ROUTE_NONE;
		for (size_t j = 0; j < service->conf->check_count; j++)
			check_close(&service->checks[j]);
	}
	cover(anycast);
	anycast->closed = true;
	carrier_close(anycast->carrier);
	uv_close((uv_handle_t *)&anycast->due, NULL);
	uv_close((uv_handle_t *)&anycast->look, NULL);
	anycast_tell_waiters(anycast);
}

bool anycast_left(const struct anycast *anycast)
{
	return carrier_left(anycast->carrier);
}

void anycast_free(struct anycast *anycast)
{
	if (anycast == NULL)
		return;
	carrier_free(anycast->carrier);
	for (size_t i = 0; i < anycast->conf->service_count; i++)
		mem_free(anycast->services[i].checks);
	mem_free(anycast->services);
	mem_free(anycast->covering);
	seed_free(anycast->seed);
	mem_free(anycast);
}
