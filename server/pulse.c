/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pulse.h"

#include <uv.h>

#include "conf/base/mem.h"
#include "server/node.h"
#include "server/worker.h"

enum { LOOK_EVERY_MS = 5 };

struct pulse {
	uv_timer_t timer;
	struct node *node;
	pulse_fn *done;
	void *ctx;
	uint64_t until;		/* ms, of the loop's clock */
	unsigned standing;
	bool *turned;
	uint64_t *turns;	/* of each worker, before it was woken */
};

static void closed(uv_handle_t *timer)
{
	struct pulse *pulse = timer->data;

	pulse->done(pulse->ctx, pulse->turned, pulse->standing);
	mem_free(pulse->turned);
	mem_free(pulse->turns);
	mem_free(pulse);
}

/* One that was asked to stop cannot be woken any more, and ends within its grace. */
static bool has_turned(const struct worker *worker, uint64_t turns)
{
	return atomic_load(&worker->turns) != turns || atomic_load(&worker->stop_asked);
}

static void look(uv_timer_t *timer)
{
	struct pulse *pulse = timer->data;
	const struct node *node = pulse->node;

	pulse->standing = 0;
	for (unsigned i = 0; i < node->worker_count; i++) {
		pulse->turned[i] = pulse->turned[i] || has_turned(&node->workers[i], pulse->turns[i]);
		pulse->standing += !pulse->turned[i];
	}
	if (pulse->standing == 0 || uv_now(timer->loop) >= pulse->until)
		uv_close((uv_handle_t *)timer, closed);
}

void pulse_ask(struct node *node, uint64_t limit_ms, pulse_fn *done, void *ctx)
{
	struct pulse *pulse = mem_alloc(sizeof *pulse);

	pulse->node = node;
	pulse->until = uv_now(node->loop) + limit_ms;
	pulse->done = done;
	pulse->ctx = ctx;
	pulse->turned = mem_array(node->worker_count, sizeof *pulse->turned);
	pulse->turns = mem_array(node->worker_count, sizeof *pulse->turns);
	for (unsigned i = 0; i < node->worker_count; i++)
		pulse->turns[i] = atomic_load(&node->workers[i].turns);
	node_poke(node);
	uv_timer_init(node->loop, &pulse->timer);
	pulse->timer.data = pulse;
	uv_timer_start(&pulse->timer, look, 0, LOOK_EVERY_MS);
}
