/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a service is announced. Pure: the caller writes what it knows into machine.in, calls machine_step() with the
 * time, and brings the route to machine_level(). The table in machine.c is all there is to it; nothing here knows
 * sockets, routes or clocks. One owner; thread: its own. Times are milliseconds of a clock that never steps.
 *
 * The rules it keeps (RFC 4786, 4.4.1 and 4.4.4; a test walks at random and holds it to them):
 * - Nothing is announced while the loops do not live, whatever anybody orders.
 * - Nothing that was never ready, and no route at full preference while a check has fallen, unless by force, or for
 *   keep_up_ms from its announcement when nothing but soft checks has fallen.
 * - After a fall at least the hold-down passes before the next announcement; it doubles with each announcement that
 *   did not stand for minimum_up_ms, so a service that flaps for ever changes its route ever more rarely.
 * - Orders win over checks, and the stop file wins over orders.
 */
#ifndef SERVER_ANYCAST_MACHINE_H
#define SERVER_ANYCAST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum route_level { ROUTE_NONE, ROUTE_LOW, ROUTE_FULL };	/* LOW: announced with lower preference */

enum machine_state {
	MACHINE_DOWN,		/* a check has fallen, or none has risen yet */
	MACHINE_RISING,		/* no check is bad, but not all have risen; or the start-up wait */
	MACHINE_HOLD,		/* all good, but the hold-down is not over */
	MACHINE_STUCK,		/* it flapped too often: an operator must look */
	MACHINE_UP,		/* announced */
	MACHINE_LAST,		/* announced with lower preference though a check has fallen: the last resort */
	MACHINE_LOWERED,	/* a drain: lower preference first */
	MACHINE_EBB,		/* a drain: withdrawn, what still comes is answered */
	MACHINE_DRAINED,	/* by order */
	MACHINE_WITHDRAWN,	/* by order or stop file */
	MACHINE_FORCED,		/* announced by order, whatever the checks say */
	MACHINE_STATES,
};

enum machine_health { MACHINE_BAD, MACHINE_MIDDLING, MACHINE_GOOD };	/* a check has fallen; some not risen; all risen */
enum machine_order { MACHINE_NO_ORDER, MACHINE_DRAIN, MACHINE_WITHDRAW, MACHINE_FORCE };
/* EMPTY: nothing ever came from the master, so nobody knows what is to be answered: as WITHDRAW, but it is nobody's choice. */
enum machine_stale { MACHINE_FRESH, MACHINE_STALE_DEPREFER, MACHINE_STALE_WITHDRAW, MACHINE_EMPTY };

struct machine_settings {
	uint64_t hold_down_ms, hold_down_max_ms, minimum_up_ms, keep_up_ms, deprefer_ms, drain_ms;
	unsigned max_flaps;	/* 0: never stuck */
	bool last_resort;
	bool can_lower;		/* the carrier knows ROUTE_LOW; without, it is ROUTE_FULL, and drains withdraw at once */
};

enum { MACHINE_CAUSE_MAX = 240 };

struct machine_input {
	enum machine_health health;
	bool soft;		/* BAD, but by checks alone that look at what others answer for */
	bool ready;		/* every required zone was loaded and probed once; stays true */
	bool alive;		/* every loop gives evidence of life and the carrier holds */
	bool stop_file;
	bool ebbed;		/* nobody asks any more; forgotten with each change of state */
	enum machine_order order;
	enum machine_stale stale;
	char cause[MACHINE_CAUSE_MAX];	/* why health is not good, or alive false */
};

struct machine {
	struct machine_settings settings;
	struct machine_input in;
	enum machine_state state;
	uint64_t since;		/* in this state */
	uint64_t up_since;	/* announced without a break since; while it is */
	uint64_t start_at;	/* not announced before: start-up jitter */
	uint64_t hold_until;
	unsigned flaps;		/* doublings of the hold-down */
	bool fell;		/* it was announced and fell before */
	unsigned falls;		/* all since the start */
};

void machine_init(struct machine *machine, const struct machine_settings *settings, uint64_t now, uint64_t jitter_ms);
/* Brings the state to what the inputs say. True when it has changed. */
bool machine_step(struct machine *machine, uint64_t now);
/* An operator says that the past is past: no hold-down, no flaps. Before the step. */
void machine_forgive(struct machine *machine);
enum route_level machine_level(const struct machine *machine);
/* When time alone will change something: now or later, UINT64_MAX for never. */
uint64_t machine_due(const struct machine *machine);
/* "checks hold", "hold-down: 12 s left, 2 flaps", "check dns: ..."; returns buf. */
const char *machine_reason(const struct machine *machine, uint64_t now, char *buf, size_t size);
const char *machine_state_name(enum machine_state state);	/* "hold" */
/* As status says it: "announced", "withdrawn", "draining" or "hold-down". */
const char *machine_public_name(enum machine_state state);
const char *machine_order_name(enum machine_order order);	/* "none", "drain", ... */

#endif
