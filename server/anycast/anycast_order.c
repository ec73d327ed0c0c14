/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of operators, and who waits until they are carried out. */
#include <stdio.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/anycast/anycast_inner.h"

/* In the thread pool: a disk that hangs must not keep main from giving evidence of life. Names and folder are the
 * configuration's, which outlives the node's loop. */
struct anycast_keep {
	uv_work_t work;
	struct anycast *anycast;
	struct order *orders;
	size_t count;
	int err;
};

static void keep(struct anycast *anycast);

static void write_orders(uv_work_t *work)
{
	struct anycast_keep *kept = work->data;

	kept->err = orders_write(kept->anycast->node->boot->state_dir, kept->orders, kept->count);
}

static void on_kept(uv_work_t *work, int status)
{
	struct anycast_keep *kept = work->data;
	struct anycast *anycast = kept->anycast;

	(void)status;	/* nobody cancels it */
	anycast->keep = NULL;
	if (kept->err != 0)
		events_add(anycast->node->events, LOG_LEVEL_ERROR, "service",
			   "anycast: orders could not be kept for the next start: %s: %s", anycast->node->boot->state_dir,
			   err_text(kept->err));
	mem_free(kept->orders);
	mem_free(kept);
	if (anycast->keep_again)
		keep(anycast);
	anycast_tell_waiters(anycast);
}

/* One at a time, and the newest last. */
static void keep(struct anycast *anycast)
{
	struct anycast_keep *kept;

	anycast->keep_again = anycast->keep != NULL;
	if (anycast->keep_again)
		return;
	kept = mem_alloc(sizeof *kept);
	kept->work.data = kept;
	kept->anycast = anycast;
	kept->count = anycast->conf->service_count;
	kept->orders = mem_array(kept->count, sizeof *kept->orders);
	for (size_t i = 0; i < kept->count; i++) {
		const struct anycast_service *service = &anycast->services[i];

		kept->orders[i] = (struct order){ service->conf->name, service->order, service->ordered_at };
	}
	anycast->keep = kept;
	uv_queue_work(anycast->node->loop, &kept->work, write_orders, on_kept);
}

void anycast_order(struct anycast *anycast, struct anycast_service *service, enum machine_order order)
{
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		struct anycast_service *one = &anycast->services[i];

		if (service != NULL && service != one)
			continue;
		one->order = order;
		one->ordered_at = clock_wall_s();
		/* Who takes an order back has looked. */
		if (order == MACHINE_NO_ORDER)
			machine_forgive(&one->machine);
	}
	anycast_look_stop_file(anycast);
	keep(anycast);
	anycast_advance_all(anycast);
}

/* Whether the order is carried out (*ret_why NULL) or cannot be now; false: it is under way. */
static bool has_ended(const struct anycast_service *service, enum machine_order order, char *buf, size_t size,
		      const char **ret_why)
{
	enum machine_state state = service->machine.state;
	bool out = state == MACHINE_DRAINED || state == MACHINE_WITHDRAWN;
	bool in = state == MACHINE_UP || state == MACHINE_LAST || state == MACHINE_FORCED;
	char reason[MACHINE_CAUSE_MAX + 64];

	*ret_why = NULL;
	if (!service->settled || state == MACHINE_LOWERED || state == MACHINE_EBB)
		return false;
	if (order == MACHINE_DRAIN || order == MACHINE_WITHDRAW) {
		if (out && service->trouble[0] == '\0')
			return true;
		snprintf(buf, size, "service %s: %s", service->conf->name,
			 out ? service->trouble : anycast_reason(service, reason, sizeof reason));
		*ret_why = buf;
		return true;
	}
	if (in)
		return true;
	if (state == MACHINE_RISING && order == MACHINE_NO_ORDER)
		return false;
	snprintf(buf, size, "service %s: not announced: %s", service->conf->name,
		 anycast_reason(service, reason, sizeof reason));
	*ret_why = buf;
	return true;
}

/* The first reason of all; buf is for it. */
static bool all_ended(const struct anycast *anycast, const struct anycast_waiter *waiter, char *buf, size_t size,
		      const char **ret_why)
{
	*ret_why = NULL;
	if (anycast->keep != NULL)
		return false;
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		const struct anycast_service *service = &anycast->services[i];
		char one[MACHINE_CAUSE_MAX + 200];
		const char *why;

		if (waiter->service != NULL && waiter->service != service)
			continue;
		/* Somebody else has ordered otherwise meanwhile. */
		if (service->order != waiter->order && !anycast->leaving) {
			snprintf(one, sizeof one, "service %s: overtaken by the order %s", service->conf->name,
				 machine_order_name(service->order));
			why = one;
		} else if (!has_ended(service, waiter->order, one, sizeof one, &why)) {
			return false;
		}
		if (why != NULL && *ret_why == NULL) {
			snprintf(buf, size, "%s", why);
			*ret_why = buf;
		}
	}
	for (size_t i = 0; i < anycast->conf->covering_count; i++) {
		if (!anycast->covering[i].settled)
			return false;
	}
	return true;
}

static bool has_left(const struct anycast *anycast)
{
	struct anycast_waiter all = { .order = MACHINE_DRAIN };
	char buf[MACHINE_CAUSE_MAX + 200];
	const char *why;

	return all_ended(anycast, &all, buf, sizeof buf, &why) || anycast_now() >= anycast->leave_by;
}

void anycast_tell_waiters(struct anycast *anycast)
{
	for (struct anycast_waiter **at = &anycast->waiters; *at != NULL;) {
		struct anycast_waiter *waiter = *at;
		char buf[MACHINE_CAUSE_MAX + 200];
		const char *why = "the node stops";

		if (!anycast->closed && !all_ended(anycast, waiter, buf, sizeof buf, &why)) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		waiter->done(waiter->ctx, why);
		at = &anycast->waiters;		/* the list may be another one now */
	}
	if (anycast->left != NULL && has_left(anycast)) {
		void (*left)(void *ctx) = anycast->left;

		anycast->left = NULL;
		left(anycast->left_ctx);
	}
}

void anycast_wait(struct anycast *anycast, struct anycast_waiter *waiter)
{
	waiter->next = anycast->waiters;
	anycast->waiters = waiter;
	anycast_tell_waiters(anycast);
}

void anycast_unwait(struct anycast *anycast, struct anycast_waiter *waiter)
{
	struct anycast_waiter **at = &anycast->waiters;

	while (*at != NULL && *at != waiter)
		at = &(*at)->next;
	if (*at != NULL)
		*at = waiter->next;
}

void anycast_leave(struct anycast *anycast, void (*left)(void *ctx), void *ctx)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		const struct conf_service *conf = anycast->services[i].conf;

		if (conf->deprefer_ms + conf->drain_ms > longest)
			longest = conf->deprefer_ms + conf->drain_ms;
	}
	if (anycast->conf->backend == CONF_BACKEND_EXEC)
		longest += anycast->conf->hook_timeout_ms;
	anycast->leaving = true;
	anycast->leave_by = anycast_now() + longest + ANYCAST_LEAVE_MS;
	anycast->left = left;
	anycast->left_ctx = ctx;
	anycast_advance_all(anycast);
}
